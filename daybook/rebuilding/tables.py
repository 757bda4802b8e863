"""The second set of a projection's tables: made beside those that serve, as their owner, and dropped again."""

from collections.abc import Sequence
from pathlib import Path

import asyncpg

from events.log.connect import APP_ROLE
from events.log.statements import load_statements
from events.log.tenants import all_tenants
from projections.beside import Place
from projections.checkpoints import SQL as CHECKPOINTS
from projections.projection import OfStreams, Projection

SQL = load_statements(Path(__file__).parent / "sql")

SERVING = "public"
RANGE = 20_000
"""Positions in a range. What its streams have that matters must fit into memory."""


async def begin(owner: asyncpg.Connection, place: Place, projection: Projection) -> None:
    """Make empty tables in place of what an earlier rebuild left, and plan the work; all of it or nothing.

    A projection that is made of whole streams gets its indexes when the rows are there; of others the statements may
    need them before.
    """
    tables = list(projection.tables)
    of_streams = isinstance(projection, OfStreams)
    async with owner.transaction():
        await _run(owner, SQL.make_schema, place.schema, APP_ROLE)
        await _run(owner, SQL.copy_tables, SERVING, place.schema, tables)
        if not of_streams:
            await _run(owner, SQL.copy_indexes, SERVING, place.schema, tables)
        await owner.execute("SELECT set_config('search_path', $1, true)", f"{place.schema}, {SERVING}")
        for tenant in await all_tenants(owner):
            await owner.execute(SQL.delete_progress, tenant, place.checkpoint)
            await owner.execute(CHECKPOINTS.add_checkpoint, tenant, place.checkpoint, projection.version)
            if of_streams:
                head = await owner.fetchval("SELECT position FROM log_heads WHERE tenant_id = $1", tenant)
                await owner.execute(SQL.plan_ranges, tenant, head or 0, RANGE)


async def finish_tables(owner: asyncpg.Connection, place: Place, projection: Projection) -> None:
    """Make the indexes that are still missing, and have the planner know the tables."""
    await owner.execute("SET maintenance_work_mem = '256MB'")
    await _run(owner, SQL.copy_indexes, SERVING, place.schema, list(projection.tables))
    for table in projection.tables:
        await owner.execute(f'ANALYZE "{place.schema}"."{table}"')


async def exchange(owner: asyncpg.Connection, coming: Place, tables: Sequence[str]) -> None:
    """In the owner's transaction: these tables serve, and those that served are kept."""
    kept = Place(coming.projection, "previous")
    await _run(owner, SQL.exchange_tables, coming.schema, SERVING, kept.schema, list(tables), APP_ROLE)


async def shut(owner: asyncpg.Connection, tables: Sequence[str]) -> None:
    """In the owner's transaction: nobody else reads or writes the tables that serve, until it ends."""
    await _run(owner, SQL.lock_tables, SERVING, list(tables))


async def drop(owner: asyncpg.Connection, place: Place) -> None:
    """Drop these tables, and what is known of them; all of it or nothing."""
    async with owner.transaction():
        await _run(owner, SQL.drop_schema, place.schema)
        for tenant in await all_tenants(owner):
            await owner.execute(SQL.delete_progress, tenant, place.checkpoint)


async def exist(db: asyncpg.Connection | asyncpg.Pool, place: Place) -> bool:
    """Whether there are such tables."""
    return bool(await db.fetchval(SQL.schema_exists, place.schema))


async def _run(owner: asyncpg.Connection, makes_statements: str, *arguments: object) -> None:
    """Run the statements that another one makes of the catalogue."""
    for (statement,) in await owner.fetch(makes_statements, *arguments):
        await owner.execute(statement)

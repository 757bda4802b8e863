"""`daybook replay`: the read models made again in an empty database, from an export alone, and compared.

    hashes ──► load ──► projections to where the digests were taken ──► digests ──► to the end ──► the checks of verify

What leaves the service when the log is posted (mails, hints, payments) is not run. Keys are in no export, so what is
personal shows as it does of a forgotten person.
"""

import asyncio
import contextlib
import logging
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path
from uuid import UUID

import asyncpg
import uvloop

from daybook.embedded import PostgresServer
from daybook.exported import Export
from daybook.failure import Failure
from daybook.finding import Finding
from daybook.model_digests import READ_MODELS, STOCK, digest
from daybook.read_models import make_read_models
from daybook.replay import SQL as VERIFY
from daybook.replay import Part
from daybook.verify import findings
from events.codec import Codec, current_fields
from events.held_stock import HeldStock, units_moved
from events.log.migrate import migrate
from events.log.reader import LogReader
from events.log.recorded import RecordedEvent
from events.log.statements import load_statements
from events.log.tenants import add_tenant
from events.personal import Keyring
from events.types import BY_NAME
from projections.accounts import AccountsProjection
from projections.feed import Feed
from projections.runner import Runner

SQL = load_statements(Path(__file__).parent / "sql" / "replay")

BATCH = 5_000
INTERRUPTED = 130

_COLUMNS = (
    *("tenant_id", "position", "stream_id", "stream_version"),
    *("event_type", "schema_version", "data", "metadata", "recorded_at"),
)
_NOT_REPLAYED = {"confirmations"}
"""Checks of what leaves the service: none of it does here."""


def run(folder: Path, database_url: str | None) -> int:
    """Replay and print a line for each check. 0: all hold; 1: some do not; 130: interrupted. Raises Failure, OSError.

    `database_url`: of an empty database, as its owner; None: a server of its own is started, and thrown away.
    """
    export = Export(folder)
    try:
        return uvloop.run(_replay(export, database_url))
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED


async def _replay(export: Export, database_url: str | None) -> int:
    holds = True
    async with contextlib.aclosing(_findings(export, database_url)) as found:
        async for finding in found:
            verdict = "ok    " if finding.holds else "FAILED"
            print(f"{export.manifest.tenant}  {finding.check:<13}  {verdict}  {finding.found}", flush=True)
            holds = holds and finding.holds
    return 0 if holds else 1


async def _findings(export: Export, database_url: str | None) -> AsyncGenerator[Finding, None]:
    manifest = export.manifest
    damage = list(export.damage())
    for said in damage:
        yield Finding("files", False, said)
    if damage:
        # What was made of them would be worth nothing.
        return
    yield Finding("files", True, f"{len(manifest.files)} files, {manifest.last} events have the hashes of the manifest")
    async with _empty_database(database_url) as url, asyncpg.create_pool(url, min_size=1, max_size=3) as pool:
        connection = await asyncpg.connect(url, server_settings={"jit": "off"})
        try:
            await _load(connection, export)
            async for finding in _posted(pool, connection, export):
                yield finding
            # No key is in an export: this one opens nothing.
            codec = Codec(Keyring(pool, manifest.tenant, bytes(32)))
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                async for finding in findings(connection, manifest.tenant, codec):
                    if finding.check not in _NOT_REPLAYED:
                        yield finding
        finally:
            await connection.close()


@asynccontextmanager
async def _empty_database(url: str | None) -> AsyncIterator[str]:
    """The URL of a migrated database without a tenant. Raises Failure when the one that is given is not empty."""
    logging.getLogger("pogo_core").setLevel(logging.ERROR)
    if url is not None:
        connection = await asyncpg.connect(url)
        relations = await connection.fetchval(SQL.count_relations)
        await connection.close()
        if relations:
            raise Failure(f"this database is not empty: it has {relations} tables and the like", 2)
        await migrate(url)
        yield url
        return
    with tempfile.TemporaryDirectory(prefix="replay-") as folder:
        settings = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
        server = PostgresServer(Path(folder), settings, say=lambda _: None)
        try:
            await asyncio.to_thread(server.start)
            await migrate(server.owner_url())
            yield server.owner_url()
        finally:
            server.stop()


async def _load(connection: asyncpg.Connection, export: Export) -> None:
    """The events as they were, the head of the log, and the guarded quantities, counted again."""
    tenant = export.manifest.tenant
    await add_tenant(connection, tenant)
    events = export.events()
    async with connection.transaction():
        while batch := list(islice(events, BATCH)):
            records = [(tenant, *event) for event in batch]
            await connection.copy_records_to_table("events", records=records, columns=_COLUMNS)
        await connection.execute(SQL.set_head, tenant, export.manifest.last)
    await connection.execute("ANALYZE events")
    async with connection.transaction():
        units = await _counted(connection, tenant)
        await connection.execute(SQL.set_stock, tenant, list(units), list(units.values()))


async def _counted(connection: asyncpg.Connection, tenant: str) -> dict[UUID, int]:
    """What there is of each product, by all of the log: stream after stream, so that one is in memory at a time."""
    units: Counter[UUID] = Counter()
    held = HeldStock()
    async for row in connection.cursor(VERIFY.log_by_stream, tenant, *Part(0, 1), prefetch=BATCH):
        event = RecordedEvent(*row)
        if event.version == 1:
            held = HeldStock()
        if event.type in BY_NAME:
            for product_id, count in units_moved(held, event.type, event.stream_id, current_fields(event)):
                units[product_id] += count
    return {product_id: count for product_id, count in units.items() if count}


async def _posted(pool: asyncpg.Pool, connection: asyncpg.Connection, export: Export) -> AsyncIterator[Finding]:
    """Post the log to every read model; compare those that the manifest tells the digest of, as of then."""
    manifest = export.manifest
    tenant = manifest.tenant
    codec = Codec(Keyring(pool, tenant, bytes(32)))
    for projection in (*make_read_models(tenant, codec), AccountsProjection(tenant, codec, None)):
        runner = Runner(tenant, projection, pool, Feed(LogReader(pool, tenant)), _Alone())
        if projection.name in manifest.digests:
            await runner.catch_up(manifest.digests[projection.name].position)
            yield await _compared(connection, export, projection.name)
        await runner.catch_up()
    if STOCK in manifest.digests:
        yield await _compared(connection, export, STOCK)
    untold = [name for name in (*READ_MODELS, STOCK) if name not in manifest.digests]
    if untold:
        yield Finding("digests", True, f"none of {', '.join(untold)}: they had come further than the export")


async def _compared(connection: asyncpg.Connection, export: Export, name: str) -> Finding:
    told = export.manifest.digests[name]
    async with connection.transaction(readonly=True):
        made = await digest(connection, export.manifest.tenant, name, told.position)
    what = f"{made.rows} rows up to position {told.position}"
    if made == told:
        return Finding(f"{name} again", True, f"{what} are those of the service")
    return Finding(f"{name} again", False, f"{what} are not those of the service, which had {told.rows}")


class _Alone:
    """Nobody else runs projections here."""

    async def holds(self, name: str) -> bool:
        return True

    async def gives_up(self, name: str) -> None:
        """Nobody else would take it."""

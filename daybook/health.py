"""Whether the processes that nobody can ask by HTTP do their work: seen from what they leave undone."""

import asyncio
from pathlib import Path

from daybook.archive_process import make_sealer
from daybook.failure import Failure
from daybook.read_models import DEFERRED
from daybook.settings import Settings
from events.log.connect import create_pool
from events.log.statements import load_statements
from events.log.tenants import all_tenants
from projections.sealed_tree import SealsRefused
from projections.sealing import SealingProjection

SQL = load_statements(Path(__file__).parent / "sql")

PATIENCE = 60.0
"""Seconds for which work may lie about before somebody is called ill."""

ARCHIVE_PATIENCE = 180.0
"""The same of the archive, which rests for half a minute at a time while others need the machine."""


def check(settings: Settings, process: str) -> None:
    """Return when `process` ("projector", "worker" or "archive") keeps up. Raises Failure when it does not."""
    match process:
        case "worker":
            asyncio.run(_worker(settings))
        case "archive":
            asyncio.run(_projections(settings, deferred=True))
            asyncio.run(_seals(settings))
        case _:
            asyncio.run(_projections(settings, deferred=False))


async def _seals(settings: Settings) -> None:
    sealer = make_sealer(settings)
    async with await create_pool(settings.database_url, "daybook health", max_size=1) as pool:
        for tenant in await all_tenants(pool):
            try:
                await SealingProjection(tenant, sealer, pool).examine()
            except SealsRefused as error:
                raise Failure(f"{tenant} cannot be sealed: {error}") from None


async def _projections(settings: Settings, *, deferred: bool) -> None:
    async with await create_pool(settings.database_url, "daybook health", max_size=1) as pool:
        stalled = await pool.fetch(
            SQL.stalled_projections, ARCHIVE_PATIENCE if deferred else PATIENCE, list(DEFERRED), deferred
        )
    if stalled:
        raise Failure("; ".join(f"{row['tenant_id']} {row['projection']} is {row['lag']} behind" for row in stalled))


async def _worker(settings: Settings) -> None:
    async with await create_pool(settings.database_url, "daybook health", max_size=1) as pool:
        for tenant in await all_tenants(pool):
            overdue = await pool.fetchval(SQL.overdue_deliveries, tenant, PATIENCE)
            if overdue:
                raise Failure(f"{tenant} has {overdue} overdue deliveries")

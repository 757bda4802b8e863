"""`daybook verify`: the log, and what is derived from it, held against each other.

Everything is read in one snapshot, so a service at work does not disturb it: in any snapshot a read model is what the
log says up to its checkpoint, and the guarded stock is what all of the log says.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from daybook.finding import Finding, counted, tallied
from daybook.read_models import READ_MODEL_TABLES
from daybook.replay import SQL, Replay
from daybook.settings import Settings
from daybook.verify_seals import read_outside, seal_findings
from events.codec import Codec
from events.log.connect import APP_ROLE
from events.log.tenants import all_tenants
from events.personal import Keyring
from projections.order_history import VERSION_TYPES


def run(settings: Settings) -> int:
    """Check every tenant and print a line for each check. 0: all hold; 1: some do not."""
    return asyncio.run(_verify(settings))


async def _verify(settings: Settings) -> int:
    holds = True
    # Before the snapshot: what is kept outside follows the database, and may go on while we look.
    outside = read_outside(settings)
    async with _snapshot(settings.database_url) as connection:
        for tenant in await all_tenants(connection):
            codec = Codec(Keyring(connection, tenant, settings.master_keys))
            for checks in (findings(connection, tenant, codec), seal_findings(connection, tenant, outside)):
                async for finding in checks:
                    verdict = "ok    " if finding.holds else "FAILED"
                    print(f"{tenant}  {finding.check:<13}  {verdict}  {finding.found}", flush=True)
                    holds = holds and finding.holds
    return 0 if holds else 1


@asynccontextmanager
async def _snapshot(url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection in a transaction that sees one moment and writes nothing, for as long as it takes."""
    connection = await asyncpg.connect(
        url, timeout=5.0, server_settings={"role": APP_ROLE, "application_name": "daybook verify", "jit": "off"}
    )
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            # Rebuilt tables are not to take the place of these meanwhile: this moment does not see all their rows.
            await connection.execute(f"LOCK TABLE {', '.join(READ_MODEL_TABLES)} IN ACCESS SHARE MODE")
            yield connection
    finally:
        await connection.close()


async def findings(connection: asyncpg.Connection, tenant: str, codec: Codec) -> AsyncIterator[Finding]:
    """All checks of one tenant, in the transaction that `connection` is in."""
    log = await _row(connection, SQL.positions, tenant)
    dense = log["lowest"] == 1 and log["highest"] == log["events"] == log["head"]
    yield Finding(
        "positions", dense, f"{log['events']} events, {log['lowest']} to {log['highest']}, head {log['head']}"
    )
    versions = await _row(connection, SQL.versions, tenant)
    yield _counted("streams", versions["streams"], versions, "count their events without a gap")
    checkpoints = [dict(row) for row in await connection.fetch(SQL.checkpoints, tenant)]
    yield _progress(checkpoints, log["head"])
    reached = {row["projection"]: row["position"] for row in checkpoints}
    orders, catalogue, confirmed = (reached.get(name, 0) for name in ("orders", "catalogue", "confirmations"))
    accounts = reached.get("accounts", 0)
    replay = Replay(
        *(connection, tenant, codec), orders_until=orders, catalogue_until=catalogue, accounts_until=accounts
    )
    await replay.run()
    yield tallied("events", replay.events, "can be read")
    yield tallied("stock", replay.stock, "quantities are what the log says")
    yield tallied("orders", replay.orders, f"rows are what the log says up to {orders}")
    counts = await _row(connection, SQL.counts, tenant)
    yield _counted("order counts", counts["kept"], counts, "are those of the rows")
    history = await _row(
        connection, SQL.order_versions, tenant, reached.get("order_history", 0), list(VERSION_TYPES), orders
    )
    yield _counted("order history", history["versions"], history, "versions are those of the log")
    yield await _waiting(connection, tenant, codec, replay, orders, reached.get("waiting", 0))
    yield tallied("catalogue", replay.products, f"rows are what the log says up to {catalogue}")
    yield tallied("accounts", replay.accounts, f"rows are what the log says up to {accounts}")
    erased = await _row(connection, SQL.erasures, tenant, reached.get("erasure", 0))
    yield _counted("erasures", erased["erased"], erased, "persons were forgotten, and have no key")
    deliveries = await _row(connection, SQL.deliveries, tenant, confirmed)
    yield _counted("confirmations", deliveries["placed"], deliveries, f"orders up to {confirmed} have one each")


async def _waiting(
    connection: asyncpg.Connection, tenant: str, codec: Codec, replay: Replay, orders: int, waiting: int
) -> Finding:
    if waiting != orders:
        replay = Replay(connection, tenant, codec, orders_until=waiting)
        await replay.run()
    await replay.compare_waiting()
    return tallied("waiting", replay.waiting, f"timers and backorders are what the log says up to {waiting}")


async def _row(connection: asyncpg.Connection, statement: str, *arguments: object) -> dict[str, Any]:
    row = await connection.fetchrow(statement, *arguments)
    return {} if row is None else dict(row)


def _progress(checkpoints: Sequence[Mapping[str, Any]], head: int) -> Finding:
    said = []
    for row in checkpoints:
        parked = f" ({row['parked']} streams parked)" if row["parked"] else ""
        said.append(f"{row['projection']} {row['position']}{parked}")
    sound = all(row["position"] <= head and not row["parked"] for row in checkpoints)
    return Finding("checkpoints", sound, ", ".join(said) or "nothing was projected yet")


def _counted(check: str, compared: int, row: Mapping[str, Any], right: str) -> Finding:
    return counted(check, compared, row["wrong"], row.get("example"), right)

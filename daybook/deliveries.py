"""`daybook deliveries`: what leaves the service, for the operator."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import asyncpg

from consumers.deliver import SQL
from daybook.failure import Failure
from daybook.settings import Settings
from events.log.connect import connect
from events.log.tenants import all_tenants

_AT_MOST = 200

_HEADINGS = ("tenant", "delivery", "kind", "order", "status", "attempts", "created", "error")


def list_all(settings: Settings, *, dead: bool) -> None:
    """Print the latest deliveries of every tenant, or those that were given up, and how many are not done."""
    rows, counts = asyncio.run(_read(settings, dead))
    _print_table(rows)
    for tenant, by_status in counts.items():
        told = ", ".join(f"{by_status.get(status, 0)} {status}" for status in ("pending", "leased", "dead"))
        print(f"{tenant}: {told}")


def replay(settings: Settings, keys: Sequence[str], *, all_dead: bool) -> None:
    """Try again those that were given up: the named ones, or all. Raises Failure when a named one was not."""
    try:
        named = None if all_dead else [UUID(key) for key in keys]
    except ValueError:
        raise Failure("a delivery is named by its id, as `daybook deliveries list` shows it", 2) from None
    replayed = asyncio.run(_replay(settings, named))
    print(f"{len(replayed)} will be tried again")
    if missed := [str(key) for key in named or () if key not in replayed]:
        raise Failure(f"not among those given up: {', '.join(missed)}")


async def _read(settings: Settings, dead: bool) -> tuple[list[asyncpg.Record], dict[str, dict[str, int]]]:
    statement = SQL.list_dead_deliveries if dead else SQL.list_deliveries
    connection = await connect(settings.database_url, "daybook deliveries")
    try:
        rows: list[asyncpg.Record] = []
        counts = {}
        for tenant in await all_tenants(connection):
            rows += await connection.fetch(statement, tenant, _AT_MOST)
            counted = await connection.fetch(SQL.count_deliveries, tenant)
            counts[tenant] = {row["status"]: row["deliveries"] for row in counted}
    finally:
        await connection.close()
    return rows, counts


async def _replay(settings: Settings, named: Sequence[UUID] | None) -> set[UUID]:
    connection = await connect(settings.database_url, "daybook deliveries")
    try:
        return {
            row["delivery_id"]
            for tenant in await all_tenants(connection)
            for row in await connection.fetch(SQL.replay_deliveries, tenant, named)
        }
    finally:
        await connection.close()


def _print_table(rows: Sequence[asyncpg.Record]) -> None:
    """Plain columns: they can be piped, and are never cut to the width of a terminal."""
    lines = [_HEADINGS, *map(_told, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADINGS))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _told(row: asyncpg.Record) -> tuple[str, ...]:
    return (
        *(row["tenant_id"], str(row["delivery_id"]), row["kind"], str(row["order_id"]), row["status"]),
        *(str(row["attempts"]), f"{row['created_at']:%Y-%m-%d %H:%M:%S}Z", row["last_error"] or ""),
    )

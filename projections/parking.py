"""Parking: an event that cannot be applied waits, with what follows on its stream; the other streams go on."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from events.log.database import Connection
from events.log.reader import LogReader
from events.log.recorded import RecordedEvent
from projections.checkpoints import SQL
from projections.projection import Projection


async def parked_streams(transaction: Connection, tenant: str, projection: str) -> set[UUID]:
    """The streams that wait."""
    rows = await transaction.fetch(SQL.read_parked, tenant, projection)
    return {row["stream_id"] for row in rows}


async def park(
    transaction: Connection, tenant: str, projection: str, events: Sequence[RecordedEvent], error: str
) -> None:
    """Set these events aside, with the reason."""
    await transaction.execute(
        SQL.park_events,
        tenant,
        projection,
        [event.position for event in events],
        [event.stream_id for event in events],
        [error] * len(events),
    )


async def retry_parked(pool: asyncpg.Pool, tenant: str, projection: Projection) -> tuple[int, int]:
    """Apply what waits, stream by stream, as far as it can be applied now. Answers (applied, still waiting).

    The streams that wait longest come first, for others may wait because of them. Each is one transaction that holds
    the checkpoint's row: the runner, and whoever else retries, stand still meanwhile.
    """
    applied = waiting = 0
    parked = await pool.fetch(SQL.read_parked, tenant, projection.name)
    for stream_id in dict.fromkeys(row["stream_id"] for row in parked):
        try:
            async with pool.acquire() as connection, connection.transaction():
                await connection.execute(SQL.lock_checkpoint, tenant, projection.name)
                applied += await _retry(connection, tenant, projection, stream_id)
        except (asyncpg.PostgresError, ValueError, LookupError, TypeError):
            waiting += sum(row["stream_id"] == stream_id for row in parked)
    return applied, waiting


async def _retry(connection: Connection, tenant: str, projection: Projection, stream_id: UUID) -> int:
    """Apply what waits of one stream, as it is now that the checkpoint is held."""
    rows = await connection.fetch(SQL.read_parked, tenant, projection.name)
    positions = [row["position"] for row in rows if row["stream_id"] == stream_id]
    for position in positions:
        await projection.apply(connection, await LogReader(connection, tenant).after(position - 1, 1))
        await connection.execute(SQL.unpark_event, tenant, projection.name, position)
    return len(positions)

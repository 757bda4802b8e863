"""Parking: an event that cannot be applied waits, with what follows on its stream; the other streams go on."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from events.log.database import Connection
from events.log.reader import LogReader
from events.log.recorded import RecordedEvent
from projections.checkpoints import SQL, move_checkpoint, read_checkpoint
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

    Each stream is one transaction, under the checkpoint's row: the runner stands still meanwhile.
    """
    applied = waiting = 0
    parked = await pool.fetch(SQL.read_parked, tenant, projection.name)
    for stream_id in dict.fromkeys(row["stream_id"] for row in parked):
        positions = [row["position"] for row in parked if row["stream_id"] == stream_id]
        try:
            async with pool.acquire() as connection, connection.transaction():
                at = await read_checkpoint(connection, tenant, projection.name)
                await move_checkpoint(connection, tenant, projection.name, at, at)
                reader = LogReader(connection, tenant)
                for position in positions:
                    await projection.apply(connection, await reader.after(position - 1, 1))
                    await connection.execute(SQL.unpark_event, tenant, projection.name, position)
        except (asyncpg.PostgresError, ValueError, LookupError, TypeError):
            waiting += len(positions)
        else:
            applied += len(positions)
    return applied, waiting

"""Making a read model from whole streams: many at once, in ranges of the log, by any number of processes.

A range is those streams that begin between two positions; each is applied as it was at a third, `until`, so that ranges
know nothing of each other. Of a stream only what matters is read. `rebuild_ranges`, beside the tables that are made,
says which ranges there are and which are done.
"""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

import asyncpg
import structlog

from events.log.database import Connection
from events.log.reader import recorded
from events.log.recorded import RecordedEvent
from projections.beside import Beside
from projections.checkpoints import SQL
from projections.parking import park
from projections.projection import WholeStreams

_A_STREAMS_FAULT = (
    *(asyncpg.DataError, asyncpg.IntegrityConstraintViolationError),
    *(ValueError, LookupError, TypeError, ArithmeticError),
)
"""What the data of a stream can come to, here, on the way to the database (a number that is too large), or there."""

log = structlog.get_logger("rebuild")


async def apply_next_range(pool: asyncpg.Pool, tenant: str, beside: Beside, streams: WholeStreams) -> bool:
    """Take a range that nobody has, and apply it in the transaction that says so. False: none is left to take."""
    async with pool.acquire() as connection, connection.transaction():
        # As a runner does, though several of us at once: whoever holds checkpoints still holds us as well.
        await connection.execute(SQL.share_checkpoint, tenant, beside.name)
        taken = await connection.fetchrow(SQL.take_range, tenant)
        if taken is None:
            return False
        events = recorded(await connection.fetch(SQL.read_whole_streams, tenant, *taken, *map(list, streams)))
        if events:
            await _apply(connection, tenant, beside, events)
        return True


async def _apply(connection: Connection, tenant: str, beside: Beside, events: Sequence[RecordedEvent]) -> None:
    try:
        async with connection.transaction():
            await beside.apply(connection, events)
    except _A_STREAMS_FAULT:
        await _stream_by_stream(connection, tenant, beside, events)


async def _stream_by_stream(
    connection: Connection, tenant: str, beside: Beside, events: Sequence[RecordedEvent]
) -> None:
    """Some stream cannot be applied: park it, and let the others go on."""
    streams: defaultdict[UUID, list[RecordedEvent]] = defaultdict(list)
    for event in events:
        streams[event.stream_id].append(event)
    for stream_id, its_events in streams.items():
        try:
            async with connection.transaction():
                await beside.apply(connection, its_events)
        except _A_STREAMS_FAULT as e:
            why = type(e).__name__
            await park(connection, tenant, beside.name, its_events, why)
            log.error("parked a stream", tenant=tenant, projection=beside.name, stream=str(stream_id), error=why)

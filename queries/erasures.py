"""What is to be known when somebody is to be forgotten: their orders that are under way, and how far it has come."""

import asyncio
from uuid import UUID

import asyncpg

from events.codec import current_fields
from events.domain.statuses import NEW, Statuses, is_under_way
from events.log.recorded import RecordedEvent
from queries.consistency import SQL


async def orders_under_way(db: asyncpg.Pool, tenant: str, person: UUID) -> list[UUID]:
    """By the log, so however late the read models are. An order's events tell where it stands after each of them."""
    rows = await db.fetch(SQL.last_events_of_orders, tenant, str(person))
    return [last.stream_id for last in (RecordedEvent(*row) for row in rows) if is_under_way(_statuses(last))]


async def is_forgotten(db: asyncpg.Pool, tenant: str, person: UUID, *, patience: float) -> bool:
    """Whether a person's key is gone, and nothing to them is on its way; waits up to `patience` seconds for it."""
    deadline = asyncio.get_running_loop().time() + patience
    pause = 0.005
    while not await db.fetchval(SQL.read_erasure, tenant, person):
        if asyncio.get_running_loop().time() + pause > deadline:
            return False
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, 0.1)
    return True


def _statuses(last: RecordedEvent) -> Statuses:
    fields = current_fields(last)
    return Statuses._make(fields[name] for name in Statuses._fields) if "status" in fields else NEW

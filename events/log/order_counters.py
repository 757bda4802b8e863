"""Counters behind order numbers, taken a block at a time."""

from events.log.database import Database
from events.log.reader import SQL


async def take_order_counters(db: Database, tenant: str, count: int) -> int:
    """The first of `count` counters that nobody else gets."""
    return int(await db.fetchval(SQL.take_order_numbers, tenant, count))

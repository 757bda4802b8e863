"""A commit whose answer was lost is neither failed nor repeated blindly: the log itself says what is in it."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from events.log.append import Append
from events.log.reader import SQL


async def find_appended(connection: asyncpg.Connection, tenant: str, appends: Sequence[Append]) -> dict[UUID, int]:
    """Command id → position, of those that are in the log.

    The head lock is held meanwhile: a batch that is still under way is waited for. One that comes even later finds
    its streams moved on, or its key bound, by the commands that were sent again.
    """
    last = [append.events[-1] if append.events else None for append in appends]
    keys = [append.idempotency for append in appends]
    async with connection.transaction():
        await connection.fetchval(SQL.lock_head, tenant)
        rows = await connection.fetch(
            SQL.find_appended_commands,
            tenant,
            [append.command_id for append in appends],
            [event and event.stream_id for event in last],
            [event and event.version for event in last],
            [key and key.subject for key in keys],
            [key and key.key for key in keys],
        )
    return {row["command_id"]: row["position"] for row in rows}

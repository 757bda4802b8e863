"""Idempotency keys are kept for 72 hours, sessions that are over for a day, and then forgotten."""

from datetime import timedelta

import asyncpg

from events.log.reader import SQL

KEPT_FOR = timedelta(hours=72)
SESSIONS_KEPT_FOR = timedelta(days=1)
_AT_ONCE = 5_000


async def purge_keys(db: asyncpg.Pool, tenant: str, kept_for: timedelta = KEPT_FOR) -> int:
    """Forget the keys that are older, in small transactions; answers how many."""
    return await _purge(db, SQL.purge_keys, tenant, kept_for)


async def purge_sessions(db: asyncpg.Pool, tenant: str, kept_for: timedelta = SESSIONS_KEPT_FOR) -> int:
    """Forget the sessions that have been over for so long; answers how many."""
    return await _purge(db, SQL.purge_sessions, tenant, kept_for)


async def _purge(db: asyncpg.Pool, statement: str, tenant: str, kept_for: timedelta) -> int:
    purged = 0
    while True:
        gone = int((await db.execute(statement, tenant, kept_for, _AT_ONCE)).removeprefix("DELETE "))
        purged += gone
        if gone < _AT_ONCE:
            return purged

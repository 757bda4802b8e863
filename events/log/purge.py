"""Idempotency keys are kept for 72 hours, and then forgotten."""

from datetime import timedelta

import asyncpg

from events.log.reader import SQL

KEPT_FOR = timedelta(hours=72)
_AT_ONCE = 5_000


async def purge_keys(db: asyncpg.Pool, tenant: str, kept_for: timedelta = KEPT_FOR) -> int:
    """Forget the keys that are older, in small transactions; answers how many."""
    purged = 0
    while True:
        gone = int((await db.execute(SQL.purge_keys, tenant, kept_for, _AT_ONCE)).removeprefix("DELETE "))
        purged += gone
        if gone < _AT_ONCE:
            return purged

"""Sessions that were ended lately, as this process knows them: their access tokens are refused before they expire.

Postgres says which. It is asked every second, and at once when Redis hints; a request asks only the memory. What has
ended for longer than an access token lives need not be known any more.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import asyncpg
from redis.asyncio import Redis

from api.sessions import SQL
from api.tokens import LIFETIME
from projections.accounts import SESSIONS_CHANNEL
from projections.watch import Watch

_KNOWN_FOR = LIFETIME + timedelta(minutes=1)


class Revocations:
    """`tenants`: those that this process serves."""

    def __init__(self, db: asyncpg.Pool, listening: Redis, tenants: Callable[[], Iterable[str]]) -> None:
        self._db = db
        self._tenants = tenants
        self._ended: frozenset[str] = frozenset()
        self._wakes: dict[str, set[Callable[[], None]]] = {}
        self._watch = Watch(listening, SESSIONS_CHANNEL, self.look)

    def has_ended(self, session: str | None) -> bool:
        """Whether the session of an access token is over."""
        return session in self._ended

    @contextmanager
    def watched(self, session: str | None, wake: Callable[[], None]) -> Iterator[None]:
        """Within it `wake` is called when the session ends."""
        if session is None:
            yield
            return
        wakes = self._wakes.setdefault(session, set())
        wakes.add(wake)
        try:
            yield
        finally:
            wakes.discard(wake)
            if not wakes and self._wakes.get(session) is wakes:
                del self._wakes[session]

    def start(self) -> None:
        """Follow from now on."""
        self._watch.start()

    async def close(self) -> None:
        """Follow no more."""
        await self._watch.close()

    async def look(self) -> None:
        """Ask the database now."""
        ended: set[str] = set()
        for tenant in tuple(self._tenants()):
            rows = await self._db.fetch(SQL.list_revoked_sessions, tenant, _KNOWN_FOR)
            ended.update(str(row["session_id"]) for row in rows)
        news, self._ended = ended - self._ended, frozenset(ended)
        for session in news & self._wakes.keys():
            for wake in tuple(self._wakes[session]):
                wake()

"""Sessions that were ended lately, as this process knows them: their access tokens are refused before they expire.

Postgres says which. It is asked every second, and at once when Redis hints; a request asks only the memory. What has
ended for longer than an access token lives need not be known any more.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import asyncpg
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from api.sessions import SQL
from api.tokens import LIFETIME
from events.log.lasting import CONNECTION_LOST
from projections.accounts import SESSIONS_CHANNEL

POLL = 1.0
_KNOWN_FOR = LIFETIME + timedelta(minutes=1)

log = structlog.get_logger("identity")


class Revocations:
    """`tenants`: those that this process serves."""

    def __init__(self, db: asyncpg.Pool, listening: Redis, tenants: Callable[[], Iterable[str]]) -> None:
        self._db = db
        self._redis = listening
        self._tenants = tenants
        self._ended: frozenset[str] = frozenset()
        self._wakes: dict[str, set[Callable[[], None]]] = {}
        self._hint = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

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
        self._tasks = [asyncio.create_task(self._poll()), asyncio.create_task(self._listen())]

    async def close(self) -> None:
        """Follow no more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

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

    async def _poll(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._hint.wait(), POLL)
            self._hint.clear()
            try:
                await self.look()
            except (*CONNECTION_LOST, asyncpg.PostgresError) as error:
                # What was known to have ended stays so.
                log.warning("ended sessions cannot be read", error=type(error).__name__)

    async def _listen(self) -> None:
        """A subscription that had to be made again may have missed a hint: then it is one itself."""
        while True:
            try:
                async with self._redis.pubsub() as listener:
                    await listener.subscribe(SESSIONS_CHANNEL)
                    async for _ in listener.listen():
                        self._hint.set()
            except (RedisError, OSError):
                await asyncio.sleep(0.25)

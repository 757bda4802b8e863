"""Looks at the database when Redis hints that there is something new, and every second besides."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import asyncpg
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from events.log.lasting import CONNECTION_LOST

POLL = 1.0

log = structlog.get_logger("watch")


class Watch:
    """Calls `look` until it is closed. While the database is away that is said, and tried again."""

    def __init__(self, listening: Redis, channel: str, look: Callable[[], Awaitable[None]]) -> None:
        """`listening`: a Redis client of its own, which the owner closes. `channel`: where it is hinted."""
        self._redis = listening
        self._channel = channel
        self._look = look
        self._hint = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Watch from now on."""
        self._tasks = [asyncio.create_task(self._poll()), asyncio.create_task(self._listen())]

    async def close(self) -> None:
        """Watch no more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _poll(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL):
                    await self._hint.wait()
            self._hint.clear()
            try:
                await self._look()
            except (*CONNECTION_LOST, asyncpg.PostgresError) as error:
                # What was known stays known.
                log.warning("cannot look", channel=self._channel, error=type(error).__name__)

    async def _listen(self) -> None:
        """A subscription that had to be made again may have missed a hint: then it is one itself."""
        while True:
            try:
                async with self._redis.pubsub() as listener:
                    await listener.subscribe(self._channel)
                    async for _ in listener.listen():
                        self._hint.set()
            except (RedisError, OSError):
                await asyncio.sleep(0.25)

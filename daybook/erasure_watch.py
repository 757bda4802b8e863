"""Who is forgotten is dropped from this process's memory: their keys, and what was opened with them.

Postgres says who. It is asked every second, and at once when Redis hints; without Redis it takes that second.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable

import asyncpg
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from daybook.shop import Shop
from events.log.lasting import CONNECTION_LOST
from projections.erasure import ERASURES_CHANNEL

POLL = 1.0

log = structlog.get_logger("forgetting")


class ErasureWatch:
    """Watches for those shops that this process serves. `listening`: a Redis client of its own, which is closed with
    it."""

    def __init__(self, listening: Redis, shops: Callable[[], Iterable[Shop]]) -> None:
        self._redis = listening
        self._shops = shops
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
        await self._redis.aclose()

    async def look(self) -> None:
        """Drop those who were forgotten since the last look."""
        for shop in tuple(self._shops()):
            await shop.codec.keyring.forget_erased()
            shop.repository.forget()

    async def _poll(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._hint.wait(), POLL)
            self._hint.clear()
            try:
                await self.look()
            except (*CONNECTION_LOST, asyncpg.PostgresError) as error:
                # Nothing can be read meanwhile either.
                log.warning("erasures cannot be read", error=type(error).__name__)

    async def _listen(self) -> None:
        """A subscription that had to be made again may have missed a hint: then it is one itself."""
        while True:
            try:
                async with self._redis.pubsub() as listener:
                    await listener.subscribe(ERASURES_CHANNEL)
                    async for _ in listener.listen():
                        self._hint.set()
            except (RedisError, OSError):
                await asyncio.sleep(0.25)

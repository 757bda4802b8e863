"""Who is forgotten is dropped from this process's memory: their keys, and what was opened with them.

Postgres says who. It is asked every second, and at once when Redis hints; without Redis it takes that second.
"""

from collections.abc import Callable, Iterable

from redis.asyncio import Redis

from daybook.shop import Shop
from projections.erasure import ERASURES_CHANNEL
from projections.watch import Watch


class ErasureWatch:
    """Watches for those shops that this process serves. `listening`: a Redis client of its own, which is closed with
    it."""

    def __init__(self, listening: Redis, shops: Callable[[], Iterable[Shop]]) -> None:
        self._redis = listening
        self._shops = shops
        self._watch = Watch(listening, ERASURES_CHANNEL, self.look)

    def start(self) -> None:
        """Watch from now on."""
        self._watch.start()

    async def close(self) -> None:
        """Watch no more."""
        await self._watch.close()
        await self._redis.aclose()

    async def look(self) -> None:
        """Drop those who were forgotten since the last look."""
        for shop in tuple(self._shops()):
            await shop.codec.keyring.forget_erased()
            shop.repository.forget()

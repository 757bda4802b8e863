"""Wake-ups over Redis: a hint that a log has grown. Whoever waits for one polls as well."""

import asyncio
import contextlib

from redis.asyncio import Redis
from redis.exceptions import RedisError

BREATH = 0.002
"""Seconds between two messages."""


def appended_channel(tenant: str) -> str:
    """The channel on which a tenant's new head is told, one message a batch."""
    return f"daybook:{tenant}:appended"


class Waker:
    """Tells others that a log has grown, off the path of the command that made it grow.

    Only the latest head of each tenant is told: a reader that hears of position 9 has no use for 8. Redis may be
    down; then nobody is told, and readers find out by polling.
    """

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis
        self._heads: dict[str, int] = {}
        self._telling: asyncio.Task[None] | None = None

    def tell(self, tenant: str, head: int) -> None:
        """Return at once; the message goes out as soon as the one before it has."""
        self._heads[tenant] = head
        if self._telling is None:
            self._telling = asyncio.create_task(self._tell_all(), name="wake-ups")

    async def close(self) -> None:
        """Let what is under way go out."""
        if self._telling is not None:
            await self._telling

    async def _tell_all(self) -> None:
        try:
            while self._heads:
                tenant, head = self._heads.popitem()
                with contextlib.suppress(RedisError, OSError):
                    await self._redis.publish(appended_channel(tenant), head)
                # Under load, what is committed meanwhile goes out in one message.
                await asyncio.sleep(BREATH)
        finally:
            self._telling = None

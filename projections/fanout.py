"""Fan-out: tells over Redis how far live streams may read, once the read models are that far."""

import contextlib
from collections.abc import Sequence

from redis.asyncio import Redis
from redis.exceptions import RedisError

from events.log.database import Connection
from events.log.recorded import RecordedEvent


def fanout_channel(tenant: str) -> str:
    """The channel on which the fan-out's checkpoint is told, one message a batch."""
    return f"daybook:{tenant}:fanout"


class FanoutProjection:
    """Its only state is its checkpoint: live streams read the log up to there. The message is a hint; whoever misses it
    polls the checkpoint."""

    name = "fanout"
    version = 1
    tables: tuple[str, ...] = ()
    follows: tuple[str, ...] = ("orders", "catalogue")
    parks = False
    writes = False

    def __init__(self, tenant: str, redis: Redis) -> None:
        self._tenant = tenant
        self._redis = redis

    async def apply(self, transaction: Connection, events: Sequence[RecordedEvent]) -> None:
        """Nothing to write beside the checkpoint."""

    async def applied(self, events: Sequence[RecordedEvent]) -> None:
        """Tell the new checkpoint; Redis may be down."""
        with contextlib.suppress(RedisError, OSError):
            await self._redis.publish(fanout_channel(self._tenant), events[-1].position)

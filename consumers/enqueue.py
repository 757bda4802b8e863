"""Hands deliveries to the broker while its queue is short. Postgres knows what is due; the queue need not."""

import asyncio
from collections.abc import Sequence
from time import monotonic
from uuid import UUID

import structlog
from dramatiq.brokers.redis import RedisBroker
from redis.exceptions import RedisError

from consumers.broker import send, waiting

AT_ONCE = 16
"""Deliveries in one message: they share a claim, a read and their commits."""

LONGEST = 64
"""Messages in the queue. More would only cost: whoever enqueues, and Redis."""

_QUIET_SECONDS = 1.0
_SAY_SECONDS = 30.0

log = structlog.get_logger("broker")


class Enqueuer:
    """Enqueues deliveries without ever failing: what is not enqueued is found by the sweep."""

    def __init__(self, broker: RedisBroker, *, longest: int = LONGEST) -> None:
        self._broker = broker
        self._longest = longest
        self._quiet_until = 0.0
        self._said_at = -_SAY_SECONDS
        self._left_out = 0

    async def __call__(self, tenant: str, ids: Sequence[UUID]) -> None:
        """Enqueue as many of these deliveries as fit, in as few messages as they take."""
        if monotonic() < self._quiet_until:
            self._left_out += len(ids)
            return
        try:
            await asyncio.to_thread(self._enqueue, tenant, ids)
        except (RedisError, OSError) as error:
            self._lost(error, len(ids))

    async def room(self) -> int:
        """How many messages of AT_ONCE deliveries fit into the queue; 0 when Redis is down."""
        if monotonic() < self._quiet_until:
            return 0
        try:
            return max(self._longest - await asyncio.to_thread(waiting, self._broker), 0)
        except (RedisError, OSError) as error:
            self._lost(error, 0)
            return 0

    def _enqueue(self, tenant: str, ids: Sequence[UUID]) -> None:
        room = max(self._longest - waiting(self._broker), 0)
        for begin in range(0, len(ids), AT_ONCE)[:room]:
            send(self._broker, tenant, ids[begin : begin + AT_ONCE])

    def _lost(self, error: Exception, left_out: int) -> None:
        """Leave Redis alone for a moment, and say so once in a while."""
        self._left_out += left_out
        now = monotonic()
        self._quiet_until = now + _QUIET_SECONDS
        if now - self._said_at >= _SAY_SECONDS:
            log.warning(
                "Redis is away: deliveries wait for the sweep",
                error=type(error).__name__,
                left_out=self._left_out,
            )
            self._said_at, self._left_out = now, 0

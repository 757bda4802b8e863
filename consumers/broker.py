"""The Dramatiq broker, used for what it is good at: handing out work. Postgres keeps attempts and due times.

A message is only a hint that deliveries are due, and any number of them for one delivery are harmless. So here
is no result backend and no retry, and whatever Redis loses the sweep finds again.
"""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError, TimeoutError
from redis.retry import Retry

QUEUE = "deliveries"
_ACTOR = "deliver"


class _Client(Redis):
    """Dramatiq knows one sign of a lost Redis, ConnectionError: one that does not answer is lost as well."""

    def execute_command(self, *args: Any, **options: Any) -> Any:
        try:
            return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        except TimeoutError as error:
            raise ConnectionError(str(error)) from error


def make_broker(url: str) -> RedisBroker:
    """A broker on `redis://`, `rediss://` or `unix://`. Nothing is connected before it is used.

    Its calls block, for two seconds at most, and raise `redis.exceptions.ConnectionError`.
    """
    client = _Client.from_url(
        url,
        socket_timeout=1.0,
        socket_connect_timeout=1.0,
        retry=Retry(NoBackoff(), 1),
        health_check_interval=15,
    )
    return RedisBroker(  # type: ignore[no-untyped-call]
        client=client,
        namespace="daybook:dramatiq",
        middleware=[],
        # A dead worker's messages are put back by one fetch in twenty, not in a thousand. They only clear up:
        # what the worker had under way is due again in Postgres long before.
        maintenance_chance=50_000,
        heartbeat_timeout=30_000,
    )


def send(broker: RedisBroker, tenant: str, delivery_ids: Sequence[UUID]) -> None:
    """Put deliveries of a tenant into the queue, as one message: whoever gets it performs them all at once."""
    broker.enqueue(dramatiq.Message(QUEUE, _ACTOR, (tenant, [str(one) for one in delivery_ids]), {}, {}))


def waiting(broker: RedisBroker) -> int:
    """How many messages wait in the queue; those that a worker has taken do not count."""
    length: Any = broker.client.llen(f"{broker.namespace}:{QUEUE}")
    return int(length)


def receive(broker: RedisBroker, deliver: Callable[[str, Sequence[UUID]], None]) -> None:
    """Have the workers of this broker call `deliver`, in a thread, with what comes out of the queue."""

    def received(tenant: str, delivery_ids: list[str]) -> None:
        deliver(tenant, [UUID(one) for one in delivery_ids])

    dramatiq.actor(broker=broker, actor_name=_ACTOR, queue_name=QUEUE)(received)

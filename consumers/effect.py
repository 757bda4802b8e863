"""What a delivery is, and what it takes to perform one."""

from collections.abc import Awaitable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from events.log.recorded import RecordedEvent

Recorded = Mapping[UUID, Sequence[RecordedEvent]]
"""Stream → its events, in order. A stream that is not there has none."""


class Delivery(NamedTuple):
    """A delivery that is ours to perform until its lease ends. `attempt`: the how-manieth this is, from 1."""

    tenant: str
    id: UUID
    kind: str
    order_id: UUID
    customer_id: UUID
    attempt: int
    lease: datetime


class Undeliverable(Exception):
    """It can never succeed. The text says why to an operator, without personal data."""


class Effect(Protocol):
    """Performs one kind of delivery, for one tenant, and records it in the log.

    The delivery's id is the idempotency key: where the log says that it was performed before, it does nothing.
    Raises Undeliverable; any other error means that a later attempt may succeed.
    """

    def read(self, deliveries: Sequence[Delivery], /) -> Awaitable[Recorded]:
        """What the log has about these deliveries: one read, however many there are."""

    def perform(self, delivery: Delivery, recorded: Recorded, /) -> Awaitable[None]:
        """Perform one of them."""

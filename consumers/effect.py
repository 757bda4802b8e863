"""What a delivery is, and what it takes to perform one."""

from collections.abc import Awaitable
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID


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
    """Performs one kind of delivery, with the delivery's id as idempotency key, and records it in the log.

    Where the log says that it was performed before, it does nothing. Raises Undeliverable; any other error
    means that a later attempt may succeed.
    """

    def __call__(self, delivery: Delivery, /) -> Awaitable[None]: ...

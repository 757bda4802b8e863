"""End an order that waited too long for its payment. A timer asks for it; the order decides. Its stock is released in
the same commit."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from commands.change_order_status import decided, existing_order
from commands.command import Command, Decision, Known, Request


def expiry_id(order_id: UUID) -> UUID:
    """The id of the command that ends an order: however often its timer fires, it is one command."""
    return uuid5(order_id, "expiry")


@dataclass(frozen=True, slots=True)
class ExpireOrder(Command):
    """`now`: by the database's clock, as the timer was by."""

    order_id: UUID
    now: datetime

    def streams(self, request: Request) -> Iterable[UUID]:
        return (self.order_id,)

    def decide(self, known: Known, request: Request) -> Decision:
        order = existing_order(known, self.order_id)
        held = order.given_up(order.open_parts)
        if order.expires_at is not None and datetime.fromisoformat(order.expires_at) <= self.now:
            order.expire()
        return decided(order, request, stock=held)

    def fingerprint(self) -> bytes:
        return f"expire_order {self.order_id}".encode()

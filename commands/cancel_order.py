"""Cancel an order or some of it: its owner while it is pending, staff while anything is open. The stock of what is
cancelled is released in the same commit."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json

from commands.change_order_status import Reason, decided, owned_order
from commands.command import Command, Decision, Known, Request, check_version
from commands.order_parts import OrderParts, parts_of
from events.domain.order import IllegalTransition


class Cancellation(BaseModel):
    """Why it is cancelled; and what of it, if not the whole."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason
    items: OrderParts | None = None


@dataclass(frozen=True, slots=True)
class CancelOrder(Command):
    order_id: UUID
    cancellation: Cancellation

    def streams(self, request: Request) -> Iterable[UUID]:
        return (self.order_id,)

    def decide(self, known: Known, request: Request) -> Decision:
        order = owned_order(known, self.order_id, request, "cancel it")
        if not request.caller.may("orders:manage") and order.status not in ("pending", "cancelled"):
            raise IllegalTransition(
                f"An order that is {order.status} can no longer be cancelled by its customer.",
                status_now=order.status,
                allowed_statuses=[],
            )
        check_version(request, order)
        items = self.cancellation.items
        parts = None if items is None else parts_of(items)
        cancelled = order.cancel(self.cancellation.reason, parts)
        return decided(order, request, stock=cancelled)

    def fingerprint(self) -> bytes:
        return f"cancel_order {self.order_id} ".encode() + to_json(self.cancellation)

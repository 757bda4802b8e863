"""Move an order along its statuses, as staff do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json

from commands.command import Command, Decision, Known, Request, check_version
from commands.text import Text
from events.domain.order import Order
from events.domain.refusal import NotFound
from events.order_document import order_document

Status = Literal["pending", "confirmed", "shipped", "delivered", "cancelled", "returned", "expired"]
Reason = Annotated[str, Text(1, 500)]


class StatusChange(BaseModel):
    """The status it shall have, and why."""

    model_config = ConfigDict(extra="forbid")

    status: Status
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class ChangeOrderStatus(Command):
    order_id: UUID
    change: StatusChange

    def streams(self, request: Request) -> Iterable[UUID]:
        return (self.order_id,)

    def decide(self, known: Known, request: Request) -> Decision:
        order = visible_order(known, self.order_id, request)
        check_version(request, order)
        held = order.in_stock(order.open_parts)
        order.change_status(self.change.status, self.change.reason)
        released = held if order.status in ("cancelled", "expired") else {}
        return decided(order, stock=released)

    def fingerprint(self) -> bytes:
        return f"change_order_status {self.order_id} ".encode() + to_json(self.change)


def visible_order(known: Known, order_id: UUID, request: Request) -> Order:
    """The order, if there is one that the caller may see. Raises NotFound."""
    order = known[order_id]
    if not isinstance(order, Order) or not request.caller.may_see_orders_of(order.user_id):
        raise NotFound("There is no such order.")
    return order


def decided(
    order: Order, *, stock: Mapping[UUID, int] | None = None, made: Mapping[str, str] | None = None
) -> Decision:
    """The decision that leaves this order as it now is: a change when it has new events, else a no-op.

    `made`: the id of what was made with it, by its name; the answer is 201 then, and has the order beside that.
    """
    changed = bool(order.pending_events)
    user_id = UUID(order.user_id)
    document = order_document(order)
    return Decision(
        status=200 if made is None else 201,
        body=to_json(document if made is None else {**made, "order": document}),
        version=order.version,
        changed=(order,) if changed else (),
        read=() if changed else (order,),
        stock=stock if changed and stock else {},
        person=user_id,
        owner=user_id,
    )

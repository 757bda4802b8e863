"""Move an order along its statuses, as staff do."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from eventsourcing.domain import Aggregate
from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json

from commands.command import Command, Decision, Known, NotYours, Request, check_version
from commands.text import Text
from events.domain.order import Order
from events.domain.order_state import ENDED
from events.domain.refusal import NotFound
from events.order_json import order_json

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
        held = order.given_up(order.open_parts)
        order.change_status(self.change.status, self.change.reason)
        return decided(order, request, stock=held if order.status in ENDED else {})

    def fingerprint(self) -> bytes:
        return f"change_order_status {self.order_id} ".encode() + to_json(self.change)


def existing_order(known: Known, order_id: UUID) -> Order:
    """The order, if there is one. Raises NotFound."""
    order = known[order_id]
    if not isinstance(order, Order):
        raise NotFound("There is no such order.")
    return order


def visible_order(known: Known, order_id: UUID, request: Request) -> Order:
    """The order, if there is one that the caller may see. Raises NotFound."""
    order = existing_order(known, order_id)
    if not request.caller.may_see_orders_of(order.user_id):
        raise NotFound("There is no such order.")
    return order


def owned_order(known: Known, order_id: UUID, request: Request, what: str) -> Order:
    """The order, if it is the caller's or the caller manages orders. Raises NotFound, NotYours."""
    order = visible_order(known, order_id, request)
    if not request.caller.may("orders:manage") and order.user_id != str(request.caller.subject):
        raise NotYours(f"Your role may read this order, but not {what}.")
    return order


def decided(
    order: Order,
    request: Request,
    *,
    stock: Mapping[UUID, int] | None = None,
    made: Mapping[str, str] | None = None,
    status: int | None = None,
    claims: Sequence[Aggregate] = (),
    read: Sequence[Aggregate] = (),
) -> Decision:
    """The decision that leaves this order as it now is: a change when it has new events, else a no-op.

    `made`: the id of what was made with it, by its name; the answer has the order beside that, and is 201 unless
    `status` says otherwise. `claims`: what is claimed along with it.
    """
    changed = bool(order.pending_events)
    user_id = UUID(order.user_id)
    document = order_json(order, request.caller)
    return Decision(
        status=status or (200 if made is None else 201),
        body=(document if made is None else f'{to_json(made)[:-1].decode()},"order":{document}}}').encode(),
        version=order.version,
        changed=(order, *claims) if changed else (),
        read=read if changed else (order, *read),
        stock=stock if changed and stock else {},
        person=user_id,
        owner=user_id,
    )

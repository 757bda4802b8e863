"""Have an order wait before a step, and let it go on."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json

from commands.change_order_status import decided, visible_order
from commands.command import Command, Decision, Known, Request, check_version
from commands.text import Text

HoldReason = Literal["fraud_review", "address_invalid", "awaiting_payment", "out_of_stock", "customer_request", "other"]
Gate = Literal["confirm", "ship"]


class HoldCreate(BaseModel):
    """Why it waits, and before which step."""

    model_config = ConfigDict(extra="forbid")

    reason: HoldReason
    gate: Gate
    note: Annotated[str, Text(1, 500)] | None = None


@dataclass(frozen=True, slots=True)
class HoldOrder(Command):
    order_id: UUID
    hold: HoldCreate

    def streams(self, request: Request) -> Iterable[UUID]:
        return (self.order_id,)

    def decide(self, known: Known, request: Request) -> Decision:
        order = visible_order(known, self.order_id, request)
        check_version(request, order)
        hold_id = order.place_hold(self.hold.gate, self.hold.reason, self.hold.note)
        return decided(order, request, made={"hold_id": hold_id})

    def fingerprint(self) -> bytes:
        return f"hold_order {self.order_id} ".encode() + to_json(self.hold)


@dataclass(frozen=True, slots=True)
class ReleaseHold(Command):
    order_id: UUID
    hold_id: UUID

    def streams(self, request: Request) -> Iterable[UUID]:
        return (self.order_id,)

    def decide(self, known: Known, request: Request) -> Decision:
        order = visible_order(known, self.order_id, request)
        check_version(request, order)
        order.release_hold(str(self.hold_id))
        return decided(order, request)

    def fingerprint(self) -> bytes:
        return f"release_hold {self.order_id} {self.hold_id}".encode()

"""Announce that some of what arrived comes back: its owner, or staff."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json

from commands.change_order_status import Reason, decided, owned_order
from commands.command import Command, Decision, Known, Request, check_version
from commands.order_parts import OrderParts, parts_of


class ReturnCreate(BaseModel):
    """What comes back, and why."""

    model_config = ConfigDict(extra="forbid")

    items: OrderParts
    reason: Reason


@dataclass(frozen=True, slots=True)
class RequestReturn(Command):
    order_id: UUID
    wanted: ReturnCreate

    def streams(self, request: Request) -> Iterable[UUID]:
        return (self.order_id,)

    def decide(self, known: Known, request: Request) -> Decision:
        order = owned_order(known, self.order_id, request, "return it")
        check_version(request, order)
        return_id = order.request_return(parts_of(self.wanted.items), self.wanted.reason)
        return decided(order, request, made={"return_id": return_id})

    def fingerprint(self) -> bytes:
        return f"request_return {self.order_id} ".encode() + to_json(self.wanted)

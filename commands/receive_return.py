"""Take in what came back. What is restocked can be ordered again from the same commit on."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import to_json

from commands.change_order_status import decided, visible_order
from commands.command import Command, Decision, Known, Request, check_version
from commands.order_parts import OrderPart, each_once
from events.domain.order_parts import ReceivedPart


class ReceivedItem(OrderPart):
    """Some units of one line, and whether they can be sold again."""

    disposition: Literal["restock", "discard"]

    def received(self) -> ReceivedPart:
        """As the order has it."""
        return ReceivedPart(**self.part(), disposition=self.disposition)


class Receipt(BaseModel):
    """What came back."""

    model_config = ConfigDict(extra="forbid")

    items: Annotated[list[ReceivedItem], Field(min_length=1, max_length=1_000), AfterValidator(each_once)]


@dataclass(frozen=True, slots=True)
class ReceiveReturn(Command):
    order_id: UUID
    return_id: UUID
    receipt: Receipt

    def streams(self, request: Request) -> Iterable[UUID]:
        return (self.order_id,)

    def decide(self, known: Known, request: Request) -> Decision:
        order = visible_order(known, self.order_id, request)
        check_version(request, order)
        received = [item.received() for item in self.receipt.items]
        order.receive_return(str(self.return_id), received)
        return decided(
            order, request, stock=order.restocked([one for one in received if one["disposition"] == "restock"])
        )

    def fingerprint(self) -> bytes:
        return f"receive_return {self.order_id} {self.return_id} ".encode() + to_json(self.receipt)

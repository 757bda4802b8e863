"""Ship some of what is open. The order is shipped when nothing is open any more."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json

from commands.change_order_status import decided, visible_order
from commands.command import Command, Decision, Known, Request, check_version
from commands.order_parts import OrderParts, parts_of
from commands.text import Text


class ShipmentCreate(BaseModel):
    """What leaves the house together."""

    model_config = ConfigDict(extra="forbid")

    items: OrderParts
    carrier: Annotated[str, Text(1, 100)] | None = None
    tracking: Annotated[str, Text(1, 200)] | None = None


@dataclass(frozen=True, slots=True)
class ShipOrder(Command):
    order_id: UUID
    shipment: ShipmentCreate

    def streams(self, request: Request) -> Iterable[UUID]:
        return (self.order_id,)

    def decide(self, known: Known, request: Request) -> Decision:
        order = visible_order(known, self.order_id, request)
        check_version(request, order)
        shipment = self.shipment
        shipment_id = order.ship(parts_of(shipment.items), carrier=shipment.carrier, tracking=shipment.tracking)
        return decided(order, request, made={"shipment_id": shipment_id})

    def fingerprint(self) -> bytes:
        return f"ship_order {self.order_id} ".encode() + to_json(self.shipment)

"""A shipment arrived. One that had arrived before changes nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from commands.change_order_status import decided, visible_order
from commands.command import Command, Decision, Known, Request, check_version


@dataclass(frozen=True, slots=True)
class DeliverShipment(Command):
    order_id: UUID
    shipment_id: UUID

    def streams(self, request: Request) -> Iterable[UUID]:
        return (self.order_id,)

    def decide(self, known: Known, request: Request) -> Decision:
        order = visible_order(known, self.order_id, request)
        check_version(request, order)
        order.deliver(str(self.shipment_id))
        return decided(order, request)

    def fingerprint(self) -> bytes:
        return f"deliver_shipment {self.order_id} {self.shipment_id}".encode()

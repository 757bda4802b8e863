"""What happens to an order after it was placed, but for its payment (payment_events.py). Each event knows how it moves
the order's ledgers; what may happen is the order's to decide.

Attributes of events are JSON values (ids as strings), so that what is stored is what was decided. A value of an order
is never changed in place: a cached order and its fork may share lines and address.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import uuid5

from eventsourcing.domain import Aggregate

from events.domain.line_ledger import Part
from events.domain.order_parts import Address, Hold, ReceivedPart, Return, Shipment
from events.domain.statuses import Statuses

if TYPE_CHECKING:
    from events.domain.order_state import OrderState


class OrderEvent(Aggregate.Event):
    """What happened to an order, and the statuses that followed from it, so that nobody has to count to know them.

    The reason is free text, perhaps about a person.
    """

    PERSONAL: ClassVar[tuple[str, ...]] = ("reason",)
    reason: str | None
    status: str
    fulfillment_status: str
    return_status: str
    payment_status: str


class BeforePayments(OrderEvent):
    """Version 1 knew only steps of the whole order, without statuses; version 2 knew no payments."""

    OF_VERSION_1: ClassVar[Mapping[str, Any]] = {}
    class_version = 3

    @classmethod
    def upcast_v1_v2(cls, state: dict[str, Any]) -> None:
        state.update(cls.OF_VERSION_1)

    @classmethod
    def upcast_v2_v3(cls, state: dict[str, Any]) -> None:
        state["payment_status"] = "unpaid"


def _once(status: str, fulfillment_status: str, return_status: str = "none") -> dict[str, Any]:
    return Statuses(status, fulfillment_status, return_status, "unpaid")._asdict()


class Confirmed(BeforePayments):
    """It was agreed: it will be shipped."""

    OF_VERSION_1 = _once("confirmed", "unfulfilled")

    def apply(self, order: "OrderState") -> None:
        order.confirmed = True


class Shipped(BeforePayments):
    """A shipment left the house. `items` None: all that was open; version 1 knew nothing else."""

    OF_VERSION_1: ClassVar[Mapping[str, Any]] = {
        **_once("shipped", "shipped"),
        "shipment_id": None,
        "items": None,
        "carrier": None,
        "tracking": None,
    }
    shipment_id: str | None
    items: Sequence[Part] | None
    carrier: str | None
    tracking: str | None

    def apply(self, order: "OrderState") -> None:
        parts = order.open_parts if self.items is None else self.items
        shipment_id = self.shipment_id or str(uuid5(order.id, "shipment 1"))
        order.ledger = order.ledger.entered("shipped", parts)
        shipment = Shipment(parts, self.carrier, self.tracking, self.timestamp)
        order.shipments = {**order.shipments, shipment_id: shipment}


class Delivered(BeforePayments):
    """A shipment arrived. `shipment_id` None: all that were under way; version 1 knew nothing else."""

    OF_VERSION_1: ClassVar[Mapping[str, Any]] = {**_once("delivered", "delivered"), "shipment_id": None}
    shipment_id: str | None

    def apply(self, order: "OrderState") -> None:
        shipments = dict(order.shipments)
        for one, shipment in shipments.items():
            if shipment.delivered_at is None and self.shipment_id in (None, one):
                order.ledger = order.ledger.entered("delivered", shipment.items)
                shipments[one] = shipment._replace(delivered_at=self.timestamp)
        order.shipments = shipments


class SinceParts(OrderEvent):
    """Version 1 knew no payments."""

    class_version = 2

    @classmethod
    def upcast_v1_v2(cls, state: dict[str, Any]) -> None:
        state["payment_status"] = "unpaid"


class LinesCancelled(SinceParts):
    """Some of what was open is no longer wanted."""

    items: Sequence[Part]

    def apply(self, order: "OrderState") -> None:
        order.ledger = order.ledger.cancelled(self.items)


class Cancelled(BeforePayments):
    """All that was open is no longer wanted, and nothing was shipped."""

    OF_VERSION_1 = _once("cancelled", "unfulfilled")

    def apply(self, order: "OrderState") -> None:
        order.ledger = order.ledger.cancelled(order.open_parts)


class Expired(BeforePayments):
    """It waited too long for its payment."""

    OF_VERSION_1 = _once("expired", "unfulfilled")

    def apply(self, order: "OrderState") -> None:
        order.ledger = order.ledger.cancelled(order.open_parts)
        order.expired = True


class BackorderFilled(OrderEvent):
    """Units that were still to come are in the stock now, reserved for this order."""

    items: Sequence[Part]

    def apply(self, order: "OrderState") -> None:
        order.ledger = order.ledger.entered("backordered", self.items, -1)


class ReturnRequested(SinceParts):
    """The customer will send this back."""

    return_id: str
    items: Sequence[Part]

    def apply(self, order: "OrderState") -> None:
        order.returns = {**order.returns, self.return_id: Return(self.items, self.timestamp)}


class ReturnReceived(SinceParts):
    """This came back."""

    return_id: str
    items: Sequence[ReceivedPart]

    def apply(self, order: "OrderState") -> None:
        expected = order.returns[self.return_id]
        received = expected._replace(received=[*expected.received, *self.items])
        order.returns = {**order.returns, self.return_id: received}
        order.ledger = order.ledger.entered("returned", self.items)


class Returned(BeforePayments):
    """All that was delivered came back, and none of it into the stock: the short form."""

    OF_VERSION_1 = _once("returned", "delivered", "returned")

    def apply(self, order: "OrderState") -> None:
        order.ledger = order.all_returned


class HoldPlaced(OrderEvent):
    """A step of the order has to wait. `holds`: all that hold it now. The reason is one of a list; the note is free."""

    PERSONAL: ClassVar[tuple[str, ...]] = ("reason", "note")
    hold_id: str
    gate: str
    note: str | None
    holds: Sequence[Hold]

    def apply(self, order: "OrderState") -> None:
        order.holds = self.holds


class HoldReleased(OrderEvent):
    """It no longer has to wait for this. `holds`: those that are left."""

    hold_id: str
    holds: Sequence[Hold]

    def apply(self, order: "OrderState") -> None:
        order.holds = self.holds


class NoteAdded(OrderEvent):
    """Somebody wrote something down."""

    PERSONAL: ClassVar[tuple[str, ...]] = ("reason", "text")
    note_id: str
    text: str

    def apply(self, order: "OrderState") -> None:
        order.notes += 1


class ShippingAddressChanged(OrderEvent):
    """It goes elsewhere."""

    PERSONAL: ClassVar[tuple[str, ...]] = ("reason", "shipping_address")
    shipping_address: Address

    def apply(self, order: "OrderState") -> None:
        order.shipping_address = self.shipping_address

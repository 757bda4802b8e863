"""How an order is fulfilled: confirmed, shipped in parts, delivered, cancelled, sent back.

    pending ──► confirmed ──► shipped ──► delivered ──► returned
       │  │         │
       │  └─────────┴──► cancelled
       └──► expired

An order is shipped when none of its units is open any more, delivered when all that was shipped has arrived, returned
when all of it came back.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID, uuid5

from events.domain import order_events as happened
from events.domain.line_ledger import Part, Units
from events.domain.money_ledger import NOTHING_PAID
from events.domain.order_parts import ReceivedPart
from events.domain.order_state import IllegalTransition
from events.domain.payments import Payments
from events.domain.product import backorders_of
from events.domain.refusal import NotFound, Refusal


class OrderAlreadyShipped(IllegalTransition):
    """It has left the house: what is shipped is returned, not cancelled."""


class OrderOnHold(Refusal):
    """A step that has to wait until its holds are released."""

    code = "order_on_hold"


class PaymentRequired(Refusal):
    """An order that is paid online is confirmed when its payment is authorized."""

    code = "payment_required"


class Fulfillment(Payments):
    """The decisions about an order's units; some of them are about its money, too."""

    def given_up(self, parts: Sequence[Part]) -> Mapping[UUID, int]:
        """Guarded quantity → by how much there is more of it, when these open units are wanted no longer.

        Those go first that are still to come: they give back to the product's backorders and not to its stock.
        """
        to_come = self.ledger.to_come(parts)
        change = self._units(parts)
        for product_id, units in self._units(to_come).items():
            change[product_id] -= units
            change[backorders_of(product_id)] += units
        return {quantity_id: units for quantity_id, units in change.items() if units}

    def restocked(self, parts: Sequence[Part]) -> Mapping[UUID, int]:
        """Product → units of it that came back and can be sold again."""
        return self._units(parts)

    def filled(self, parts: Sequence[Part]) -> Mapping[UUID, int]:
        """Guarded quantity → by how much it changes, when these units need no longer come: the stock has them."""
        change: Counter[UUID] = Counter()
        for product_id, units in self._units(parts).items():
            change[product_id] -= units
            change[backorders_of(product_id)] += units
        return change

    def change_status(self, status: str, reason: str | None = None, at: datetime | None = None) -> None:
        """Take one step with the whole order. To where it already is: nothing happens.

        Raises IllegalTransition, OrderOnHold, PaymentRequired.
        """
        if status == self.status:
            return
        if status not in self.allowed_statuses:
            self._refuse(status)
        match status:
            case "shipped":
                self.ship(None, reason=reason, at=at)
            case "delivered":
                for shipment_id, shipment in self.shipments.items():
                    if shipment.delivered_at is None:
                        self.deliver(shipment_id, reason=reason, at=at)
            case "confirmed":
                self._check_holds("confirm")
                self._check_paid()
                self._happens(happened.Confirmed, reason=reason, at=at, confirmed=True)
            case "cancelled":
                self._end(happened.Cancelled, reason, at)
            case "expired":
                self._end(happened.Expired, reason, at, expired=True)
            case "returned":
                self._happens(happened.Returned, ledger=self.all_returned, reason=reason, at=at)

    def ship(
        self,
        parts: Sequence[Part] | None,
        *,
        carrier: str | None = None,
        tracking: str | None = None,
        reason: str | None = None,
        at: datetime | None = None,
    ) -> str:
        """Ship these units, or all that are open; answers the shipment's id.

        Raises IllegalTransition, OrderOnHold, ExceedsOpen.
        """
        if self.status != "confirmed":
            self._refuse("shipped")
        self._check_holds("ship")
        parts = self.open_parts if parts is None else parts
        self.ledger.check(parts, lambda _, units: units.reserved, "shipped")
        shipment_id = str(uuid5(self.id, f"shipment {len(self.shipments) + 1}"))
        made = {"shipment_id": shipment_id, "items": parts, "carrier": carrier, "tracking": tracking}
        ledger = self.ledger.entered("shipped", parts)
        self._happens(happened.Shipped, made, ledger=ledger, reason=reason, at=at)
        return shipment_id

    def deliver(self, shipment_id: str, *, reason: str | None = None, at: datetime | None = None) -> None:
        """A shipment arrived. One that had arrived before: nothing happens. Raises NotFound."""
        shipment = self.shipments.get(shipment_id)
        if shipment is None:
            raise NotFound("The order has no such shipment.")
        if shipment.delivered_at is None:
            ledger = self.ledger.entered("delivered", shipment.items)
            self._happens(happened.Delivered, {"shipment_id": shipment_id}, ledger=ledger, reason=reason, at=at)

    def cancel(
        self, reason: str, parts: Sequence[Part] | None = None, at: datetime | None = None
    ) -> Mapping[UUID, int]:
        """Cancel these units, or all of an order of which none was shipped; answers what that gives back (given_up).

        Cancelling the whole twice changes nothing. Raises OrderAlreadyShipped, IllegalTransition, ExceedsOpen.
        """
        if parts is None and self.ledger.total.shipped:
            way_out = ": what is still open can be cancelled by its items" if self.ledger.total.open else ""
            raise OrderAlreadyShipped(
                f"An order of which something was shipped can no longer be cancelled as a whole{way_out}.",
                status_now=self.status,
                allowed_statuses=list(self.allowed_statuses),
                open_items=self.open_parts,
            )
        if self.status == "cancelled":
            return {}
        if self.status == "expired":
            self._refuse("cancelled")
        parts = self.open_parts if parts is None else list(parts)
        self.ledger.check(parts, lambda _, units: units.open, "cancelled")
        ledger, given_up = self.ledger.cancelled(parts), self.given_up(parts)
        if ledger.total.cancelled == ledger.total.ordered:
            self._end(happened.Cancelled, reason, at)
        else:
            self._happens(happened.LinesCancelled, {"items": parts}, ledger=ledger, reason=reason, at=at)
        return given_up

    def expire(self) -> None:
        """It waited too long for its payment; where it does not wait any more, nothing happens."""
        statuses = self.statuses
        if statuses.status == "pending" and statuses.payment_status in NOTHING_PAID:
            self._end(happened.Expired, None, None, expired=True)

    def fill_backorder(self, parts: Sequence[Part]) -> None:
        """Units that were to come are in the stock now. Raises ExceedsOpen."""
        self.ledger.check(parts, lambda _, units: units.backordered, "filled")
        ledger = self.ledger.entered("backordered", parts, -1)
        self._happens(happened.BackorderFilled, {"items": parts}, ledger=ledger)

    def request_return(self, parts: Sequence[Part], reason: str) -> str:
        """The customer will send these units back; answers the return's id. Raises ExceedsOpen."""
        self.ledger.check(parts, self.returnable, "returned")
        return_id = str(uuid5(self.id, f"return {len(self.returns) + 1}"))
        made = {"return_id": return_id, "items": parts}
        self._happens(happened.ReturnRequested, made, reason=reason, returning=True)
        return return_id

    def returnable(self, item_id: str, units: Units) -> int:
        """Units of a line that arrived, and are neither back nor announced."""
        awaited = sum(one.awaited(item_id) for one in self.returns.values())
        return max(units.delivered - units.returned - awaited, 0)

    def receive_return(self, return_id: str, parts: Sequence[ReceivedPart]) -> None:
        """These units of a return came back. Raises NotFound, ExceedsOpen."""
        expected = self.returns.get(return_id)
        if expected is None:
            raise NotFound("The order has no such return.")

        def receivable(item_id: str, units: Units) -> int:
            # By the short form it may all be back already.
            return min(expected.awaited(item_id), units.delivered - units.returned)

        self.ledger.check(parts, receivable, "received")
        made = {"return_id": return_id, "items": parts}
        self._happens(happened.ReturnReceived, made, ledger=self.ledger.entered("returned", parts))

    def _end(
        self, kind: type[happened.OrderEvent], reason: str | None, at: datetime | None, *, expired: bool = False
    ) -> None:
        ledger = self.ledger.cancelled(self.open_parts)
        self._happens(kind, ledger=ledger, reason=reason, at=at, expired=expired)
        self.release_payments()

    def _units(self, parts: Sequence[Part]) -> Counter[UUID]:
        """Product → units. An imported order never took any from the stock."""
        units: Counter[UUID] = Counter()
        if self.reference is None:
            products = {line["id"]: UUID(line["product_id"]) for line in self.lines}
            for part in parts:
                units[products[part["item_id"]]] += part["quantity"]
        return units

    def _check_holds(self, gate: str) -> None:
        holds = [hold for hold in self.holds if hold["gate"] == gate]
        if holds:
            raise OrderOnHold("The order waits before this step: release its holds first.", gate=gate, holds=holds)

    def _check_paid(self) -> None:
        if self.missing_cents:
            raise PaymentRequired(
                "The order is paid online: it can be confirmed when its payment is authorized.",
                missing_cents=self.missing_cents,
            )

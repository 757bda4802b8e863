"""The order: what was asked, what was agreed, and where it stands.

    pending ──► confirmed ──► shipped ──► delivered ──► returned
       │  │         │
       │  └─────────┴──► cancelled
       └──► expired

Facts are events. They enter units in the line ledger, and every status is a function of that: an order is shipped when
none of its units is open any more, delivered when all that was shipped has arrived, returned when all of it came back.

Attributes of events are JSON values (ids as strings), so that what is stored is what was decided. An aggregate never
changes a value in place: a cached order and its fork may share lines and address.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar
from uuid import UUID, uuid5

from eventsourcing.domain import Aggregate, event

from events.domain.line_ledger import LineLedger, Part, Units
from events.domain.order_parts import Address, Line, ReceivedPart, Return, Shipment, line_total
from events.domain.refusal import NotFound, Refusal
from events.domain.statuses import Statuses, allowed_after, statuses_of


class IllegalTransition(Refusal):
    code = "illegal_transition"


class OrderAlreadyShipped(IllegalTransition):
    """It has left the house: what is shipped is returned, not cancelled."""


class Order(Aggregate):
    """One order. Lines, prices and address are fixed when it is placed; the rest is entered as it happens."""

    class Placed(Aggregate.Created):
        PERSONAL: ClassVar[tuple[str, ...]] = ("shipping_address",)
        number: str
        user_id: str
        currency: str
        lines: Sequence[Line]
        shipping_cents: int
        shipping_address: Address
        payment_terms: str

    class Imported(Aggregate.Created):
        """History from elsewhere, in place of Placed: its stock was never ours, and its customer knows it already.

        The fingerprint is sealed too: names and addresses went into it, and a plain hash lets a guess be checked.
        """

        PERSONAL: ClassVar[tuple[str, ...]] = ("shipping_address", "fingerprint")
        number: str
        user_id: str
        currency: str
        lines: Sequence[Line]
        shipping_cents: int
        shipping_address: Address
        reference: str
        fingerprint: str

    class StatusEvent(Aggregate.Event):
        """What happened to an order, and the statuses that followed from it, so that nobody has to count to know them.

        The reason is free text, perhaps about a person. Version 1 knew only steps of the whole order, without statuses.
        """

        PERSONAL: ClassVar[tuple[str, ...]] = ("reason",)
        OF_VERSION_1: ClassVar[Mapping[str, Any]] = {}
        class_version = 2
        reason: str | None
        status: str
        fulfillment_status: str
        return_status: str

        @classmethod
        def upcast_v1_v2(cls, state: dict[str, Any]) -> None:
            state.update(cls.OF_VERSION_1)

    class Confirmed(StatusEvent):
        OF_VERSION_1 = Statuses("confirmed", "unfulfilled", "none")._asdict()

    class Shipped(StatusEvent):
        """A shipment left the house. `items` None: all that was open; version 1 knew nothing else."""

        OF_VERSION_1: ClassVar[Mapping[str, Any]] = {
            **Statuses("shipped", "shipped", "none")._asdict(),
            "shipment_id": None,
            "items": None,
            "carrier": None,
            "tracking": None,
        }
        shipment_id: str | None
        items: Sequence[Part] | None
        carrier: str | None
        tracking: str | None

    class Delivered(StatusEvent):
        """A shipment arrived. `shipment_id` None: all that were under way; version 1 knew nothing else."""

        OF_VERSION_1: ClassVar[Mapping[str, Any]] = {
            **Statuses("delivered", "delivered", "none")._asdict(),
            "shipment_id": None,
        }
        shipment_id: str | None

    class LinesCancelled(StatusEvent):
        """Some of what was open is no longer wanted."""

        class_version = 1
        items: Sequence[Part]

    class Cancelled(StatusEvent):
        """All that was open is no longer wanted, and nothing was shipped."""

        OF_VERSION_1 = Statuses("cancelled", "unfulfilled", "none")._asdict()

    class ReturnRequested(StatusEvent):
        """The customer will send this back."""

        class_version = 1
        return_id: str
        items: Sequence[Part]

    class ReturnReceived(StatusEvent):
        """This came back."""

        class_version = 1
        return_id: str
        items: Sequence[ReceivedPart]

    class Returned(StatusEvent):
        """All that was delivered came back, and none of it into the stock: the short form."""

        OF_VERSION_1 = Statuses("returned", "delivered", "returned")._asdict()

    class Expired(StatusEvent):
        """It waited too long for its payment."""

        OF_VERSION_1 = Statuses("expired", "unfulfilled", "none")._asdict()

    @event(Placed)
    def __init__(
        self,
        number: str,
        user_id: str,
        currency: str,
        lines: Sequence[Line],
        shipping_cents: int,
        shipping_address: Address,
        payment_terms: str = "offline",
        reference: str | None = None,
        fingerprint: str | None = None,
    ) -> None:
        self.number = number
        self.user_id = user_id
        self.currency = currency
        self.lines = lines
        self.shipping_cents = shipping_cents
        self.shipping_address = shipping_address
        self.payment_terms = payment_terms
        self.reference = reference
        self.fingerprint = fingerprint
        self.ledger = LineLedger.opened(lines)
        self.confirmed = False
        self.expired = False
        self.shipments: Mapping[str, Shipment] = {}
        self.returns: Mapping[str, Return] = {}

    @classmethod
    def place(
        cls,
        order_id: UUID,
        *,
        number: str,
        user_id: str,
        currency: str,
        lines: Sequence[Line],
        shipping_cents: int,
        shipping_address: Address,
        payment_terms: str,
    ) -> "Order":
        """A new order, pending."""
        return cls._create(
            cls.Placed,
            id=order_id,
            number=number,
            user_id=user_id,
            currency=currency,
            lines=lines,
            shipping_cents=shipping_cents,
            shipping_address=shipping_address,
            payment_terms=payment_terms,
        )

    @classmethod
    def import_from(
        cls,
        order_id: UUID,
        at: datetime,
        *,
        number: str,
        user_id: str,
        currency: str,
        lines: Sequence[Line],
        shipping_cents: int,
        shipping_address: Address,
        reference: str,
        fingerprint: str,
    ) -> "Order":
        """An order that was placed elsewhere, `at` a time in the past. `fingerprint`: a hash of what was imported."""
        return cls._create(
            cls.Imported,
            id=order_id,
            timestamp=at,
            number=number,
            user_id=user_id,
            currency=currency,
            lines=lines,
            shipping_cents=shipping_cents,
            shipping_address=shipping_address,
            reference=reference,
            fingerprint=fingerprint,
        )

    @property
    def total_cents(self) -> int:
        """Lines and shipping, in cents."""
        return sum(line_total(line) for line in self.lines) + self.shipping_cents

    @property
    def statuses(self) -> Statuses:
        """Where it stands, by its ledger and by what was decided."""
        return statuses_of(
            self.ledger.total, confirmed=self.confirmed, expired=self.expired, returning=bool(self.returns)
        )

    @property
    def status(self) -> str:
        """Where it stands in its life."""
        return self.statuses.status

    @property
    def allowed_statuses(self) -> tuple[str, ...]:
        """The statuses it may change to from here."""
        return allowed_after(self.status, self.statuses.fulfillment_status)

    def in_stock(self, parts: Sequence[Part]) -> Mapping[UUID, int]:
        """Product → units, of parts that are open or came back. An imported order never took any from the stock."""
        if self.reference is not None:
            return {}
        products = {line["id"]: UUID(line["product_id"]) for line in self.lines}
        units: Counter[UUID] = Counter()
        for part in parts:
            units[products[part["item_id"]]] += part["quantity"]
        return units

    @property
    def open_parts(self) -> list[Part]:
        """What is neither cancelled nor shipped."""
        return self.ledger.all(lambda units: units.open)

    def change_status(self, status: str, reason: str | None = None, at: datetime | None = None) -> None:
        """Take one step with the whole order. To where it already is: nothing happens. Raises IllegalTransition."""
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
                self._happens(Order.Confirmed, self.ledger, reason, at, confirmed=True)
            case "cancelled":
                self._happens(Order.Cancelled, self._nothing_open, reason, at)
            case "expired":
                self._happens(Order.Expired, self._nothing_open, reason, at, expired=True)
            case "returned":
                self._happens(Order.Returned, self._all_returned, reason, at)

    def ship(
        self,
        parts: Sequence[Part] | None,
        *,
        carrier: str | None = None,
        tracking: str | None = None,
        reason: str | None = None,
        at: datetime | None = None,
    ) -> str:
        """Ship these units, or all that are open; answers the shipment's id. Raises IllegalTransition, ExceedsOpen."""
        if self.status != "confirmed":
            self._refuse("shipped")
        parts = self.open_parts if parts is None else parts
        self.ledger.check(parts, lambda _, units: units.open, "shipped")
        shipment_id = str(uuid5(self.id, f"shipment {len(self.shipments) + 1}"))
        ledger = self.ledger.entered("shipped", parts)
        made = {"shipment_id": shipment_id, "items": parts, "carrier": carrier, "tracking": tracking}
        self._happens(Order.Shipped, ledger, reason, at, made)
        return shipment_id

    def deliver(self, shipment_id: str, *, reason: str | None = None, at: datetime | None = None) -> None:
        """A shipment arrived. One that had arrived before: nothing happens. Raises NotFound."""
        shipment = self.shipments.get(shipment_id)
        if shipment is None:
            raise NotFound("The order has no such shipment.")
        if shipment.delivered_at is None:
            ledger = self.ledger.entered("delivered", shipment.items)
            self._happens(Order.Delivered, ledger, reason, at, {"shipment_id": shipment_id})

    def cancel(self, reason: str, parts: Sequence[Part] | None = None, at: datetime | None = None) -> list[Part]:
        """Cancel these units, or all of an order of which none was shipped; answers what was cancelled.

        Cancelling the whole twice changes nothing. Raises OrderAlreadyShipped, IllegalTransition, ExceedsOpen.
        """
        shipped = self.ledger.total.shipped
        if parts is None and shipped:
            way_out = ": what is still open can be cancelled by its items" if self.ledger.total.open else ""
            raise OrderAlreadyShipped(
                f"An order of which something was shipped can no longer be cancelled as a whole{way_out}.",
                status_now=self.status,
                allowed_statuses=list(self.allowed_statuses),
                open_items=self.open_parts,
            )
        if self.status == "cancelled":
            return []
        if self.status == "expired":
            self._refuse("cancelled")
        parts = self.open_parts if parts is None else list(parts)
        self.ledger.check(parts, lambda _, units: units.open, "cancelled")
        ledger = self.ledger.entered("cancelled", parts)
        if ledger.total.cancelled == ledger.total.ordered:
            self._happens(Order.Cancelled, ledger, reason, at)
        else:
            self._happens(Order.LinesCancelled, ledger, reason, at, {"items": parts})
        return parts

    def request_return(self, parts: Sequence[Part], reason: str) -> str:
        """The customer will send these units back; answers the return's id. Raises ExceedsOpen."""

        def returnable(item_id: str, units: Units) -> int:
            awaited = sum(one.awaited(item_id) for one in self.returns.values())
            return max(units.delivered - units.returned - awaited, 0)

        self.ledger.check(parts, returnable, "returned")
        return_id = str(uuid5(self.id, f"return {len(self.returns) + 1}"))
        made = {"return_id": return_id, "items": parts}
        self._happens(Order.ReturnRequested, self.ledger, reason, None, made, returning=True)
        return return_id

    def receive_return(self, return_id: str, parts: Sequence[ReceivedPart]) -> None:
        """These units of a return came back. Raises NotFound, ExceedsOpen."""
        expected = self.returns.get(return_id)
        if expected is None:
            raise NotFound("The order has no such return.")

        def receivable(item_id: str, units: Units) -> int:
            # By the short form it may all be back already.
            return min(expected.awaited(item_id), units.delivered - units.returned)

        self.ledger.check(parts, receivable, "received")
        ledger = self.ledger.entered("returned", parts)
        self._happens(Order.ReturnReceived, ledger, None, None, {"return_id": return_id, "items": parts})

    def _happens(
        self,
        kind: type[StatusEvent],
        ledger: LineLedger,
        reason: str | None,
        at: datetime | None,
        fields: Mapping[str, Any] = MappingProxyType({}),
        **decided: bool,
    ) -> None:
        """Have it happen, with the statuses that follow from the ledger as it will be."""
        decisions = {"confirmed": self.confirmed, "expired": self.expired, "returning": bool(self.returns), **decided}
        after = statuses_of(ledger.total, **decisions)
        self.trigger_event(kind, reason=reason, timestamp=at, **fields, **after._asdict())

    @property
    def _nothing_open(self) -> LineLedger:
        return self.ledger.entered("cancelled", self.open_parts)

    @property
    def _all_returned(self) -> LineLedger:
        return self.ledger.entered("returned", self.ledger.all(lambda units: units.delivered - units.returned))

    def _refuse(self, status: str) -> None:
        raise IllegalTransition(
            f"An order that is {self.status} cannot become {status}.",
            status_now=self.status,
            allowed_statuses=list(self.allowed_statuses),
        )

    @event(Confirmed)
    def _confirmed(self) -> None:
        self.confirmed = True

    @event(Shipped)
    def _shipped(
        self,
        shipment_id: str | None,
        items: Sequence[Part] | None,
        carrier: str | None,
        tracking: str | None,
        timestamp: datetime,
    ) -> None:
        parts = self.open_parts if items is None else items
        shipment_id = shipment_id or str(uuid5(self.id, "shipment 1"))
        self.ledger = self.ledger.entered("shipped", parts)
        self.shipments = {**self.shipments, shipment_id: Shipment(parts, carrier, tracking, timestamp)}

    @event(Delivered)
    def _delivered(self, shipment_id: str | None, timestamp: datetime) -> None:
        shipments = dict(self.shipments)
        for one, shipment in shipments.items():
            if shipment.delivered_at is None and shipment_id in (None, one):
                self.ledger = self.ledger.entered("delivered", shipment.items)
                shipments[one] = shipment._replace(delivered_at=timestamp)
        self.shipments = shipments

    @event(LinesCancelled)
    def _lines_cancelled(self, items: Sequence[Part]) -> None:
        self.ledger = self.ledger.entered("cancelled", items)

    @event(Cancelled)
    def _cancelled(self) -> None:
        self.ledger = self._nothing_open

    @event(ReturnRequested)
    def _return_requested(self, return_id: str, items: Sequence[Part], timestamp: datetime) -> None:
        self.returns = {**self.returns, return_id: Return(items, timestamp)}

    @event(ReturnReceived)
    def _return_received(self, return_id: str, items: Sequence[ReceivedPart]) -> None:
        expected = self.returns[return_id]
        self.returns = {**self.returns, return_id: expected._replace(received=[*expected.received, *items])}
        self.ledger = self.ledger.entered("returned", items)

    @event(Returned)
    def _returned(self) -> None:
        self.ledger = self._all_returned

    @event(Expired)
    def _expired(self) -> None:
        self.ledger = self._nothing_open
        self.expired = True

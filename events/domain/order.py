"""The order: what was asked, what was agreed, and where it stands.

    pending ──► confirmed ──► shipped ──► delivered ──► returned
       │  │         │
       │  └─────────┴──► cancelled
       └──► expired

Attributes of events are JSON values (ids as strings), so that what is stored is what was decided. An aggregate never
changes a value in place: a cached order and its fork may share lines and address.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar, NotRequired, TypedDict
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from events.domain.refusal import Refusal

NEXT_STATUSES: dict[str, tuple[str, ...]] = {
    "pending": ("confirmed", "cancelled", "expired"),
    "confirmed": ("shipped", "cancelled"),
    "shipped": ("delivered",),
    "delivered": ("returned",),
    "cancelled": (),
    "expired": (),
    "returned": (),
}
"""Status → the statuses it may change to."""


class Address(TypedDict):
    """Where an order goes. Personal data: sealed wherever it is stored in the log."""

    recipient: str
    line1: str
    line2: NotRequired[str | None]
    city: str
    region: NotRequired[str | None]
    postal_code: NotRequired[str | None]
    country: str


class Line(TypedDict):
    """One line of an order: name and price as they were when it was placed."""

    id: str
    product_id: str
    product_name: str
    quantity: int
    price_cents: int
    discount_cents: int


def line_total(line: Line) -> int:
    """Cents: price × quantity − discount."""
    return line["price_cents"] * line["quantity"] - line["discount_cents"]


class IllegalTransition(Refusal):
    code = "illegal_transition"


class OrderAlreadyShipped(IllegalTransition):
    """It has left the house: what is shipped is returned, not cancelled."""


class Order(Aggregate):
    """One order. `status` moves along NEXT_STATUSES; everything else is fixed when it is placed."""

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
        """A step along the statuses. The reason is free text, perhaps about a person."""

        PERSONAL: ClassVar[tuple[str, ...]] = ("reason",)
        reason: str | None

    class Confirmed(StatusEvent):
        pass

    class Shipped(StatusEvent):
        pass

    class Delivered(StatusEvent):
        pass

    class Cancelled(StatusEvent):
        pass

    class Returned(StatusEvent):
        pass

    class Expired(StatusEvent):
        pass

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
        self.status = "pending"

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
    def allowed_statuses(self) -> tuple[str, ...]:
        """The statuses it may change to from here."""
        return NEXT_STATUSES[self.status]

    @property
    def reserved(self) -> Mapping[UUID, int]:
        """Product → units of stock that it holds while it is open. An imported order never held any."""
        if self.reference is not None or self.status not in ("pending", "confirmed"):
            return {}
        return {UUID(line["product_id"]): line["quantity"] for line in self.lines}

    def change_status(self, status: str, reason: str | None = None, at: datetime | None = None) -> None:
        """Take one step. To where it already is: nothing happens. Raises IllegalTransition."""
        if status == self.status:
            return
        if status not in self.allowed_statuses:
            self._refuse(status)
        self._step(STEPS[status], reason, at)

    def cancel(self, reason: str, at: datetime | None = None) -> None:
        """Cancel what is still open. Cancelling twice changes nothing. Raises OrderAlreadyShipped."""
        if self.status in ("shipped", "delivered", "returned"):
            raise OrderAlreadyShipped(
                f"An order that is {self.status} can no longer be cancelled.",
                status_now=self.status,
                allowed_statuses=list(self.allowed_statuses),
            )
        self.change_status("cancelled", reason, at)

    def _refuse(self, status: str) -> None:
        raise IllegalTransition(
            f"An order that is {self.status} cannot become {status}.",
            status_now=self.status,
            allowed_statuses=list(self.allowed_statuses),
        )

    def _step(self, step: type[StatusEvent], reason: str | None, at: datetime | None) -> None:
        self.trigger_event(step, reason=reason, timestamp=at)

    @event(Confirmed)
    def _confirmed(self) -> None:
        self.status = "confirmed"

    @event(Shipped)
    def _shipped(self) -> None:
        self.status = "shipped"

    @event(Delivered)
    def _delivered(self) -> None:
        self.status = "delivered"

    @event(Cancelled)
    def _cancelled(self) -> None:
        self.status = "cancelled"

    @event(Returned)
    def _returned(self) -> None:
        self.status = "returned"

    @event(Expired)
    def _expired(self) -> None:
        self.status = "expired"


STEPS: dict[str, type[Order.StatusEvent]] = {
    "confirmed": Order.Confirmed,
    "shipped": Order.Shipped,
    "delivered": Order.Delivered,
    "cancelled": Order.Cancelled,
    "returned": Order.Returned,
    "expired": Order.Expired,
}
"""Status → the event by which an order comes to it."""

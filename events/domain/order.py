"""The order: what was asked, what was agreed, and where it stands.

Facts are events (order_events.py, payment_events.py). They move units in the line ledger and amounts in the money
ledger, and every status is a function of these. The verbs are in fulfillment.py, payments.py, and here those that move
neither.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from inspect import signature
from typing import Any, ClassVar
from uuid import UUID, uuid5

from eventsourcing.domain import Aggregate, event

from events.domain import order_events as happened
from events.domain.fulfillment import Fulfillment, OrderAlreadyShipped, OrderOnHold, PaymentRequired
from events.domain.line_ledger import LineLedger, Part
from events.domain.money_ledger import NO_MONEY
from events.domain.order_parts import Address, Hold, Line, Return, Shipment
from events.domain.order_state import IllegalTransition
from events.domain.refusal import NotFound

__all__ = ["IllegalTransition", "Order", "OrderAlreadyShipped", "OrderOnHold", "PaymentRequired"]


class _Began(Aggregate.Created):
    """An order began. The library's own way finds out anew each time what an order is and which fields it is made of,
    which costs more than to make it. What it does besides is left out: nobody checks the fields given to `begin`, and
    an `apply` would not be called."""

    @classmethod
    def begin(cls, order_id: UUID, at: datetime | None, **fields: Any) -> "Order":
        """The order, with this event to be collected."""
        began = object.__new__(cls)
        vars(began).update(
            originator_topic=Order.__name__,
            originator_id=order_id,
            originator_version=Order.INITIAL_VERSION,
            timestamp=at or cls.create_timestamp(),
            **fields,
        )
        order = began.mutate(None)
        order.pending_events.append(began)
        return order

    def mutate(self, aggregate: None) -> "Order":  # type: ignore[override]
        fields = vars(self)
        order = object.__new__(Order)
        order.__base_init__(self.originator_id, self.originator_version, self.timestamp)
        Order.__init__(order, **{name: fields[name] for name in fields if name in _MADE_OF})
        return order


class Order(Fulfillment, Aggregate):
    """One order."""

    class Placed(_Began):
        """`backordered`: what of the lines was not in the stock. Version 1 knew neither that nor a time to pay."""

        PERSONAL: ClassVar[tuple[str, ...]] = ("shipping_address",)
        class_version = 2
        number: str
        user_id: str
        currency: str
        lines: Sequence[Line]
        shipping_cents: int
        shipping_address: Address
        payment_terms: str
        expires_at: str | None
        backordered: Sequence[Part]

        @classmethod
        def upcast_v1_v2(cls, state: dict[str, Any]) -> None:
            state.update(expires_at=None, backordered=[])

    class Imported(_Began):
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
        expires_at: str | None = None,
        backordered: Sequence[Part] = (),
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
        self.expires_at = expires_at
        self.reference = reference
        self.fingerprint = fingerprint
        self.ledger = LineLedger.opened(lines, backordered)
        self.money = NO_MONEY
        self.confirmed = False
        self.expired = False
        self.shipments: Mapping[str, Shipment] = {}
        self.returns: Mapping[str, Return] = {}
        self.holds: Sequence[Hold] = ()
        self.notes = 0

    @property
    def person_id(self) -> UUID:
        """Whose data it holds."""
        return UUID(self.user_id)

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
        at: datetime | None = None,
        expires_at: str | None = None,
        backordered: Sequence[Part] = (),
    ) -> "Order":
        """A new order, pending."""
        return cls.Placed.begin(
            order_id,
            at,
            number=number,
            user_id=user_id,
            currency=currency,
            lines=lines,
            shipping_cents=shipping_cents,
            shipping_address=shipping_address,
            payment_terms=payment_terms,
            expires_at=expires_at,
            backordered=backordered,
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
        return cls.Imported.begin(
            order_id,
            at,
            number=number,
            user_id=user_id,
            currency=currency,
            lines=lines,
            shipping_cents=shipping_cents,
            shipping_address=shipping_address,
            reference=reference,
            fingerprint=fingerprint,
        )

    def place_hold(self, gate: str, reason: str, note: str | None) -> str:
        """Have a step wait; answers the hold's id."""
        hold_id = str(uuid5(self.id, f"hold {self.version + 1}"))
        holds = [*self.holds, Hold(id=hold_id, reason=reason, gate=gate)]
        made = {"hold_id": hold_id, "gate": gate, "note": note, "holds": holds}
        self._happens(happened.HoldPlaced, made, reason=reason)
        return hold_id

    def release_hold(self, hold_id: str) -> None:
        """Have it wait for this no longer. Raises NotFound."""
        left = [hold for hold in self.holds if hold["id"] != hold_id]
        if len(left) == len(self.holds):
            raise NotFound("The order has no such hold; perhaps it was released before.")
        self._happens(happened.HoldReleased, {"hold_id": hold_id, "holds": left})

    def add_note(self, text: str) -> str:
        """Write something down; answers the note's id."""
        note_id = str(uuid5(self.id, f"note {self.notes + 1}"))
        self._happens(happened.NoteAdded, {"note_id": note_id, "text": text})
        return note_id

    def readdress(self, address: Address, reason: str | None = None) -> None:
        """Send it elsewhere. The same address: nothing happens. Raises IllegalTransition."""
        if self.status not in ("pending", "confirmed") or self.ledger.total.shipped:
            raise IllegalTransition(
                f"An order that is {self.status} keeps its address once something was shipped, or it has ended.",
                status_now=self.status,
                allowed_statuses=list(self.allowed_statuses),
            )
        if address != self.shipping_address:
            self._happens(happened.ShippingAddressChanged, {"shipping_address": address}, reason=reason)


_MADE_OF = frozenset(signature(Order.__init__).parameters)

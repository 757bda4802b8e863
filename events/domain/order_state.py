"""What an order remembers, and what follows from it. Its events write here; its decisions read here."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from events.domain.line_ledger import LineLedger, Part
from events.domain.money_ledger import MoneyLedger, payment_status
from events.domain.order_events import OrderEvent
from events.domain.order_parts import Address, Hold, Line, Return, Shipment, line_total, share_of
from events.domain.refusal import Refusal
from events.domain.statuses import Statuses, allowed_after, statuses_of

if TYPE_CHECKING:
    from eventsourcing.domain import Aggregate as _Aggregate
else:
    # The library makes events and fields of whatever inherits from its class: only the order itself does.
    _Aggregate = object

ENDED = ("cancelled", "expired")
"""The statuses of an order of which nothing will be shipped, and so nothing is to be paid."""


class IllegalTransition(Refusal):
    code = "illegal_transition"


class OrderState(_Aggregate):
    """Lines and prices are fixed when it is placed; the rest is entered as it happens."""

    number: str
    user_id: str
    currency: str
    lines: Sequence[Line]
    shipping_cents: int
    shipping_address: Address
    payment_terms: str
    expires_at: str | None
    reference: str | None
    fingerprint: str | None
    ledger: LineLedger
    money: MoneyLedger
    confirmed: bool
    expired: bool
    shipments: Mapping[str, Shipment]
    returns: Mapping[str, Return]
    holds: Sequence[Hold]
    notes: int

    @property
    def total_cents(self) -> int:
        """Lines and shipping, in cents, as placed."""
        return sum(line_total(line) for line in self.lines) + self.shipping_cents

    @property
    def due_cents(self) -> int:
        """What is to be paid in all: the total without what was cancelled; nothing where all was."""
        return self._due(self.ledger)

    @property
    def statuses(self) -> Statuses:
        """Where it stands, by its ledgers and by what was decided."""
        return self._statuses(self.ledger, self.money)

    @property
    def status(self) -> str:
        """Where it stands in its life."""
        return self.statuses.status

    @property
    def allowed_statuses(self) -> tuple[str, ...]:
        """The statuses it may change to from here."""
        statuses = self.statuses
        return allowed_after(statuses.status, statuses.fulfillment_status)

    @property
    def open_parts(self) -> list[Part]:
        """What is neither cancelled nor shipped."""
        return self.ledger.all(lambda units: units.open)

    @property
    def all_returned(self) -> LineLedger:
        """The ledger, were all that was delivered to come back."""
        return self.ledger.entered("returned", self.ledger.all(lambda units: units.delivered - units.returned))

    def _due(self, ledger: LineLedger) -> int:
        total = ledger.total
        if not total.cancelled:
            return self.total_cents
        if total.cancelled == total.ordered:
            return 0
        kept = (share_of(line, line["quantity"] - ledger.lines[line["id"]].cancelled) for line in self.lines)
        return sum(kept) + self.shipping_cents

    def _statuses(self, ledger: LineLedger, money: MoneyLedger, **decided: bool) -> Statuses:
        paid = payment_status(money.sums, self._due(ledger)) if money.payments else "unpaid"
        decisions = {"confirmed": self.confirmed, "expired": self.expired, "returning": bool(self.returns), **decided}
        return statuses_of(ledger.total, paid, **decisions)

    def _happens(
        self,
        kind: type[OrderEvent],
        fields: Mapping[str, Any] = MappingProxyType({}),
        *,
        ledger: LineLedger | None = None,
        money: MoneyLedger | None = None,
        reason: str | None = None,
        at: datetime | None = None,
        **decided: bool,
    ) -> None:
        """Have it happen, with the statuses that follow from the ledgers as they will be."""
        after = self._statuses(ledger or self.ledger, money or self.money, **decided)
        self.trigger_event(kind, reason=reason, timestamp=at, **fields, **after._asdict())

    def _refuse(self, status: str) -> None:
        raise IllegalTransition(
            f"An order that is {self.status} cannot become {status}.",
            status_now=self.status,
            allowed_statuses=list(self.allowed_statuses),
        )

"""The money ledger: of every payment of an order, what was authorized, captured, given back. In minor units.

Always: nothing is negative, capture pending + captured + voided ≤ authorized, and refund pending + refunded ≤
captured, for every payment and so for all together.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

NOTHING_PAID = ("unpaid", "voided", "refunded")
"""The payment statuses of an order of whose money we have nothing, and may take nothing."""

REQUESTED, DONE, FAILED = "requested", "done", "failed"


class Payment(NamedTuple):
    """What the customer allowed us to take, at the payment provider's own reference.

    `voided_cents` were released again; with `void_id` the provider was asked to release what is left.
    `released_cents`: what it says that it released; part of that may still be set aside here, for a capture that can
    only fail.
    """

    psp_reference: str
    authorized_cents: int
    authorized_at: datetime
    voided_cents: int = 0
    void_id: str | None = None
    released_cents: int | None = None


class Movement(NamedTuple):
    """A capture or a refund: asked for first, which sets the amount aside, then done or failed as the provider says."""

    payment_id: str
    amount_cents: int
    at: datetime
    status: str = REQUESTED
    failure: str | None = None


class Sums(NamedTuple):
    """All payments of an order together, or one."""

    authorized: int = 0
    voided: int = 0
    capture_pending: int = 0
    captured: int = 0
    refund_pending: int = 0
    refunded: int = 0

    @property
    def capturable(self) -> int:
        """What is authorized and neither released nor taken nor about to be."""
        return self.authorized - self.voided - self.capture_pending - self.captured

    @property
    def refundable(self) -> int:
        """What was taken and neither given back nor about to be."""
        return self.captured - self.refund_pending - self.refunded


@dataclass(frozen=True, slots=True)
class MoneyLedger:
    """Payments, captures and refunds by their ids. An entry makes another ledger of it."""

    payments: Mapping[str, Payment]
    captures: Mapping[str, Movement]
    refunds: Mapping[str, Movement]

    def authorized(self, payment_id: str, payment: Payment) -> "MoneyLedger":
        """With a payment more."""
        return replace(self, payments={**self.payments, payment_id: payment})

    def void_requested(self, payment_id: str, void_id: str) -> "MoneyLedger":
        """With the provider asked to release what is left of a payment."""
        payment = self.payments[payment_id]._replace(void_id=void_id)
        return replace(self, payments={**self.payments, payment_id: payment})

    def voided(self, payment_id: str, amount_cents: int, released_cents: int) -> "MoneyLedger":
        """With so much more of a payment released, of what the provider says it released."""
        payment = self.payments[payment_id]
        payment = payment._replace(voided_cents=payment.voided_cents + amount_cents, released_cents=released_cents)
        return replace(self, payments={**self.payments, payment_id: payment})

    def capture(self, capture_id: str, movement: Movement) -> "MoneyLedger":
        """With this capture, as it stands now."""
        return replace(self, captures={**self.captures, capture_id: movement})

    def refund(self, refund_id: str, movement: Movement) -> "MoneyLedger":
        """With this refund, as it stands now."""
        return replace(self, refunds={**self.refunds, refund_id: movement})

    @property
    def sums(self) -> Sums:
        """All payments together."""
        return self._sums(self.payments) if self.payments else Sums()

    def sums_of(self, payment_id: str) -> Sums:
        """One payment."""
        return self._sums((payment_id,))

    def _sums(self, payment_ids: Iterable[str]) -> Sums:
        wanted = frozenset(payment_ids)
        return Sums(
            authorized=sum(self.payments[one].authorized_cents for one in wanted),
            voided=sum(self.payments[one].voided_cents for one in wanted),
            capture_pending=_moved(self.captures, wanted, REQUESTED),
            captured=_moved(self.captures, wanted, DONE),
            refund_pending=_moved(self.refunds, wanted, REQUESTED),
            refunded=_moved(self.refunds, wanted, DONE),
        )


NO_MONEY = MoneyLedger({}, {}, {})


def _moved(movements: Mapping[str, Movement], payment_ids: frozenset[str], status: str) -> int:
    return sum(one.amount_cents for one in movements.values() if one.payment_id in payment_ids and one.status == status)


def payment_status(sums: Sums, due_cents: int) -> str:
    """Where the payment of an order stands of which so much is due."""
    if not sums.captured:
        if sums.authorized > sums.voided:
            return "authorized"
        return "voided" if sums.voided else "unpaid"
    if sums.refunded:
        return "refunded" if sums.refunded == sums.captured else "partially_refunded"
    return "paid" if sums.captured >= due_cents else "partially_paid"

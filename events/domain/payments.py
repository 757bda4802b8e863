"""How an order is paid. Every amount is checked against the money ledger before anybody is asked to move it.

    authorized ──► capture requested ──► captured ──► refund requested ──► refunded
        │                  └──► failed                       └──► failed
        └──► void requested ──► voided

What the provider says has happened is entered also where nobody asked for it; only what cannot be is refused. A payment
for an order that has ended goes back by itself.
"""

from collections.abc import Mapping
from typing import Any
from uuid import uuid5

from events.domain import payment_events as happened
from events.domain.money_ledger import DONE, FAILED, REQUESTED, Movement, Payment
from events.domain.order_state import ENDED, OrderState
from events.domain.refusal import NotFound, Refusal


class CurrencyMismatch(Refusal):
    code = "currency_mismatch"


class PaymentReferenceTaken(Refusal):
    """A provider's reference stands for one payment."""

    code = "psp_reference_taken"


class CaptureExceedsAuthorized(Refusal):
    code = "capture_exceeds_authorized"


class CaptureExceedsDue(Refusal):
    code = "capture_exceeds_due"


class RefundExceedsCaptured(Refusal):
    code = "refund_exceeds_captured"


class Payments(OrderState):
    """The decisions about an order's money."""

    @property
    def missing_cents(self) -> int:
        """What of an order that is paid online is not authorized yet; an offline one needs no payment."""
        if self.payment_terms != "online":
            return 0
        sums = self.money.sums
        # What was captured is part of what was authorized.
        return max(self.due_cents - (sums.authorized - sums.voided - sums.refunded), 0)

    def authorize(self, psp_reference: str, amount_cents: int, currency: str) -> str:
        """The customer allowed us to take so much; answers the payment's id. Known already: nothing happens.

        Raises CurrencyMismatch, PaymentReferenceTaken.
        """
        self.check_currency(currency)
        payment_id = str(uuid5(self.id, f"payment {psp_reference}"))
        known = self.money.payments.get(payment_id)
        if known is not None:
            if known.authorized_cents != amount_cents:
                raise PaymentReferenceTaken(
                    "This reference stands for a payment of another amount.",
                    payment_id=payment_id,
                    authorized_cents=known.authorized_cents,
                )
            return payment_id
        made = {"payment_id": payment_id, "psp_reference": psp_reference, "amount_cents": amount_cents}
        money = self.money.authorized(payment_id, Payment(psp_reference, amount_cents, self.modified_on))
        self._happens(happened.PaymentAuthorized, made, money=money)
        if self.status in ENDED:
            self.release_payments()
        return payment_id

    def request_capture(self, payment_id: str, amount_cents: int) -> str:
        """Have so much taken; answers the capture's id. Raises NotFound, CaptureExceedsAuthorized,
        CaptureExceedsDue."""
        self._check_payment(payment_id)
        payment = self.money.payments[payment_id]
        ended = payment.void_id is not None or payment.released_cents is not None
        capturable = 0 if ended else self.money.sums_of(payment_id).capturable
        if amount_cents > capturable:
            raise CaptureExceedsAuthorized(
                f"Of this payment {capturable} can be captured.", asked_cents=amount_cents, left_cents=capturable
            )
        sums = self.money.sums
        due = self.due_cents - sums.captured - sums.capture_pending
        if amount_cents > due:
            raise CaptureExceedsDue(
                f"Of this order {max(due, 0)} is still to be paid.", asked_cents=amount_cents, left_cents=max(due, 0)
            )
        capture_id = str(uuid5(self.id, f"capture {len(self.money.captures) + 1}"))
        movement = Movement(payment_id, amount_cents, self.modified_on)
        made = _moved("capture_id", capture_id, movement)
        self._happens(happened.CaptureRequested, made, money=self.money.capture(capture_id, movement))
        return capture_id

    def captured(self, request_id: str | None, payment_id: str, amount_cents: int, event_id: str) -> None:
        """The provider took so much, perhaps unasked (then `event_id` names it). Known already: nothing happens.

        Raises NotFound, CaptureExceedsAuthorized.
        """
        self._check_payment(payment_id)
        capture_id, asked = self._asked("capture", self.money.captures, request_id or event_id, payment_id)
        if asked is not None and asked.status == DONE:
            return
        capturable = self.money.sums_of(payment_id).capturable + _set_aside(asked)
        if amount_cents > capturable:
            raise CaptureExceedsAuthorized(
                f"Of this payment {capturable} can be captured.", asked_cents=amount_cents, left_cents=capturable
            )
        movement = Movement(payment_id, amount_cents, self.modified_on, DONE)
        made = _moved("capture_id", capture_id, movement)
        self._happens(happened.PaymentCaptured, made, money=self.money.capture(capture_id, movement))
        if self.status in ENDED:
            self._give_back(capture_id)
            self.release_payments()

    def capture_failed(self, capture_id: str, failure: str, payment_id: str | None = None) -> None:
        """The provider will not take it. Decided already: nothing happens. Raises NotFound."""
        asked = self._request(self.money.captures, capture_id, payment_id, "The order has no such capture.")
        if asked.status == REQUESTED:
            money = self.money.capture(capture_id, asked._replace(status=FAILED, failure=failure))
            self._happens(happened.CaptureFailed, {"capture_id": capture_id, "failure": failure}, money=money)
            payment = self.money.payments[asked.payment_id]
            if payment.released_cents is not None:
                free = self.money.sums_of(asked.payment_id).capturable
                left = min(free, payment.released_cents - payment.voided_cents)
                if left > 0:
                    self._void(asked.payment_id, left, payment.released_cents)
            if self.status in ENDED:
                self.release_payments()

    def release_payments(self) -> None:
        """Have released what is authorized and not captured. What was captured before is refunded by decision only."""
        for payment_id, payment in self.money.payments.items():
            sums = self.money.sums_of(payment_id)
            asked = payment.void_id is not None or payment.released_cents is not None
            if sums.capturable and not sums.capture_pending and not asked:
                void_id = str(uuid5(self.id, f"void {payment_id}"))
                made = {"void_id": void_id, "payment_id": payment_id}
                self._happens(happened.PaymentVoidRequested, made, money=self.money.void_requested(payment_id, void_id))

    def voided(self, payment_id: str, released_cents: int) -> None:
        """The provider released so much. Known already: nothing happens. Raises NotFound.

        What is set aside for a capture is entered when that has failed; what is taken there already, and not yet told,
        is no part of it.
        """
        self._check_payment(payment_id)
        if self.money.payments[payment_id].released_cents is None:
            self._void(payment_id, min(self.money.sums_of(payment_id).capturable, released_cents), released_cents)

    def _void(self, payment_id: str, amount_cents: int, released_cents: int) -> None:
        made = {"payment_id": payment_id, "amount_cents": amount_cents, "released_cents": released_cents}
        self._happens(happened.PaymentVoided, made, money=self.money.voided(payment_id, amount_cents, released_cents))

    def request_refund(self, amount_cents: int, reason: str, payment_id: str | None = None) -> str:
        """Have so much given back, of one payment; answers the refund's id. Raises NotFound, RefundExceedsCaptured."""
        if payment_id is not None:
            self._check_payment(payment_id)
        refundable = {one: self.money.sums_of(one).refundable for one in self.money.payments}
        payment_id = payment_id or max(refundable, key=lambda one: refundable[one], default="")
        left = refundable.get(payment_id, 0)
        if amount_cents > left:
            raise RefundExceedsCaptured(
                f"Of what was captured {left} can be refunded in one refund.",
                asked_cents=amount_cents,
                left_cents=left,
                refundable_cents_by_payment=refundable,
            )
        refund_id = str(uuid5(self.id, f"refund {len(self.money.refunds) + 1}"))
        movement = Movement(payment_id, amount_cents, self.modified_on)
        made = _moved("refund_id", refund_id, movement)
        self._happens(happened.RefundRequested, made, money=self.money.refund(refund_id, movement), reason=reason)
        return refund_id

    def refunded(self, request_id: str | None, payment_id: str, amount_cents: int, event_id: str) -> None:
        """The provider gave so much back, perhaps unasked. Known already: nothing happens.

        Raises NotFound, RefundExceedsCaptured.
        """
        self._check_payment(payment_id)
        refund_id, asked = self._asked("refund", self.money.refunds, request_id or event_id, payment_id)
        if asked is not None and asked.status == DONE:
            return
        left = self.money.sums_of(payment_id).refundable + _set_aside(asked)
        if amount_cents > left:
            raise RefundExceedsCaptured(
                f"Of this payment {left} can be refunded.", asked_cents=amount_cents, left_cents=left
            )
        movement = Movement(payment_id, amount_cents, self.modified_on, DONE)
        made = _moved("refund_id", refund_id, movement)
        self._happens(happened.PaymentRefunded, made, money=self.money.refund(refund_id, movement))

    def refund_failed(self, refund_id: str, failure: str, payment_id: str | None = None) -> None:
        """The provider will not give it back. Decided already: nothing happens. Raises NotFound."""
        asked = self._request(self.money.refunds, refund_id, payment_id, "The order has no such refund.")
        if asked.status == REQUESTED:
            money = self.money.refund(refund_id, asked._replace(status=FAILED, failure=failure))
            self._happens(happened.RefundFailed, {"refund_id": refund_id, "failure": failure}, money=money)

    @staticmethod
    def _request(movements: Mapping[str, Movement], movement_id: str, payment_id: str | None, missing: str) -> Movement:
        asked = movements.get(movement_id)
        if asked is None or payment_id not in (None, asked.payment_id):
            raise NotFound(missing)
        return asked

    def _give_back(self, capture_id: str) -> None:
        """A capture that came after the order had ended."""
        late = self.money.captures[capture_id]
        self.request_refund(late.amount_cents, "paid after the order had ended", late.payment_id)

    def _asked(
        self, kind: str, movements: Mapping[str, Movement], named: str, payment_id: str
    ) -> tuple[str, Movement | None]:
        """What we had asked of this payment under this name, with its id; what nobody asked for gets an id by both."""
        if named in movements and movements[named].payment_id == payment_id:
            return named, movements[named]
        movement_id = str(uuid5(self.id, f"{kind} {payment_id} {named}"))
        return movement_id, movements.get(movement_id)

    def _check_payment(self, payment_id: str) -> None:
        if payment_id not in self.money.payments:
            raise NotFound("The order has no such payment.")

    def check_currency(self, currency: str) -> None:
        """All payments are in the order's own. Raises CurrencyMismatch."""
        if currency != self.currency:
            raise CurrencyMismatch(f"The order is in {self.currency}.", currency=self.currency)


def _set_aside(asked: Movement | None) -> int:
    """What a request keeps for itself until it is decided."""
    return asked.amount_cents if asked is not None and asked.status == REQUESTED else 0


def _moved(name: str, movement_id: str, movement: Movement) -> Mapping[str, Any]:
    return {name: movement_id, "payment_id": movement.payment_id, "amount_cents": movement.amount_cents}

"""What happens to an order's payment. A capture, a refund or a void is asked for first, under an id that is the payment
provider's idempotency key, and has happened when the provider says so."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from events.domain.money_ledger import DONE, FAILED, Movement, Payment
from events.domain.order_events import OrderEvent

if TYPE_CHECKING:
    from events.domain.order_state import OrderState


class PaymentAuthorized(OrderEvent):
    """The customer allowed us to take so much."""

    payment_id: str
    psp_reference: str
    amount_cents: int

    def apply(self, order: "OrderState") -> None:
        payment = Payment(self.psp_reference, self.amount_cents, self.timestamp)
        order.money = order.money.authorized(self.payment_id, payment)


class CaptureRequested(OrderEvent):
    """We asked the provider to take so much."""

    capture_id: str
    payment_id: str
    amount_cents: int

    def apply(self, order: "OrderState") -> None:
        movement = Movement(self.payment_id, self.amount_cents, self.timestamp)
        order.money = order.money.capture(self.capture_id, movement)


class PaymentCaptured(OrderEvent):
    """The provider took so much: what we asked for, or what was taken there."""

    capture_id: str
    payment_id: str
    amount_cents: int

    def apply(self, order: "OrderState") -> None:
        movement = Movement(self.payment_id, self.amount_cents, self.timestamp, DONE)
        order.money = order.money.capture(self.capture_id, movement)


class CaptureFailed(OrderEvent):
    """The provider did not take it. `failure`: its code."""

    capture_id: str
    failure: str

    def apply(self, order: "OrderState") -> None:
        order.money = order.money.capture(self.capture_id, _failed(order.money.captures, self.capture_id, self.failure))


class PaymentVoidRequested(OrderEvent):
    """We asked the provider to release what it has not taken."""

    void_id: str
    payment_id: str

    def apply(self, order: "OrderState") -> None:
        order.money = order.money.void_requested(self.payment_id, self.void_id)


class PaymentVoided(OrderEvent):
    """So much is released, of what the provider says that it released in all."""

    payment_id: str
    amount_cents: int
    released_cents: int

    def apply(self, order: "OrderState") -> None:
        order.money = order.money.voided(self.payment_id, self.amount_cents, self.released_cents)


class RefundRequested(OrderEvent):
    """We asked the provider to give so much back."""

    refund_id: str
    payment_id: str
    amount_cents: int

    def apply(self, order: "OrderState") -> None:
        movement = Movement(self.payment_id, self.amount_cents, self.timestamp)
        order.money = order.money.refund(self.refund_id, movement)


class PaymentRefunded(OrderEvent):
    """The provider gave so much back."""

    refund_id: str
    payment_id: str
    amount_cents: int

    def apply(self, order: "OrderState") -> None:
        movement = Movement(self.payment_id, self.amount_cents, self.timestamp, DONE)
        order.money = order.money.refund(self.refund_id, movement)


class RefundFailed(OrderEvent):
    """The provider did not give it back. `failure`: its code."""

    refund_id: str
    failure: str

    def apply(self, order: "OrderState") -> None:
        order.money = order.money.refund(self.refund_id, _failed(order.money.refunds, self.refund_id, self.failure))


def _failed(movements: Mapping[str, Movement], movement_id: str, failure: str) -> Movement:
    return movements[movement_id]._replace(status=FAILED, failure=failure)

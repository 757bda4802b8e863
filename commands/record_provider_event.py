"""Record what the payment provider says has happened. It may say so late, twice, and in any order."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from commands.change_order_status import decided
from commands.command import Command, Decision, Known, Request
from commands.record_payment import Amount, PspReference
from events.domain.money import Currency
from events.domain.order import Order
from events.domain.payment_reference import PaymentReference
from events.domain.refusal import Refusal

_CODE = re.compile(r"[a-z0-9_]{1,64}")

MovementType = Literal[
    "payment.captured", "payment.capture_failed", "payment.refunded", "payment.refund_failed", "payment.voided"
]


class PaymentNotKnownYet(Refusal):
    """What it happened to has not been reported: it will be, and then this is to be told again."""

    code = "payment_not_known_yet"


class ProviderEventData(BaseModel):
    """What it is about. `request_id`: our id, of what we had asked for."""

    model_config = ConfigDict(extra="ignore")

    psp_reference: PspReference
    order_id: UUID
    request_id: str | None = None
    amount: Amount
    currency: Currency
    reason: Annotated[str, Field(max_length=200)] | None = None


class ProviderEvent(BaseModel):
    """One event of the provider's, under an id that is the same however often it is told."""

    model_config = ConfigDict(extra="ignore")

    id: Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,200}$")]
    type: Literal["payment.authorized"] | MovementType
    data: ProviderEventData


@dataclass(frozen=True, slots=True)
class RecordProviderEvent(Command):
    """Anything but an authorization."""

    tenant: str
    event: ProviderEvent

    @property
    def _claim_id(self) -> UUID:
        return PaymentReference.id_of(self.tenant, self.event.data.psp_reference)

    def streams(self, request: Request) -> Iterable[UUID]:
        return (self.event.data.order_id, self._claim_id)

    def decide(self, known: Known, request: Request) -> Decision:
        said = self.event.data
        order, claim = known[said.order_id], known[self._claim_id]
        if (
            not isinstance(order, Order)
            or not isinstance(claim, PaymentReference)
            or claim.order_id != str(said.order_id)
        ):
            raise PaymentNotKnownYet("No payment of this order is known by this reference.")
        order.check_currency(said.currency)
        self._enter(order, claim.payment_id)
        return decided(order, request, read=(claim,))

    def _enter(self, order: Order, payment_id: str) -> None:
        said = self.event.data
        # What is no code may be a sentence about a person.
        failure = said.reason if said.reason and _CODE.fullmatch(said.reason) else "declined"
        match self.event.type:
            case "payment.captured":
                order.captured(said.request_id, payment_id, said.amount, self.event.id)
            case "payment.capture_failed":
                order.capture_failed(said.request_id or "", failure, payment_id)
            case "payment.refunded":
                order.refunded(said.request_id, payment_id, said.amount, self.event.id)
            case "payment.refund_failed":
                order.refund_failed(said.request_id or "", failure, payment_id)
            case "payment.voided":
                order.voided(payment_id, said.amount)

    def fingerprint(self) -> bytes:
        return b"record_provider_event " + to_json(self.event)

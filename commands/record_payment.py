"""Record that a customer authorized a payment, at the provider's reference: staff, or the provider itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from commands.change_order_status import decided, existing_order
from commands.command import Command, Decision, Known, Request, check_version
from events.domain.money import Cents, Currency
from events.domain.payment_reference import PaymentReference
from events.domain.payments import PaymentReferenceTaken

PspReference = Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,200}$")]
"""What the provider calls a payment."""

Amount = Annotated[Cents, Field(ge=1, strict=True)]


class PaymentCreate(BaseModel):
    """What was authorized."""

    model_config = ConfigDict(extra="forbid")

    amount_cents: Amount
    currency: Currency
    psp_reference: PspReference


@dataclass(frozen=True, slots=True)
class RecordPayment(Command):
    """The same payment again: the same answer, and nothing happens."""

    tenant: str
    order_id: UUID
    payment: PaymentCreate

    @property
    def claim_id(self) -> UUID:
        """The stream of the reference's claim."""
        return PaymentReference.id_of(self.tenant, self.payment.psp_reference)

    def streams(self, request: Request) -> Iterable[UUID]:
        return (self.order_id, self.claim_id)

    def decide(self, known: Known, request: Request) -> Decision:
        order, claimed = existing_order(known, self.order_id), known[self.claim_id]
        check_version(request, order)
        payment = self.payment
        if isinstance(claimed, PaymentReference) and claimed.order_id != str(self.order_id):
            raise PaymentReferenceTaken("This reference stands for the payment of another order.")
        payment_id = order.authorize(payment.psp_reference, payment.amount_cents, payment.currency)
        if claimed is not None:
            return decided(order, request, made={"payment_id": payment_id}, read=(claimed,))
        claim = PaymentReference.claim(self.tenant, payment.psp_reference, self.order_id, payment_id)
        return decided(order, request, made={"payment_id": payment_id}, claims=(claim,))

    def fingerprint(self) -> bytes:
        return f"record_payment {self.order_id} ".encode() + to_json(self.payment)

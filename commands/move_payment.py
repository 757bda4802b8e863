"""Ask for a capture or a refund. The amount is set aside at once; the provider is asked after the commit, and answers
later (record_provider_event.py)."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json

from commands.change_order_status import Reason, decided, visible_order
from commands.command import Command, Decision, Known, Request, check_version
from commands.record_payment import Amount


class CaptureCreate(BaseModel):
    """How much to take of what was authorized."""

    model_config = ConfigDict(extra="forbid")

    amount_cents: Amount


class RefundCreate(BaseModel):
    """How much to give back, why, and of which payment: else of the one of which most can be."""

    model_config = ConfigDict(extra="forbid")

    amount_cents: Amount
    reason: Reason
    payment_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class RequestCapture(Command):
    order_id: UUID
    payment_id: UUID
    capture: CaptureCreate

    def streams(self, request: Request) -> Iterable[UUID]:
        return (self.order_id,)

    def decide(self, known: Known, request: Request) -> Decision:
        order = visible_order(known, self.order_id, request)
        check_version(request, order)
        capture_id = order.request_capture(str(self.payment_id), self.capture.amount_cents)
        return decided(order, request, made={"capture_id": capture_id}, status=202)

    def fingerprint(self) -> bytes:
        return f"request_capture {self.order_id} {self.payment_id} ".encode() + to_json(self.capture)


@dataclass(frozen=True, slots=True)
class RequestRefund(Command):
    order_id: UUID
    refund: RefundCreate

    def streams(self, request: Request) -> Iterable[UUID]:
        return (self.order_id,)

    def decide(self, known: Known, request: Request) -> Decision:
        order = visible_order(known, self.order_id, request)
        check_version(request, order)
        wanted = self.refund
        payment_id = None if wanted.payment_id is None else str(wanted.payment_id)
        refund_id = order.request_refund(wanted.amount_cents, wanted.reason, payment_id)
        return decided(order, request, made={"refund_id": refund_id}, status=202)

    def fingerprint(self) -> bytes:
        return f"request_refund {self.order_id} ".encode() + to_json(self.refund)

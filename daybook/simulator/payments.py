"""What may be done with a payment: capture what is authorized, refund what is captured, void what is left.

A request counts at once; its webhook tells of it later. One that is to be declined counts never.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from time import time
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from daybook.simulator.book import SQL, Book
from daybook.simulator.control import Chance

Action = Literal["captures", "refunds", "voids"]
Amount = Annotated[int, Field(strict=True, gt=0, lt=1 << 53)]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$")]
Text = Annotated[str, Field(min_length=1, max_length=255)]


class _Content(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NewPayment(_Content):
    """A customer's consent, as a checkout would get it: all of `amount` is authorized."""

    amount: Amount
    currency: Currency
    order_id: Text
    tenant: Text


class Move(_Content):
    """A capture or refund, under the id of who asks for it."""

    id: Text
    amount: Amount
    currency: Currency


class Void(_Content):
    """A void, under the id of who asks for it."""

    id: Text


class Refused(Exception):
    """Against the rules. `status`: of HTTP. `code`: stable, for machines; `str()` for people."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Payments:
    """The payments in a book. `told` is called when there is a new webhook to send."""

    def __init__(self, book: Book, told: Callable[[], None]) -> None:
        self._book = book
        self._told = told

    def authorize(self, payment: NewPayment, chance: Chance) -> dict[str, Any]:
        """Make a payment."""
        psp_reference = f"psp_{secrets.token_hex(12)}"
        with self._book.all_or_nothing():
            self._book.rows(
                SQL.add_payment, psp_reference=psp_reference, created_at=_now(), **payment.model_dump(mode="json")
            )
            made = self.read(psp_reference)
            self._tell(made, "payment.authorized", None, payment.amount, chance)
        self._told()
        return made

    def read(self, psp_reference: str) -> dict[str, Any]:
        """A payment as it stands. Raises Refused (404)."""
        payment = self._book.row(SQL.read_payment, psp_reference=psp_reference)
        if payment is None:
            raise Refused(404, "unknown_payment", "There is no such payment.")
        return _shown(payment)

    def list(self, order_id: str | None) -> list[dict[str, Any]]:
        """All payments, or an order's, oldest first."""
        return [_shown(row) for row in self._book.rows(SQL.list_payments, order_id=order_id)]

    def ask(
        self, psp_reference: str, action: Action, key: str, asked: Move | Void, chance: Chance
    ) -> tuple[int, dict[str, Any]]:
        """Take a request; under a key that was there before, its first answer. Raises Refused.

        Like its answer a refusal is for good, but it binds no key.
        """
        request = json.dumps([psp_reference, action, asked.model_dump()])
        before = self._book.row(SQL.read_answer, idempotency_key=key)
        if before is not None:
            if before["request"] != request:
                raise Refused(422, "idempotency_key_reused", "The key belongs to another request.")
            return before["status"], json.loads(before["content"])
        payment = self.read(psp_reference)
        amount = asked.amount if isinstance(asked, Move) else payment["authorized"] - payment["captured"]
        declined = action in chance.control.decline
        with self._book.all_or_nothing():
            _check(payment, action, asked, amount)
            if not declined:
                moved = {"captured": 0, "refunded": 0, "voided": 0} | {_MOVES[action]: amount}
                self._book.rows(SQL.move_money, psp_reference=psp_reference, **moved)
            event, reason = (_DECLINED[action], "declined") if declined else (f"payment.{_MOVES[action]}", None)
            self._tell(payment, event, asked.id, amount, chance, reason)
            answer = {"id": asked.id, "psp_reference": psp_reference, "status": "pending"}
            self._book.rows(
                SQL.keep_answer, idempotency_key=key, request=request, status=202, content=json.dumps(answer)
            )
        self._told()
        return 202, answer

    def _tell(
        self,
        payment: Mapping[str, Any],
        event: str,
        request_id: str | None,
        amount: int,
        chance: Chance,
        reason: str | None = None,
    ) -> None:
        event_id = f"evt_{secrets.token_hex(12)}"
        data = {
            "psp_reference": payment["psp_reference"],
            "order_id": payment["order_id"],
            "request_id": request_id,
            "amount": amount,
            "currency": payment["currency"],
        } | ({"reason": reason} if reason else {})
        self._book.rows(
            SQL.add_webhook,
            id=event_id,
            psp_reference=payment["psp_reference"],
            tenant=payment["tenant"],
            type=event,
            body=json.dumps({"id": event_id, "type": event, "created_at": _now(), "data": data}).encode(),
            copies=chance.copies(),
            due_at=time() + chance.delay(),
        )


_MOVES: dict[Action, str] = {"captures": "captured", "refunds": "refunded", "voids": "voided"}
_DECLINED = {"captures": "payment.capture_failed", "refunds": "payment.refund_failed"}


def _check(payment: Mapping[str, Any], action: Action, asked: Move | Void, amount: int) -> None:
    """Raises Refused when it is against the rules."""
    if isinstance(asked, Move) and asked.currency != payment["currency"]:
        raise Refused(422, "currency_mismatch", f"The payment is in {payment['currency']}.")
    if action != "refunds" and payment["voided"]:
        raise Refused(409, "payment_voided", "What was not captured has been voided.")
    if action == "captures" and amount > payment["authorized"] - payment["captured"]:
        raise Refused(422, "capture_exceeds_authorized", "So much is not authorized any more.")
    if action == "refunds" and amount > payment["captured"] - payment["refunded"]:
        raise Refused(422, "refund_exceeds_captured", "So much is not captured, or it has been refunded.")
    if action == "voids" and amount == 0:
        raise Refused(409, "nothing_to_void", "All of it is captured.")


def _shown(payment: dict[str, Any]) -> dict[str, Any]:
    """As a client sees it: the status is that of the money."""
    if payment["refunded"]:
        status = "refunded" if payment["refunded"] == payment["captured"] else "partially_refunded"
    elif payment["captured"]:
        status = "captured" if payment["captured"] == payment["authorized"] else "partially_captured"
    else:
        status = "voided" if payment["voided"] else "authorized"
    return payment | {"status": status}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

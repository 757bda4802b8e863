"""Whatever is asked of an order's payments, and whatever the provider says, in whatever order: the ledger balances."""

from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from events.domain.line_ledger import Part
from events.domain.money_ledger import DONE, FAILED, REQUESTED, payment_status
from events.domain.order import Order
from events.domain.order_events import OrderEvent
from events.domain.order_parts import share_of
from events.domain.order_state import ENDED
from events.domain.refusal import Refusal
from events.domain.statuses import Statuses
from events.repository import fold

AMOUNTS = st.integers(1, 700)
NUMBERS = st.integers(0, 3)
ITEM = str(UUID(int=1))


class MoneyMachine(RuleBasedStateMachine):
    """An order of seven units at 100 less 5, with 20 for shipping: 715 in all."""

    @initialize(terms=st.sampled_from(["offline", "online"]))
    def place(self, terms: str) -> None:
        line: Any = {"id": ITEM, "product_id": str(UUID(int=2)), "product_name": "Thing", "quantity": 7}
        self.order = Order.place(
            UUID(int=50),
            number="7K3M9QF",
            user_id=str(UUID(int=51)),
            currency="USD",
            lines=[line | {"price_cents": 100, "discount_cents": 5}],
            shipping_cents=20,
            shipping_address={"recipient": "A", "line1": "B", "city": "C", "country": "D"},
            payment_terms=terms,
        )
        self.said = 0

    def _tried(self, decide: Any) -> bool:
        before = self.order.version
        try:
            decide()
        except Refusal:
            assert self.order.version == before
            return False
        return True

    def _payment(self, number: int) -> str:
        payments = list(self.order.money.payments)
        return payments[number % len(payments)] if payments else "none"

    @rule(number=NUMBERS, amount=AMOUNTS)
    def is_authorized(self, number: int, amount: int) -> None:
        known = any(one.psp_reference == f"psp-{number}" for one in self.order.money.payments.values())
        before = self.order.money.sums.authorized
        if self._tried(lambda: self.order.authorize(f"psp-{number}", amount, "USD")) and not known:
            assert self.order.money.sums.authorized == before + amount

    @rule(number=NUMBERS, amount=AMOUNTS)
    def asks_for_a_capture(self, number: int, amount: int) -> None:
        due = self.order.due_cents - self.order.money.sums.captured - self.order.money.sums.capture_pending
        if self._tried(lambda: self.order.request_capture(self._payment(number), amount)):
            assert amount <= due

    @rule(number=NUMBERS, amount=AMOUNTS, asked=st.booleans(), again=st.booleans())
    def hears_of_a_capture(self, number: int, amount: int, asked: bool, again: bool) -> None:
        waiting = [(one, move) for one, move in self.order.money.captures.items() if move.status == REQUESTED]
        self.said += 1
        if asked and waiting:
            capture_id, move = waiting[number % len(waiting)]
            self._tried(lambda: self.order.captured(capture_id, move.payment_id, move.amount_cents, "e"))
            if again:
                before = self.order.version
                self.order.captured(capture_id, move.payment_id, move.amount_cents, "e")
                assert self.order.version == before
        else:
            self._tried(lambda: self.order.captured(None, self._payment(number), amount, f"event {self.said}"))

    @rule(number=NUMBERS)
    def hears_that_a_capture_failed(self, number: int) -> None:
        captures = list(self.order.money.captures)
        if captures:
            self.order.capture_failed(captures[number % len(captures)], "declined")

    @rule(number=NUMBERS)
    def hears_of_a_void(self, number: int) -> None:
        payment_id = self._payment(number)
        if payment_id != "none":
            sums = self.order.money.sums_of(payment_id)
            self.order.voided(payment_id, sums.authorized - sums.captured)

    @rule(amount=AMOUNTS)
    def asks_for_a_refund(self, amount: int) -> None:
        left = self.order.money.sums.refundable
        if self._tried(lambda: self.order.request_refund(amount, "because")):
            assert amount <= left

    @rule(number=NUMBERS, amount=AMOUNTS, asked=st.booleans())
    def hears_of_a_refund(self, number: int, amount: int, asked: bool) -> None:
        waiting = [(one, move) for one, move in self.order.money.refunds.items() if move.status == REQUESTED]
        self.said += 1
        if asked and waiting:
            refund_id, move = waiting[number % len(waiting)]
            self.order.refunded(refund_id, move.payment_id, move.amount_cents, "e")
            assert self.order.money.refunds[refund_id].status == DONE
        else:
            self._tried(lambda: self.order.refunded(None, self._payment(number), amount, f"event {self.said}"))

    @rule(number=NUMBERS)
    def hears_that_a_refund_failed(self, number: int) -> None:
        refunds = list(self.order.money.refunds)
        if refunds:
            self.order.refund_failed(refunds[number % len(refunds)], "declined")

    @rule(status=st.sampled_from(["confirmed", "cancelled", "expired"]))
    def moves(self, status: str) -> None:
        missing, version = self.order.missing_cents, self.order.version
        if self._tried(lambda: self.order.change_status(status)) and status == "confirmed":
            assert not missing or self.order.version == version, "it was confirmed before"

    @rule(quantity=st.integers(1, 3))
    def loses_units(self, quantity: int) -> None:
        self._tried(lambda: self.order.cancel("because", [Part(item_id=ITEM, quantity=quantity)]))

    @invariant()
    def the_ledger_balances(self) -> None:
        money = self.order.money
        for payment_id in money.payments:
            sums = money.sums_of(payment_id)
            assert min(sums) >= 0
            assert sums.voided + sums.capture_pending + sums.captured <= sums.authorized
            assert sums.refund_pending + sums.refunded <= sums.captured
        assert money.sums == tuple(
            sum(column) for column in zip((0,) * 6, *(money.sums_of(one) for one in money.payments), strict=True)
        )
        assert {move.status for move in money.captures.values()} <= {REQUESTED, DONE, FAILED}

    @invariant()
    def what_is_due_is_what_is_kept(self) -> None:
        order = self.order
        (line,) = order.lines
        assert share_of(line, 7) == 695
        assert order.total_cents == 715
        kept = 7 - order.ledger.total.cancelled
        assert order.due_cents == (share_of(line, kept) + 20 if kept else 0)
        assert order.statuses.payment_status == payment_status(order.money.sums, order.due_cents)

    @invariant()
    def nothing_stays_authorized_when_it_has_ended(self) -> None:
        if self.order.status in ENDED:
            for payment_id, payment in self.order.money.payments.items():
                sums = self.order.money.sums_of(payment_id)
                assert not sums.capturable or payment.void_id or sums.capture_pending or payment.released_cents

    @invariant()
    def its_events_tell_it_again(self) -> None:
        told = None
        for event in list(self.order.pending_events):
            told = fold([event], told)
            if isinstance(event, OrderEvent):
                assert tuple(getattr(event, name) for name in Statuses._fields) == told.statuses
        assert told is not None
        assert told.money == self.order.money


TestMoney = MoneyMachine.TestCase

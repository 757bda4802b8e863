"""Whatever is asked of an order, in whatever order: the ledger balances, and every status is what it says."""

from collections import Counter
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from events.domain import order_events as happened
from events.domain.line_ledger import Part
from events.domain.order import Order
from events.domain.refusal import Refusal
from events.domain.statuses import NEXT_STATUSES, Statuses
from events.repository import fold

LINES = [str(UUID(int=1)), str(UUID(int=2)), str(UUID(int=3))]
STRANGE = str(UUID(int=9))
# Mostly lines that are there, and quantities that may be.
PARTS = st.dictionaries(st.sampled_from([*LINES, *LINES, STRANGE]), st.integers(1, 4), min_size=1, max_size=3)
STATUSES = st.sampled_from(sorted(NEXT_STATUSES))


def parts(chosen: dict[str, int]) -> list[Part]:
    return [Part(item_id=item_id, quantity=quantity) for item_id, quantity in chosen.items()]


class OrderMachine(RuleBasedStateMachine):
    """An order, and beside it a count of what it took from the stock and gave back."""

    @initialize(quantities=st.lists(st.integers(1, 4), min_size=1, max_size=3))
    def place(self, quantities: list[int]) -> None:
        lines: Any = [
            {
                "id": LINES[n],
                "product_id": str(UUID(int=100 + n)),
                "product_name": "Thing",
                "quantity": quantity,
                "price_cents": 100,
                "discount_cents": 0,
            }
            for n, quantity in enumerate(quantities)
        ]
        self.order = Order.place(
            UUID(int=50),
            number="7K3M9QF",
            user_id=str(UUID(int=51)),
            currency="USD",
            lines=lines,
            shipping_cents=0,
            shipping_address={"recipient": "A", "line1": "B", "city": "C", "country": "D"},
            payment_terms="offline",
        )
        self.ordered = Counter({line["id"]: line["quantity"] for line in lines})
        self.cancelled: Counter[str] = Counter()
        self.shipped: Counter[str] = Counter()

    @rule(status=STATUSES)
    def moves_as_a_whole(self, status: str) -> None:
        before, allowed = self.order.status, self.order.allowed_statuses
        open_before = {part["item_id"]: part["quantity"] for part in self.order.open_parts}
        try:
            self.order.change_status(status)
        except Refusal:
            assert status not in (before, *allowed)
            return
        assert status in (before, *allowed)
        assert self.order.status == status
        if status != before and status in ("cancelled", "expired"):
            self.cancelled.update(open_before)
        if status != before and status == "shipped":
            self.shipped.update(open_before)

    @rule(chosen=PARTS)
    def ships(self, chosen: dict[str, int]) -> None:
        before = self.order.version
        fits = self.order.status == "confirmed" and all(n <= self._open(item_id) for item_id, n in chosen.items())
        try:
            self.order.ship(parts(chosen))
        except Refusal:
            assert not fits
            assert self.order.version == before
            return
        assert fits
        self.shipped.update(chosen)

    @rule(chosen=st.none() | PARTS)
    def cancels(self, chosen: dict[str, int] | None) -> None:
        before = self.order.version
        try:
            wanted = self.order.open_parts if chosen is None else parts(chosen)
            self.order.cancel("because", None if chosen is None else wanted)
        except Refusal:
            assert self.order.version == before
            return
        if self.order.version > before:
            self.cancelled.update({part["item_id"]: part["quantity"] for part in wanted})

    @rule(number=st.integers(0, 3))
    def delivers(self, number: int) -> None:
        shipments = list(self.order.shipments)
        if number < len(shipments):
            self.order.deliver(shipments[number])
            assert self.order.shipments[shipments[number]].delivered_at is not None

    @rule(chosen=PARTS)
    def announces_a_return(self, chosen: dict[str, int]) -> None:
        before = self.order.version
        try:
            return_id = self.order.request_return(parts(chosen), "because")
        except Refusal:
            assert self.order.version == before
            return
        assert all(self.order.returns[return_id].awaited(item_id) == n for item_id, n in chosen.items())

    @rule(number=st.integers(0, 2), chosen=PARTS, disposition=st.sampled_from(["restock", "discard"]))
    def receives_a_return(self, number: int, chosen: dict[str, int], disposition: str) -> None:
        announced = list(self.order.returns)
        before = self.order.version
        if number < len(announced):
            received: Any = [{**part, "disposition": disposition} for part in parts(chosen)]
            try:
                self.order.receive_return(announced[number], received)
            except Refusal:
                assert self.order.version == before

    @invariant()
    def the_ledger_balances(self) -> None:
        lines = self.order.ledger.lines
        for item_id, units in lines.items():
            assert min(units) >= 0
            assert units.cancelled + units.shipped + units.open == units.ordered == self.ordered[item_id]
            assert units.open >= 0
            assert units.returned <= units.delivered <= units.shipped
            assert (units.cancelled, units.shipped) == (self.cancelled[item_id], self.shipped[item_id])
        assert self.order.ledger.total == tuple(sum(column) for column in zip(*lines.values(), strict=True))

    @invariant()
    def its_events_say_where_it_stands_and_tell_it_again(self) -> None:
        events = list(self.order.pending_events)
        told = None
        for event in events:
            told = fold([event], told)
            if isinstance(event, happened.OrderEvent):
                assert tuple(getattr(event, name) for name in Statuses._fields) == told.statuses
        assert told is not None
        assert (told.ledger, told.shipments, told.returns) == (
            self.order.ledger,
            self.order.shipments,
            self.order.returns,
        )

    def _open(self, item_id: str) -> int:
        return self.ordered[item_id] - self.cancelled[item_id] - self.shipped[item_id]


TestOrders = OrderMachine.TestCase

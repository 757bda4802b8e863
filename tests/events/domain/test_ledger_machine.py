"""Whatever is asked of an order, in whatever order: the ledger balances, and every status is what it says."""

from collections import Counter
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from events.domain import order_events as happened
from events.domain.line_ledger import ExceedsOpen, Part
from events.domain.order import Order
from events.domain.product import backorders_of
from events.domain.refusal import Refusal
from events.domain.statuses import NEXT_STATUSES, Statuses
from events.held_stock import HeldStock
from events.repository import fold
from events.types import BY_CLASS

LINES = [str(UUID(int=1)), str(UUID(int=2)), str(UUID(int=3))]
STRANGE = str(UUID(int=9))
# Mostly lines that are there, and quantities that may be.
PARTS = st.dictionaries(st.sampled_from([*LINES, *LINES, STRANGE]), st.integers(1, 4), min_size=1, max_size=3)
STATUSES = st.sampled_from(sorted(NEXT_STATUSES))


def parts(chosen: dict[str, int]) -> list[Part]:
    return [Part(item_id=item_id, quantity=quantity) for item_id, quantity in chosen.items()]


class OrderMachine(RuleBasedStateMachine):
    """An order, and beside it a count of what became of its units, and of what its commands moved in the stock."""

    @initialize(quantities=st.lists(st.tuples(st.integers(1, 4), st.integers(0, 4)), min_size=1, max_size=3))
    def place(self, quantities: list[tuple[int, int]]) -> None:
        """Lines of so many units, of which so many are not in the stock."""
        lines: Any = [
            {
                "id": LINES[n],
                "product_id": str(UUID(int=100 + n)),
                "product_name": "Thing",
                "quantity": quantity,
                "price_cents": 100,
                "discount_cents": 0,
            }
            for n, (quantity, _) in enumerate(quantities)
        ]
        to_come = {LINES[n]: min(pair) for n, pair in enumerate(quantities) if min(pair)}
        self.order = Order.place(
            UUID(int=50),
            number="7K3M9QF",
            user_id=str(UUID(int=51)),
            currency="USD",
            lines=lines,
            shipping_cents=0,
            shipping_address={"recipient": "A", "line1": "B", "city": "C", "country": "D"},
            payment_terms="offline",
            backordered=parts(to_come),
        )
        self.to_come = Counter(to_come)
        self.moved: Counter[UUID] = Counter()
        for line in lines:
            product_id = UUID(line["product_id"])
            self.moved[product_id] -= line["quantity"] - to_come.get(line["id"], 0)
            self.moved[backorders_of(product_id)] -= to_come.get(line["id"], 0)
        self.ordered = Counter({line["id"]: line["quantity"] for line in lines})
        self.cancelled: Counter[str] = Counter()
        self.shipped: Counter[str] = Counter()

    @rule(status=STATUSES)
    def moves_as_a_whole(self, status: str) -> None:
        before, allowed = self.order.status, self.order.allowed_statuses
        open_before = {part["item_id"]: part["quantity"] for part in self.order.open_parts}
        given_up = self.order.given_up(self.order.open_parts)
        try:
            self.order.change_status(status)
        except ExceedsOpen:
            assert status == "shipped"
            assert self.to_come.total()
            return
        except Refusal:
            assert status not in (before, *allowed)
            return
        assert status in (before, *allowed)
        assert self.order.status == status
        if status != before and status in ("cancelled", "expired"):
            self._gave_up(open_before, given_up)
        if status != before and status == "shipped":
            self.shipped.update(open_before)

    @rule(chosen=PARTS)
    def ships(self, chosen: dict[str, int]) -> None:
        before = self.order.version
        fits = self.order.status == "confirmed" and all(
            n <= self._open(item_id) - self.to_come[item_id] for item_id, n in chosen.items()
        )
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
            given_up = self.order.cancel("because", None if chosen is None else wanted)
        except Refusal:
            assert self.order.version == before
            return
        if self.order.version > before:
            self._gave_up({part["item_id"]: part["quantity"] for part in wanted}, given_up)

    @rule(chosen=PARTS)
    def fills(self, chosen: dict[str, int]) -> None:
        """Units that were to come are there."""
        before = self.order.version
        fits = all(n <= self.to_come[item_id] for item_id, n in chosen.items())
        try:
            self.order.fill_backorder(parts(chosen))
        except Refusal:
            assert not fits
            assert self.order.version == before
            return
        assert fits
        self.to_come -= Counter(chosen)
        self.moved.update(self.order.filled(parts(chosen)))

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
                return
            if disposition == "restock":
                self.moved.update(self.order.restocked(received))

    @invariant()
    def the_ledger_balances(self) -> None:
        lines = self.order.ledger.lines
        for item_id, units in lines.items():
            assert min(units) >= 0
            assert units.cancelled + units.shipped + units.open == units.ordered == self.ordered[item_id]
            assert units.open >= units.reserved >= 0
            assert units.backordered == self.to_come[item_id]
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

    @invariant()
    def its_events_move_the_stock_as_its_commands_did(self) -> None:
        held, told = HeldStock(), Counter[UUID]()
        for event in list(self.order.pending_events):
            stock, backorders = held.post(BY_CLASS[type(event)].name, vars(event))
            told.update(stock)
            told.update({backorders_of(product_id): units for product_id, units in backorders.items()})
        assert told == self.moved

    def _gave_up(self, units: dict[str, int], given_up: Mapping[UUID, int]) -> None:
        self.cancelled.update(units)
        self.to_come -= Counter(units)
        self.moved.update(given_up)

    def _open(self, item_id: str) -> int:
        return self.ordered[item_id] - self.cancelled[item_id] - self.shipped[item_id]


TestOrders = OrderMachine.TestCase

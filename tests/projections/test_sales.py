"""What was sold: given any history of orders, in batches of any size, the sums are those of the orders told again."""

import contextlib
import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import hypothesis
import pytest
from hypothesis import strategies as st

from events.domain.order import Order
from events.domain.order_parts import Line
from events.domain.product import Product
from events.domain.refusal import Refusal
from events.log.reader import LogReader
from projections.feed import Feed
from projections.runner import Runner
from projections.sales import ALL_DAYS, SalesProjection
from projections.sales_figures import Figures, order_figures, placed_figures
from tests.projections.book import Book, EveryoneLeads
from tests.projections.business import line, placed, product

NO_KEY = UUID(int=0)
CUSTOMERS = [uuid4() for _ in range(3)]
PRODUCTS = [product(f"SKU{n}", price_cents=price) for n, price in enumerate((0, 333, 1_001))]
BEGIN = datetime(2026, 3, 1, 22, tzinfo=UTC)


def an_order(chance: random.Random) -> Order:
    """An order of a few lines, with discounts that do not divide evenly, perhaps from elsewhere and long ago."""
    sample = placed()
    lines: list[Line] = []
    for one in chance.choices(PRODUCTS, k=chance.randint(1, 3)):
        of_it = line(one, chance.randint(1, 4))
        of_it["discount_cents"] = chance.randint(0, one.price_cents)
        lines.append(of_it)
    at = BEGIN + timedelta(hours=chance.randint(0, 9))
    fields: dict[str, Any] = {
        "number": sample.number,
        "user_id": str(chance.choice(CUSTOMERS)),
        "currency": chance.choice(("USD", "JPY")),
        "lines": lines,
        "shipping_cents": chance.choice((0, 490)),
        "shipping_address": sample.shipping_address,
    }
    if chance.random() < 0.3:
        at = at.replace(year=1996)
        return Order.import_from(sample.id, at, reference=str(sample.id), fingerprint="0" * 32, **fields)
    return Order.place(sample.id, payment_terms="offline", at=at, **fields)


def some_parts(chance: random.Random, order: Order) -> list[Any]:
    """A few units of a few lines; whether there are so many is the order's to say."""
    chosen = chance.sample(list(order.lines), chance.randint(1, len(order.lines)))
    return [{"item_id": one["id"], "quantity": chance.randint(1, one["quantity"])} for one in chosen]


def goes_on(chance: random.Random, order: Order) -> None:
    """Whatever may happen to it next."""
    parts = some_parts(chance, order)
    match chance.choice((*("status",) * 4, "cancel", "ship", "return", "receive", "pay", "refund")):
        case "status":
            following = order.allowed_statuses or (order.status,)
            order.change_status(following[0] if chance.random() < 0.9 else chance.choice(following))
        case "cancel":
            order.cancel("as it goes", parts)
        case "ship":
            order.ship(parts)
        case "return":
            order.request_return(parts, "too big")
        case "receive" if order.returns:
            received: Any = [{**part, "disposition": "restock"} for part in parts]
            order.receive_return(chance.choice(list(order.returns)), received)
        case "pay":
            payment_id = order.authorize(f"psp-{uuid4()}", order.due_cents, order.currency)
            capture_id = order.request_capture(payment_id, order.due_cents)
            order.captured(capture_id, payment_id, order.due_cents, str(uuid4()))
        case "refund" if order.money.sums.refundable:
            payment_id = next(one for one in order.money.payments if order.money.sums_of(one).refundable)
            amount = order.money.sums_of(payment_id).refundable // 2 or 1
            refund_id = order.request_refund(amount, "sorry", payment_id)
            refund = order.money.refunds[refund_id]
            order.refunded(refund_id, payment_id, refund.amount_cents, str(uuid4()))


def told_again(orders: list[Order]) -> dict[tuple[str, date, UUID, str], Figures]:
    """What the orders come to, by all their rows; rows of nothing are left out."""
    sums: defaultdict[tuple[str, date, UUID, str], Figures] = defaultdict(Figures)
    for order in orders:
        day = order.created_on.astimezone(UTC).date()
        for product_id, figures in order_figures(order):
            keys = (
                [("product", when, UUID(product_id), order.currency) for when in (day, ALL_DAYS)] if product_id else []
            )
            if product_id is None:
                keys = [("customer", when, UUID(order.user_id), order.currency) for when in (day, ALL_DAYS)]
                keys.append(("day", day, NO_KEY, order.currency))
            for key in keys:
                sums[key] = sums[key].plus(figures)
    return dict(sums)


async def sums_of(book: Book) -> dict[tuple[str, date, UUID, str], Figures]:
    rows = await book.rows("SELECT * FROM sales WHERE tenant_id = $1")
    return {(row[1], row[2], row[3], row[4]): Figures._make(map(int, row[5:])) for row in rows}


@pytest.mark.parametrize("seed", range(4))
async def test_any_history_comes_to_what_its_orders_come_to(book: Book, seed: int) -> None:
    chance = random.Random(seed)
    orders = [an_order(chance) for _ in range(12)]
    await book.append(*orders)
    runner = Runner(
        *(book.tenant, SalesProjection(book.tenant, book.shop.codec), book.pool),
        *(Feed(LogReader(book.pool, book.tenant)), EveryoneLeads()),
        batch=chance.choice((1, 3, 50)),
    )
    happened = 0
    for _ in range(150):
        order = chance.choice(orders)
        with contextlib.suppress(Refusal):
            goes_on(chance, order)
        if order.pending_events:
            happened += len(order.pending_events)
            await book.append(order)
        if chance.random() < 0.1:
            await runner.catch_up()
    await runner.catch_up()
    assert happened > 30
    expected = told_again(orders)
    assert await sums_of(book) == expected
    whole = Figures()
    for key, figures in expected.items():
        whole = whole.plus(figures) if key[0] == "day" else whole
    assert whole.orders == len(orders)
    assert whole.cancelled_units
    assert whole.returned_units


@hypothesis.given(seed=st.integers(0, 2**32))
def test_an_order_takes_back_no_more_than_it_brought(seed: int) -> None:
    chance = random.Random(seed)
    order = an_order(chance)
    assert list(order_figures(order)) == list(placed_figures(order.lines, order.shipping_cents))
    for _ in range(12):
        try:
            goes_on(chance, order)
        except Refusal:
            continue
        *products, (_, whole) = order_figures(order)
        assert whole.gross_cents - whole.discount_cents + whole.shipping_cents == order.total_cents
        assert order.total_cents - whole.cancelled_cents == order.due_cents
        assert 0 <= whole.returned_cents <= order.due_cents
        assert whole.cancelled_units + whole.returned_units <= whole.units
        for name in ("units", "gross_cents", "cancelled_units", "returned_units", "returned_cents"):
            assert sum(getattr(figures, name) for _, figures in products) == getattr(whole, name)


async def test_sums_go_beyond_what_one_order_can_have(book: Book) -> None:
    dear: Product = product(price_cents=2**62)
    orders = [placed(CUSTOMERS[0], line(dear)) for _ in range(3)]
    await book.given(*orders)
    ((cents,),) = await book.rows("SELECT sum(gross_cents) FROM sales WHERE tenant_id = $1 AND dimension = 'day'")
    assert cents == 3 * 2**62

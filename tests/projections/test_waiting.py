"""What waits, told from the log: orders for their payment, lines for units of a product."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from events.domain.order import Order
from tests.projections.book import Book
from tests.projections.business import line, moved, product

EXPIRES = "2026-03-01T09:30:00.000000Z"
AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def online(*lines: Any, backordered: int = 0) -> Order:
    """An order that is paid online, or, with `backordered` units of its first line to come, by invoice."""
    terms: Any = {"payment_terms": "online", "expires_at": EXPIRES}
    if backordered:
        terms = {"payment_terms": "offline", "backordered": [{"item_id": lines[0]["id"], "quantity": backordered}]}
    return Order.place(
        uuid4(),
        number="7K3M9QF",
        user_id=str(uuid4()),
        currency="USD",
        lines=list(lines),
        shipping_cents=0,
        shipping_address={"recipient": "A", "line1": "B", "city": "C", "country": "D"},
        **terms,
    )


async def timers(book: Book) -> dict[UUID, datetime | None]:
    return dict(await book.rows("SELECT order_id, due_at FROM expiry_timers WHERE tenant_id = $1"))


async def waiting(book: Book) -> list[tuple[Any, ...]]:
    return await book.rows(
        "SELECT order_id, quantity FROM backorders WHERE tenant_id = $1 ORDER BY product_id, position, item_id"
    )


class TestATimer:
    async def test_runs_until_something_is_authorized_and_again_when_that_is_released(self, book: Book) -> None:
        order = online(line(product(), 2))
        await book.given(order)
        assert await timers(book) == {order.id: AT}
        payment_id = order.authorize("psp", 10, "USD")
        await book.given(order)
        assert await timers(book) == {order.id: None}
        order.voided(payment_id, 10)
        await book.given(order)
        assert await timers(book) == {order.id: AT}

    async def test_is_gone_with_the_order_that_waited(self, book: Book) -> None:
        confirmed, cancelled, expired = (online(line(product(), 1)) for _ in range(3))
        await book.given(confirmed, cancelled, expired)
        confirmed.authorize("psp", confirmed.total_cents, "USD")
        await book.given(moved(confirmed, "confirmed"), moved(cancelled, "cancelled"), moved(expired, "expired"))
        assert await timers(book) == {}

    async def test_is_the_same_when_all_comes_in_one_batch(self, book: Book) -> None:
        order, gone = online(line(product(), 2)), online(line(product(), 2))
        order.authorize("psp", 10, "USD")
        await book.given(order, moved(gone, "cancelled"))
        assert await timers(book) == {order.id: None}

    async def test_is_none_where_nothing_is_to_be_paid_online(self, book: Book) -> None:
        await book.given(online(line(product(), 2), backordered=1))
        assert await timers(book) == {}


class TestABackorder:
    async def test_waits_in_the_order_in_which_the_orders_were_placed(self, book: Book) -> None:
        pen = product()
        first, second = (online(line(pen, 3), backordered=n) for n in (2, 3))
        await book.given(pen, first, second)
        assert await waiting(book) == [(first.id, 2), (second.id, 3)]

    async def test_keeps_its_place_while_it_is_filled(self, book: Book) -> None:
        pen = product()
        first, second = (online(line(pen, 3), backordered=3) for _ in range(2))
        await book.given(pen, first, second)
        item_id = first.lines[0]["id"]
        first.fill_backorder([{"item_id": item_id, "quantity": 1}])
        await book.given(first)
        assert await waiting(book) == [(first.id, 2), (second.id, 3)]
        first.fill_backorder([{"item_id": item_id, "quantity": 2}])
        await book.given(first)
        assert await waiting(book) == [(second.id, 3)]

    async def test_goes_before_what_is_in_the_stock_when_units_are_cancelled(self, book: Book) -> None:
        pen = product()
        order = online(line(pen, 5), backordered=2)
        await book.given(pen, order)
        order.cancel("fewer", [{"item_id": order.lines[0]["id"], "quantity": 1}])
        await book.given(order)
        assert await waiting(book) == [(order.id, 1)]
        await book.given(moved(order, "cancelled"))
        assert await waiting(book) == []

    async def test_is_the_same_when_all_comes_in_one_batch(self, book: Book) -> None:
        pen = product()
        order = online(line(pen, 5), backordered=3)
        order.fill_backorder([{"item_id": order.lines[0]["id"], "quantity": 1}])
        await book.given(pen, order)
        assert await waiting(book) == [(order.id, 2)]

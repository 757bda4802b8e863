"""What is in the list of orders: given orders, the pages in which a customer or the staff reads them."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.order_schemas import OrderListPage
from events.caller import Caller
from events.domain.order import Order
from events.opaque import InvalidOpaque
from queries.list_orders import OrderList
from queries.order_filter import OrderFilter
from tests.projections.book import Book
from tests.projections.business import line, moved, placed, product
from tests.queries.shown import shown_to

NOBODY = Caller(UUID(int=9), "default", ("auditor",))


@pytest.fixture
def orders(book: Book) -> OrderList:
    return OrderList(book.pool, book.tenant, book.shop.cursors, NOBODY)


async def page(
    orders: OrderList,
    user_id: UUID | None = None,
    status: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> dict[str, Any]:
    """A page by cursor, which has the shape that is promised."""
    statuses = frozenset() if status is None else frozenset({status})
    body = (await orders.after_cursor(OrderFilter(user_id, statuses), cursor, limit)).json
    OrderListPage.model_validate_json(body)
    return dict(json.loads(body))


async def pages(orders: OrderList, limit: int, user_id: UUID | None = None) -> AsyncIterator[list[str]]:
    """The ids on each page, to the end."""
    cursor = None
    while True:
        one = await page(orders, user_id, None, cursor, limit)
        yield [item["id"] for item in one["items"]]
        if (cursor := one["next"]) is None:
            return


def ids(*orders: Order) -> list[str]:
    return [str(order.id) for order in orders]


class TestTheList:
    async def test_is_empty_before_the_first_order(self, orders: OrderList) -> None:
        assert await page(orders) == {"items": [], "next": None, "total": 0}

    async def test_shows_an_order_as_it_is_when_read_alone(self, book: Book, orders: OrderList) -> None:
        pen = product(name='Stift "fein" — \\ 🖋')
        order = moved(placed(None, line(pen, 2), line(product("INK"), 1)), "confirmed")
        await book.given(order)
        assert (await page(orders))["items"] == [shown_to(NOBODY, order)]

    async def test_shows_every_status_with_what_may_follow(self, book: Book, orders: OrderList) -> None:
        for steps in ((), ("confirmed",), ("confirmed", "shipped"), ("cancelled",), ("expired",)):
            await book.given(moved(placed(), *steps))
        shown = {item["status"]: item["allowed_statuses"] for item in (await page(orders))["items"]}
        assert shown == {
            "pending": ["confirmed", "cancelled", "expired"],
            "confirmed": ["shipped", "cancelled"],
            "shipped": ["delivered"],
            "cancelled": [],
            "expired": [],
        }

    async def test_has_the_newest_first(self, book: Book, orders: OrderList) -> None:
        first, second, third = placed(), placed(), placed()
        await book.given(third, first, second)
        assert [item["id"] for item in (await page(orders))["items"]] == ids(third, second, first)

    async def test_puts_those_of_one_moment_in_the_order_of_the_log(self, book: Book, orders: OrderList) -> None:
        moment = datetime(2026, 11, 24, 10, tzinfo=UTC)
        same = [imported(moment) for _ in range(5)]
        await book.given(*same)
        found = [shown async for one in pages(orders, 2) for shown in one]
        assert found == ids(*reversed(same))


class TestFilters:
    async def test_by_user_show_those_orders_and_their_total(self, book: Book, orders: OrderList) -> None:
        ada, ben = uuid4(), uuid4()
        of_ada = [placed(ada), placed(ada)]
        await book.given(*of_ada, placed(ben))
        seen = await page(orders, ada)
        assert ([item["id"] for item in seen["items"]], seen["total"]) == (ids(*reversed(of_ada)), 2)
        assert (await page(orders, ben))["total"] == 1
        assert (await page(orders, uuid4()))["total"] == 0
        assert (await page(orders))["total"] == 3

    async def test_by_status_follow_the_orders(self, book: Book, orders: OrderList) -> None:
        ada = uuid4()
        going, staying = placed(ada), placed(ada)
        await book.given(going, staying, placed())
        await book.given(moved(going, "confirmed"))
        confirmed = await page(orders, ada, "confirmed")
        assert ([item["id"] for item in confirmed["items"]], confirmed["total"]) == (ids(going), 1)
        pending = await page(orders, ada, "pending")
        assert ([item["id"] for item in pending["items"]], pending["total"]) == (ids(staying), 1)
        assert (await page(orders, None, "pending"))["total"] == 2
        assert (await page(orders, ada, "returned")) == {"items": [], "next": None, "total": 0}

    async def test_stop_at_the_shops_own_orders(self, book: Book) -> None:
        await book.given(placed())
        elsewhere = OrderList(book.pool, "other", book.shop.cursors, NOBODY)
        assert (await page(elsewhere))["total"] == 0


class TestACursor:
    async def test_goes_through_all_of_it_once(self, book: Book, orders: OrderList) -> None:
        ada = uuid4()
        all_of_them = [placed(ada) for _ in range(7)]
        await book.given(*all_of_them, placed())
        assert [one async for one in pages(orders, 3, ada)] == [
            ids(*reversed(all_of_them[4:])),
            ids(*reversed(all_of_them[1:4])),
            ids(all_of_them[0]),
        ]

    async def test_ends_where_the_last_page_is_full(self, book: Book, orders: OrderList) -> None:
        await book.given(*[placed() for _ in range(6)])
        assert [len(one) async for one in pages(orders, 3)] == [3, 3]

    async def test_is_not_moved_by_orders_that_arrive_or_move_on(self, book: Book, orders: OrderList) -> None:
        there = [placed() for _ in range(6)]
        await book.given(*there)
        seen: list[str] = []
        async for one in pages(orders, 2):
            seen += one
            await book.given(placed(), placed(), moved(there[0], *there[0].allowed_statuses[:1]))
        assert seen == ids(*reversed(there))

    async def test_of_another_list_is_refused(self, book: Book, orders: OrderList) -> None:
        ada = uuid4()
        await book.given(*[placed(ada) for _ in range(3)])
        cursor = (await page(orders, ada, "pending", None, 2))["next"]
        await page(orders, ada, "pending", cursor)
        for user_id, status in ((ada, None), (None, "pending"), (uuid4(), "pending"), (ada, "shipped")):
            with pytest.raises(InvalidOpaque):
                await page(orders, user_id, status, cursor)

    @pytest.mark.parametrize("text", ["", "x", "AAAA", "é", "A" * 64, "\x00", "=" * 22, "A" * 10_000])
    async def test_that_was_made_up_is_refused(self, orders: OrderList, text: str) -> None:
        with pytest.raises(InvalidOpaque):
            await page(orders, cursor=text)


class TestNumberedPages:
    async def test_say_how_many_there_are(self, book: Book, orders: OrderList) -> None:
        ada = uuid4()
        all_of_them = [placed(ada) for _ in range(5)]
        await book.given(*all_of_them, placed())
        second = json.loads((await orders.numbered(OrderFilter(ada), 2, 2)).json)
        OrderListPage.model_validate(second)
        assert [item["id"] for item in second.pop("items")] == ids(all_of_them[2], all_of_them[1])
        assert second == {"next": None, "total": 5, "page": 2, "pages": 3}

    async def test_after_the_last_one_are_empty(self, book: Book, orders: OrderList) -> None:
        await book.given(placed())
        assert json.loads((await orders.numbered(OrderFilter(), 9, 50)).json) == {
            "items": [], "next": None, "total": 1, "page": 9, "pages": 1,
        }  # fmt: skip

    async def test_count_a_status_only(self, book: Book, orders: OrderList) -> None:
        await book.given(placed(), placed(), moved(placed(), "cancelled"))
        assert (
            json.loads((await orders.numbered(OrderFilter(statuses=frozenset({"pending"})), 1, 1)).json)["pages"] == 2
        )


def imported(moment: datetime) -> Order:
    """An order from elsewhere, placed at this moment."""
    sample = placed()
    return Order.import_from(
        sample.id,
        moment,
        number=sample.number,
        user_id=sample.user_id,
        currency="USD",
        lines=sample.lines,
        shipping_cents=0,
        shipping_address=sample.shipping_address,
        reference=sample.number,
        fingerprint="0" * 32,
    )

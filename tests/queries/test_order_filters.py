"""Whatever is asked of the list, in whatever order and by either way of paging: it is what a plain look at all orders
finds."""

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product as combinations
from typing import Any
from uuid import UUID, uuid4

import pytest

from events.caller import Caller
from events.domain.order import Order
from events.opaque import InvalidOpaque
from queries.list_orders import CURSOR_SECONDS, OrderList
from queries.order_filter import SORTS, OrderFilter, Sort
from tests.projections.book import Book
from tests.projections.business import line, product
from tests.queries.test_list_orders import NOBODY, imported

ADA, BEN = uuid4(), uuid4()
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
STATUSES: list[frozenset[str]] = [frozenset(), frozenset({"pending"}), frozenset({"shipped", "delivered", "expired"})]
PAYMENTS: list[frozenset[str]] = [frozenset(), frozenset({"authorized"}), frozenset({"unpaid", "paid"})]
FULFILLMENTS: list[frozenset[str]] = [frozenset(), frozenset({"unfulfilled", "partially_shipped"})]
TIMES = [
    (None, None),
    (BEGIN + timedelta(days=2), None),
    (None, BEGIN + timedelta(days=4)),
    (BEGIN + timedelta(days=1), BEGIN + timedelta(days=1)),
]
ASKED = [
    OrderFilter(user_id, statuses, payments, fulfillments, begin, end)
    for user_id, statuses, payments, fulfillments, (begin, end) in combinations(
        (None, ADA, BEN, uuid4()), STATUSES, PAYMENTS, FULFILLMENTS, TIMES
    )
]


def an_order(chance: random.Random) -> Order:
    """Any order: several are of one moment, and several cost the same."""
    sample = imported(BEGIN)
    pen = product(price_cents=chance.choice((100, 200, 300)))
    order = Order.place(
        sample.id,
        number=sample.number,
        user_id=str(chance.choice((ADA, ADA, BEN))),
        currency="USD",
        lines=[line(pen, 2)],
        shipping_cents=0,
        shipping_address=sample.shipping_address,
        payment_terms="offline",
        at=BEGIN + timedelta(days=chance.randint(0, 5)),
    )
    if chance.random() < 0.5:
        order.authorize(f"psp-{order.id}", order.total_cents, "USD")
    for _ in range(chance.randint(0, 3)):
        if order.allowed_statuses:
            order.change_status(order.allowed_statuses[0 if chance.random() < 0.7 else -1])
    return order


def plainly(orders: list[Order], wanted: OrderFilter) -> list[str]:
    """The ids of those that are asked for, in their order. `orders` is in the order of the log."""
    found = [
        (order.created_on if wanted.key == "placed_at" else order.total_cents, position, str(order.id))
        for position, order in enumerate(orders)
        if (wanted.user_id is None or order.user_id == str(wanted.user_id))
        and all(getattr(order.statuses, kind) in chosen for kind, chosen in wanted.standing.items())
        and (wanted.placed_from is None or order.created_on >= wanted.placed_from)
        and (wanted.placed_to is None or order.created_on < wanted.placed_to)
    ]
    return [order_id for _, _, order_id in sorted(found, reverse=wanted.descends)]


async def by_cursor(listed: OrderList, wanted: OrderFilter, limit: int) -> list[str]:
    seen: list[str] = []
    cursor = None
    while True:
        page = json.loads((await listed.after_cursor(wanted, cursor, limit)).json)
        seen += [item["id"] for item in page["items"]]
        if (cursor := page["next"]) is None:
            return seen
        assert len(page["items"]) == limit


@pytest.fixture
async def orders(book: Book) -> list[Order]:
    chance = random.Random(4)
    orders = [an_order(chance) for _ in range(60)]
    await book.given(*orders)
    return orders


@pytest.fixture
def listed(book: Book) -> OrderList:
    return OrderList(book.pool, book.tenant, book.shop.cursors, NOBODY)


@pytest.mark.parametrize("sort", SORTS)
async def test_every_filter_and_order_lists_what_is_asked_for(
    orders: list[Order], listed: OrderList, sort: Sort
) -> None:
    assert len({order.statuses for order in orders}) > 6
    for asked in ASKED:
        if sort.endswith("total_cents") and (asked.standing or not asked.counted):
            continue
        wanted = OrderFilter(**{name: getattr(asked, name) for name in asked.__slots__} | {"sort": sort})
        expected = plainly(orders, wanted)
        assert await by_cursor(listed, wanted, 7) == expected, wanted
        second = json.loads((await listed.numbered(wanted, 2, 5)).json)
        assert [item["id"] for item in second["items"]] == expected[5:10], wanted
        assert second["total"] == (len(expected) if wanted.counted else None), wanted


async def test_facets_tell_how_many_there_would_be(orders: list[Order], listed: OrderList) -> None:
    for wanted in ASKED:
        page = json.loads((await listed.after_cursor(wanted, None, 1, facets=True)).json)
        if not wanted.counted:
            assert page["facets"] is None
            continue
        for facet, told in page["facets"].items():
            for value, count in told.items():
                chosen = {**wanted.standing, facet: frozenset({value})}
                kinds = ("status", "payment_status", "fulfillment_status")
                statuses, payments, fulfillments = (chosen.get(kind, frozenset()) for kind in kinds)
                there = plainly(orders, OrderFilter(wanted.user_id, statuses, payments, fulfillments))
                assert count == len(there) > 0


class TestACursor:
    async def test_belongs_to_what_was_asked(self, orders: list[Order], listed: OrderList) -> None:
        asked = [*ASKED, *(OrderFilter(sort=sort) for sort in SORTS)]
        cursors = [json.loads((await listed.after_cursor(wanted, None, 1)).json)["next"] for wanted in asked]
        given = next(cursor for cursor in cursors if cursor)
        taken = 0
        for wanted in {one.name: one for one in asked}.values():
            try:
                await listed.after_cursor(wanted, given, 1)
                taken += 1
            except InvalidOpaque:
                pass
        assert taken == 1

    async def test_expires(self, book: Book, orders: list[Order]) -> None:
        now = 1_000_000.0
        clock: Callable[[], float] = lambda: now  # noqa: E731
        listed = OrderList(book.pool, book.tenant, book.shop.cursors, NOBODY, clock)
        cursor = json.loads((await listed.after_cursor(OrderFilter(), None, 1)).json)["next"]
        now += CURSOR_SECONDS
        await listed.after_cursor(OrderFilter(), cursor, 1)
        now += 1
        with pytest.raises(InvalidOpaque):
            await listed.after_cursor(OrderFilter(), cursor, 1)
        now -= 2 * CURSOR_SECONDS  # a clock that steps back
        await listed.after_cursor(OrderFilter(), cursor, 1)


async def test_orders_that_move_are_found_where_they_stand(book: Book, listed: OrderList, orders: list[Order]) -> None:
    for order in orders:
        if "confirmed" in order.allowed_statuses:
            order.change_status("confirmed")
    await book.given(*(order for order in orders if order.pending_events))
    for status in ("pending", "confirmed", "shipped"):
        wanted = OrderFilter(statuses=frozenset({status}))
        assert await by_cursor(listed, wanted, 7) == plainly(orders, wanted)


async def test_of_another_shop_is_empty(book: Book, orders: list[Order]) -> None:
    elsewhere = OrderList(book.pool, "other", book.shop.cursors, Caller(UUID(int=9), "other", ("staff",)))
    for wanted in (OrderFilter(), OrderFilter(ADA), OrderFilter(statuses=frozenset({"pending"}))):
        page: dict[str, Any] = json.loads((await elsewhere.after_cursor(wanted, None, 5)).json)
        assert page["items"] == []

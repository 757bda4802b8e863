"""Lists tell each reader of an order what the order itself tells them."""

import json
import random
from uuid import UUID, uuid4

import pytest

from events.caller import Caller
from events.domain.order import Order
from events.order_json import order_json
from queries.list_orders import OrderList
from queries.order_filter import OrderFilter, asked_words
from tests.projections.book import Book
from tests.projections.business import moved, placed
from tests.queries.chequered import a_chequered_past
from tests.queries.shown import shown_to

ROLES = ("customer", "staff", "auditor", "admin")


async def listed(book: Book, caller: Caller, wanted: OrderFilter) -> dict[str, object]:
    """Order id → the order, of one page that has room for all."""
    page = await OrderList(book.pool, book.tenant, book.shop.cursors, caller).after_cursor(wanted, None, 200)
    return {item["id"]: item for item in json.loads(page.json)["items"]}


def told(orders: list[Order], caller: Caller) -> dict[str, object]:
    return {str(order.id): shown_to(caller, order) for order in orders}


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_became_of_it(book: Book, seed: int) -> None:
    past = await a_chequered_past(book, random.Random(seed), 60)
    orders = past.at_position(past.head)
    for role in ROLES:
        for subject in (UUID(orders[0].user_id), uuid4()):
            caller = Caller(subject, book.tenant, (role,))
            expected = told(orders, caller)
            assert await listed(book, caller, OrderFilter()) == expected, caller
            assert {str(order.id): json.loads(order_json(order, caller)) for order in orders} == expected, caller


@pytest.mark.parametrize("gates", [(), ("confirm",), ("ship",), ("ship", "confirm"), ("ship", "ship")])
@pytest.mark.parametrize("steps", [(), ("confirmed",), ("confirmed", "shipped")])
async def test_while_it_is_held(book: Book, gates: tuple[str, ...], steps: tuple[str, ...]) -> None:
    order = moved(placed(), *steps)
    for gate in gates:
        order.place_hold(gate, "other", 'a "note"')
    await book.given(order)
    owner = UUID(order.user_id)
    for caller in (
        *(Caller(uuid4(), book.tenant, (role,)) for role in ROLES),
        Caller(owner, book.tenant, ("customer",)),
    ):
        expected = told([order], caller)
        assert json.loads(order_json(order, caller)) == expected[str(order.id)]
        assert await listed(book, caller, OrderFilter()) == expected
        assert await listed(book, caller, OrderFilter(words=asked_words(order.number))) == expected

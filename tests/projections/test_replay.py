"""Read models are what the log makes of them: replayed from zero, in batches of any size, they are the same."""

import random
from uuid import uuid4

import asyncpg
import pytest

from events.domain.order import Order
from events.domain.product import Product
from events.log.reader import LogReader
from projections.accounts import AccountsProjection
from projections.catalogue import CatalogueProjection
from projections.confirmations import ConfirmationsProjection
from projections.feed import Feed
from projections.orders import OrdersProjection
from projections.runner import Runner
from projections.sales import SalesProjection
from projections.search import SearchProjection
from tests.projections.book import Book, EveryoneLeads
from tests.projections.business import line, placed, product

TABLES = "order_list, order_counts, order_search, sales, catalogue, deliveries, checkpoints, parked_events"


@pytest.fixture
def book(own_book: Book) -> Book:
    return own_book


async def a_busy_day(book: Book, chance: random.Random) -> None:
    """Products come and change, orders come and go, and the projections are brought along now and then."""
    customers = [uuid4() for _ in range(5)]
    products: list[Product] = [product(f"SKU{n}", stock=chance.randint(0, 50)) for n in range(4)]
    orders: list[Order] = []
    await book.append(*products)
    for _ in range(120):
        match chance.choice(("place", "place", "move", "move", "product", "post")):
            case "place":
                bought = chance.sample(products, chance.randint(1, 3))
                lines = [line(one, chance.randint(1, 9)) for one in bought]
                orders.append(placed(chance.choice(customers), *lines))
                await book.append(orders[-1])
            case "move":
                going = [order for order in orders if order.allowed_statuses]
                if going:
                    order = chance.choice(going)
                    order.change_status(chance.choice(order.allowed_statuses))
                    await book.append(order)
            case "product":
                one = chance.choice(products)
                one.change_price(chance.randint(100, 9_999))
                one.receive_stock(chance.randint(1, 20), "a delivery")
                await book.append(one)
            case "post":
                await book.post()
    await book.post()


@pytest.mark.parametrize("batch", [1, 7, 1_000])
async def test_a_replay_from_zero_comes_to_the_same(book: Book, owner: asyncpg.Connection, batch: int) -> None:
    await a_busy_day(book, random.Random(batch))
    before = await book.read_models()
    assert all(before.values())
    await owner.execute(f"TRUNCATE {TABLES}")
    for projection in (
        OrdersProjection(book.tenant, book.shop.codec),
        CatalogueProjection(book.tenant),
        AccountsProjection(book.tenant, book.shop.codec, book.redis),
        ConfirmationsProjection(book.tenant, book._note),
        SearchProjection(book.tenant, book.shop.codec),
        SalesProjection(book.tenant, book.shop.codec),
    ):
        feed = Feed(LogReader(book.pool, book.tenant), keep=50)
        await Runner(book.tenant, projection, book.pool, feed, EveryoneLeads(), batch=batch).catch_up()
    assert await book.read_models() == before

"""Finding orders: given orders of customers, the words by which they are found, and by whom."""

import json
from collections.abc import Iterable
from typing import Any
from uuid import UUID, uuid4

import pytest

import queries.search_orders
from events.domain.customer import Customer
from events.domain.order import Order
from events.domain.order_parts import Address
from queries.list_orders import OrderList
from queries.order_filter import OrderFilter, Word, asked_words
from queries.search_orders import SearchTooBroad
from tests.projections.book import Book
from tests.projections.business import line, moved, placed, product
from tests.queries.test_list_orders import NOBODY, ids

ELSEWHERE: Address = {"recipient": "Grace Hopper", "line1": "1 Pier", "city": "New York", "country": "US"}


@pytest.fixture
def orders(book: Book) -> OrderList:
    return OrderList(book.pool, book.tenant, book.shop.cursors, NOBODY)


async def found(orders: OrderList, text: str, user_id: UUID | None = None, limit: int = 50, **asked: Any) -> list[str]:
    """The ids of all orders that a search finds, to its end."""
    wanted = OrderFilter(user_id, words=asked_words(text), **asked)
    seen: list[str] = []
    cursor = None
    while True:
        page = json.loads((await orders.after_cursor(wanted, cursor, limit)).json)
        assert page["total"] is None
        assert len(page["items"]) <= limit
        seen += [item["id"] for item in page["items"]]
        if (cursor := page["next"]) is None:
            return seen


def newest_first(orders: Iterable[Order]) -> list[str]:
    return ids(*reversed(list(orders)))


class TestAnOrderIsFound:
    @pytest.mark.parametrize(
        "text",
        [
            *("7K-3M9QF", "7k3m9qf", "7K3M*"),
            *("ada@mail.example", "ADA", "Byron", "Lovelace", "ada byron lovelace", "love*", "ada love*"),
            *("PEN-01", "pen01", "fountain", "Füllfeder", "fullfeder 7k3m9qf"),
            *("1Z-999", "1z999"),
        ],
    )
    async def test_by_its_number_its_customer_its_recipient_its_products_and_its_parcels(
        self, book: Book, orders: OrderList, text: str
    ) -> None:
        customer = Customer.add(uuid4(), name="Ada Byron", email="ada@mail.example")
        pen = product("PEN-01", name="Fountain pen (Füllfeder)")
        order = placed(customer.id, line(pen), number="7K3M9QF")
        order.change_status("confirmed")
        order.ship(None, tracking="1Z 999")
        others = [placed(None, line(product("INK-02", name="Ink"))) for _ in range(3)]
        await book.given(customer, pen, *others[:2], order, others[2])
        assert str(order.id) in await found(orders, text)
        assert str(order.id) in await found(orders, text, customer.id)
        assert str(order.id) not in await found(orders, text + " else")

    async def test_by_its_reference_elsewhere(self, book: Book, orders: OrderList) -> None:
        sample = placed()
        order = Order.import_from(
            *(uuid4(), sample.created_on),
            number="N77",
            user_id=sample.user_id,
            currency="USD",
            lines=sample.lines,
            shipping_cents=0,
            shipping_address=sample.shipping_address,
            reference="WEB/10248",
            fingerprint="0" * 32,
        )
        await book.given(order)
        assert await found(orders, "web-10248") == ids(order)

    async def test_by_where_it_goes_and_no_longer_by_where_it_went(self, book: Book, orders: OrderList) -> None:
        customer = Customer.add(uuid4(), name="Ada Byron", email="ada@mail.example")
        early, late = placed(customer.id), placed(customer.id)
        await book.given(customer, early)
        early.readdress(ELSEWHERE)
        late.readdress(ELSEWHERE)
        await book.given(early, late)
        assert await found(orders, "hopper") == newest_first([early, late])
        assert await found(orders, "lovelace") == []
        assert await found(orders, "byron hopper") == newest_first([early, late])

    async def test_only_in_ones_own_and_in_ones_shop(self, book: Book, orders: OrderList) -> None:
        ada, ben = uuid4(), uuid4()
        mine = placed(ada)
        await book.given(mine, placed(ben))
        assert await found(orders, "fountain", ada) == ids(mine)
        assert await found(orders, "fountain", uuid4()) == []
        elsewhere = OrderList(book.pool, "other", book.shop.cursors, NOBODY)
        assert await found(elsewhere, "fountain") == []

    async def test_with_other_filters_and_in_either_order(self, book: Book, orders: OrderList) -> None:
        there = [placed() for _ in range(4)]
        await book.given(*there)
        await book.given(moved(there[1], "confirmed"), moved(there[2], "cancelled"))
        assert await found(orders, "pen", sort="placed_at") == ids(*there)
        assert await found(orders, "pen", statuses=frozenset({"confirmed", "cancelled"})) == ids(there[2], there[1])
        since = there[2].created_on
        assert await found(orders, "pen", placed_from=since) == ids(there[3], there[2])
        assert await found(orders, "pen", placed_to=since, sort="placed_at") == ids(*there[:2])
        assert await found(orders, "pen", payment_statuses=frozenset({"paid"})) == []


class TestALongWay:
    """Where many orders have the words, a page ends after a walk of bounded length, and the next one goes on."""

    @pytest.fixture(autouse=True)
    def _short_walks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(queries.search_orders, "WALK", 5)

    @pytest.mark.parametrize("sort", ["-placed_at", "placed_at"])
    @pytest.mark.parametrize(
        "text", ["pen", "pen lovelace", "pen rare", "fountain pen 7X*", "pe* fountain", "nothing pen"]
    )
    @pytest.mark.parametrize("limit", [1, 2, 5, 50])
    async def test_comes_to_its_end(self, book: Book, orders: OrderList, text: str, limit: int, sort: str) -> None:
        ada = uuid4()
        pen, rare = product(), product(name="A rare pen")
        there = [
            placed(
                ada if n % 2 else None, line(rare if n in (3, 14, 15) else pen), number=f"7{'X' if n % 5 else 'Y'}{n}"
            )
            for n in range(19)
        ]
        await book.given(*there)
        texts = {
            "pen": there,
            "pen lovelace": there,
            "pen rare": [there[n] for n in (3, 14, 15)],
            "fountain pen 7X*": [one for n, one in enumerate(there) if n % 5 and n not in (3, 14, 15)],
            "pe* fountain": [one for n, one in enumerate(there) if n not in (3, 14, 15)],
            "nothing pen": [],
        }
        expected = texts[text] if sort == "placed_at" else [*reversed(texts[text])]
        assert await found(orders, text, limit=limit, sort=sort) == ids(*expected)
        mine = [order for order in expected if order.user_id == str(ada)]
        assert await found(orders, text, ada, limit=limit, sort=sort) == ids(*mine)

    async def test_is_cut_where_the_walk_ends(self, book: Book, orders: OrderList) -> None:
        there = [placed() for _ in range(12)]
        await book.given(*there)
        wanted = OrderFilter(words=asked_words("pen"), statuses=frozenset({"shipped"}))
        page = json.loads((await orders.after_cursor(wanted, None, 50)).json)
        assert page["items"] == []
        assert page["next"] is not None


class TestABeginning:
    async def test_finds_each_order_once(self, book: Book, orders: OrderList) -> None:
        order = placed(None, line(product(name="Penholder pencil pen")))
        await book.given(order)
        assert await found(orders, "pen*") == ids(order)
        assert await found(orders, "penc*") == ids(order)
        assert await found(orders, "pens*") == []

    async def test_of_too_many_words_is_refused_but_for_ones_own(self, book: Book, orders: OrderList) -> None:
        ada = uuid4()
        there = [placed(ada, number=f"AB{n}") for n in range(queries.search_orders.MOST_COMPLETIONS + 1)]
        await book.given(*there)
        with pytest.raises(SearchTooBroad):
            await found(orders, "ab*")
        assert len(await found(orders, "ab*", ada)) == len(there)
        assert len(await found(orders, "ab* pen")) == len(there)
        assert await found(orders, "ab30*") == ids(there[30])


def test_a_search_falls_into_words() -> None:
    assert asked_words(" N-1024*  ada ADA  -- *") == (Word("n1024", True), Word("ada", False))

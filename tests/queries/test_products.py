"""The catalogue in pages, and one product as it is now."""

import json
from typing import Any
from uuid import uuid4

import pytest

from api.schemas import ProductAnswer, ProductListPage
from events.domain.refusal import NotFound
from events.opaque import InvalidOpaque
from queries.list_addresses import list_addresses
from queries.products import get_product, list_products
from tests.projections.book import Book
from tests.projections.business import placed, product


async def page(book: Book, cursor: str | None = None, limit: int = 50) -> dict[str, Any]:
    body = await list_products(book.pool, book.tenant, book.shop.cursors, cursor, limit)
    ProductListPage.model_validate_json(body)
    return dict(json.loads(body))


class TestTheCatalogue:
    async def test_is_listed_by_sku_in_pages(self, book: Book) -> None:
        await book.given(*[product(sku) for sku in ("C", "A", "E", "B", "D")])
        seen: list[list[str]] = []
        cursor = None
        while not seen or cursor is not None:
            one = await page(book, cursor, 2)
            seen.append([item["sku"] for item in one["items"]])
            cursor = one["next"]
        assert seen == [["A", "B"], ["C", "D"], ["E"]]

    async def test_shows_a_product_as_it_is_when_read_alone(self, book: Book) -> None:
        pen = product('P"1\\', stock=7, name="Füller „fein“")
        await book.given(pen)
        # The stock that an append guards is kept by commands: here nobody gave one.
        alone = json.loads((await get_product(book.shop.repository, book.shop.reader, pen.id)).json)
        (listed,) = (await page(book))["items"]
        assert listed | {"available": 0} == alone
        assert listed["available"] == 7

    async def test_does_not_take_cursors_of_other_lists(self, book: Book) -> None:
        for text in (book.shop.cursors.seal("A", "orders None None"), "made up", ""):
            with pytest.raises(InvalidOpaque):
                await page(book, text)


class TestOneProduct:
    async def test_is_always_current(self, book: Book) -> None:
        pen = product()
        await book.append(pen)
        assert (await get_product(book.shop.repository, book.shop.reader, pen.id)).version == 1
        pen.change_price(9_900)
        await book.append(pen)
        now = await get_product(book.shop.repository, book.shop.reader, pen.id)
        assert (now.version, ProductAnswer.model_validate_json(now.json).price_cents) == (2, 9_900)

    async def test_that_is_none_is_not_there(self, book: Book) -> None:
        order = placed()
        await book.append(order)
        for stream in (order.id, uuid4()):
            with pytest.raises(NotFound):
                await get_product(book.shop.repository, book.shop.reader, stream)


async def test_who_never_gave_an_address_has_none(book: Book) -> None:
    assert await list_addresses(book.shop.repository, uuid4()) == []

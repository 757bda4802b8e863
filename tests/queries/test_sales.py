"""What was sold: given orders, the pages in which the sums are read."""

import json
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest

from api.schemas import SalesPage
from events.domain.order import Order
from events.opaque import InvalidOpaque
from queries.sales import By, SalesFilter, sales
from tests.projections.book import Book
from tests.projections.business import line, moved, placed, product

ADA, BEN = uuid4(), uuid4()
PEN, INK = product("PEN", price_cents=1_000), product("INK", price_cents=300)


def bought(day: int, who: Any = ADA, *, shipping_cents: int = 0) -> Order:
    """A pen and two inks, bought on a day of March."""
    sample = placed(who, line(PEN), line(INK, 2))
    return Order.place(
        sample.id,
        number=sample.number,
        user_id=str(who),
        currency="USD",
        lines=sample.lines,
        shipping_cents=shipping_cents,
        shipping_address=sample.shipping_address,
        payment_terms="offline",
        at=datetime(2026, 3, day, 23, 59, tzinfo=UTC),
    )


async def read(book: Book, by: By, begin: date | None = None, end: date | None = None, limit: int = 50) -> list[Any]:
    """All rows, read in pages of `limit`."""
    seen: list[Any] = []
    cursor = None
    while True:
        body = await sales(book.pool, book.tenant, book.shop.cursors, SalesFilter(by, begin, end), cursor, limit)
        SalesPage.model_validate_json(body)
        page = json.loads(body)
        seen += page["items"]
        if (cursor := page["next"]) is None:
            return seen
        assert len(page["items"]) == limit


@pytest.fixture
async def march(book: Book) -> None:
    await book.given(
        bought(1, shipping_cents=490),
        bought(1, BEN),
        moved(bought(3, shipping_cents=490), "cancelled"),
        bought(31, BEN),
    )


class TestByDay:
    async def test_tell_what_came_of_the_orders_of_each_day(self, book: Book, march: None) -> None:
        first, third, last = await read(book, "day")
        assert first == {
            "day": "2026-03-01", "currency": "USD", "orders": 2, "units": 6, "gross_cents": 3_200, "discount_cents": 0,
            "shipping_cents": 490, "cancelled_units": 0, "cancelled_cents": 0, "returned_units": 0, "returned_cents": 0,
            "net_cents": 3_690, "refunded_cents": 0,
        }  # fmt: skip
        assert (third["orders"], third["cancelled_cents"], third["net_cents"]) == (1, 2_090, 0)
        assert last["day"] == "2026-03-31"

    async def test_of_a_range_leave_out_its_end(self, book: Book, march: None) -> None:
        found = await read(book, "day", date(2026, 3, 3), date(2026, 3, 31))
        assert [one["day"] for one in found] == ["2026-03-03"]
        assert await read(book, "day", date(2026, 3, 4), date(2026, 3, 4)) == []
        assert len(await read(book, "day", date(1, 1, 1), date(9999, 12, 31))) == 3

    async def test_go_on_by_cursor(self, book: Book, march: None) -> None:
        assert await read(book, "day", limit=1) == await read(book, "day")


class TestByProductAndCustomer:
    @pytest.mark.parametrize("limit", [1, 50])
    async def test_tell_all_days_or_a_few(self, book: Book, march: None, limit: int) -> None:
        found = {one["product_id"]: one for one in await read(book, "product", limit=limit)}
        assert found[str(PEN.id)]["gross_cents"] == 4_000
        assert found[str(INK.id)]["units"] == 8
        assert found[str(INK.id)]["cancelled_units"] == 2
        days = date(2026, 3, 1), date(2026, 3, 4)
        in_days = {one["product_id"]: one for one in await read(book, "product", *days, limit)}
        assert in_days[str(PEN.id)]["gross_cents"] == 3_000
        assert in_days[str(PEN.id)]["net_cents"] == 2_000
        of_ada, of_ben = sorted(
            await read(book, "customer", limit=limit), key=lambda one: one["customer_id"] == str(BEN)
        )
        assert (of_ada["orders"], of_ada["net_cents"]) == (2, 2_090)
        assert (of_ben["orders"], of_ben["net_cents"]) == (2, 3_200)
        assert [one["orders"] for one in await read(book, "customer", date(2026, 3, 31), date(2026, 4, 1))] == [1]

    async def test_cursors_belong_to_what_was_asked(self, book: Book, march: None) -> None:
        page = json.loads(await sales(book.pool, book.tenant, book.shop.cursors, SalesFilter("product"), None, 1))
        with pytest.raises(InvalidOpaque):
            await sales(book.pool, book.tenant, book.shop.cursors, SalesFilter("customer"), page["next"], 1)

"""The order history: given what happened, a row for each version, from its place in the log and its time on."""

from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString
from uuid import UUID, uuid4

import asyncpg
import pytest

from events.domain.order import Order
from events.log.reader import LogReader
from projections.feed import Feed
from projections.order_history import OrderHistoryProjection
from projections.parking import retry_parked
from projections.runner import Runner
from tests.projections.book import Book, EveryoneLeads
from tests.projections.business import moved, placed, product
from tests.queries.chequered import LONG_AGO, address, from_elsewhere

ROWS: LiteralString = "SELECT * FROM order_versions WHERE tenant_id = $1 ORDER BY order_id, version"


async def versions(book: Book, order: Order, *columns: str) -> list[tuple[Any, ...]]:
    rows = await book.pool.fetch(
        "SELECT * FROM order_versions WHERE tenant_id = $1 AND order_id = $2 ORDER BY version", book.tenant, order.id
    )
    return [tuple(row[column] for column in columns) for row in rows]


def a_day_in(day: int) -> datetime:
    return LONG_AGO + timedelta(days=day)


class TestAVersion:
    async def test_begins_where_its_event_stands(self, book: Book) -> None:
        order = placed()
        await book.given(product())
        position = await book.given(order)
        await book.given(product("INK"), moved(order, "confirmed"))
        assert await versions(book, order, "version", "from_position", "from_time", "status", "user_id") == [
            (1, position, order.created_on, "pending", UUID(order.user_id)),
            (2, position + 2, order.modified_on, "confirmed", None),
        ]

    async def test_begins_never_before_the_one_before_it(self, book: Book) -> None:
        """The first three come in one batch, the others each in their own."""
        order = from_elsewhere(placed(), a_day_in(0))
        order.change_status("confirmed", at=a_day_in(8))
        order.place_hold("ship", "other", None)
        await book.given(order)
        (hold,) = order.holds
        order.release_hold(hold["id"])
        await book.given(order)
        order.change_status("shipped", at=a_day_in(5))
        await book.given(order)
        times = [row for (row,) in await versions(book, order, "from_time")]
        assert times[:2] == [a_day_in(0), a_day_in(8)]
        assert times == sorted(times)
        assert times[4] == times[3]
        (updated_at,) = (await versions(book, order, "updated_at"))[4]
        assert updated_at == a_day_in(5)

    async def test_keeps_holds_and_address_until_they_change(self, book: Book) -> None:
        order = placed()
        await book.given(order)
        order.place_hold("ship", "other", None)
        await book.given(order)
        await book.given(moved(order, "confirmed"))
        order.readdress(address("Paris"))
        order.release_hold(order.holds[0]["id"])
        order.add_note("rang twice")
        await book.given(order)
        kept = await versions(book, order, "address_version", "holds")
        assert [address_version for address_version, _ in kept] == [1, 1, 1, 4, 4, 4]
        assert [holds != "[]" for _, holds in kept] == [False, True, True, True, False, False]


class TestARow:
    @pytest.mark.parametrize("batch", [1, 3, 1_000])
    async def test_is_the_same_in_batches_of_any_size(
        self, own_book: Book, owner: asyncpg.Connection, batch: int
    ) -> None:
        for _ in range(3):
            order = from_elsewhere(placed(), a_day_in(3))
            order.change_status("confirmed", at=a_day_in(2))
            order.place_hold("ship", "other", None)
            order.readdress(address("Paris"))
            order.cancel("less", at=a_day_in(1))
            await own_book.given(order)
        before = await own_book.rows(ROWS)
        await owner.execute("TRUNCATE order_versions; DELETE FROM checkpoints WHERE projection = 'order_history'")
        feed = Feed(LogReader(own_book.pool, own_book.tenant))
        projection = OrderHistoryProjection(own_book.tenant)
        await Runner(own_book.tenant, projection, own_book.pool, feed, EveryoneLeads(), batch=batch).catch_up()
        assert await own_book.rows(ROWS) == before
        assert len(before) == 15

    async def test_without_the_one_before_it_is_parked_and_comes_when_that_is_there(
        self, own_book: Book, owner: asyncpg.Connection
    ) -> None:
        lost, other = placed(), placed()
        await own_book.given(lost, other)
        rows = await owner.fetch("DELETE FROM order_versions WHERE order_id = $1 RETURNING *", lost.id)
        await own_book.given(moved(lost, "confirmed", "shipped"), moved(other, "confirmed"))
        await own_book.then_parked(
            "order_history", (lost.id, "LookupError"), (lost.id, "waits behind an earlier event")
        )
        assert len(await versions(own_book, other, "version")) == 2
        await owner.copy_records_to_table("order_versions", records=[tuple(row) for row in rows])
        projection = OrderHistoryProjection(own_book.tenant)
        assert await retry_parked(own_book.pool, own_book.tenant, projection) == (2, 0)
        assert await versions(own_book, lost, "version", "status") == [(1, "pending"), (2, "confirmed"), (3, "shipped")]

    async def test_is_of_this_shop(self, book: Book) -> None:
        await book.given(placed(uuid4()))
        assert await book.pool.fetch("SELECT FROM order_versions WHERE tenant_id = 'another-shop'") == []
        assert datetime.now(UTC) > (await book.rows(ROWS))[0][4]

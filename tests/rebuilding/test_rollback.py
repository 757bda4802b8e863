"""What served before a swap is kept, and can serve again."""

import asyncpg
import pytest

from daybook.failure import Failure
from daybook.rebuilding.rebuild import drop, rebuild, rollback
from daybook.settings import Settings
from projections.orders import EVERYONE, OrdersProjection
from tests.projections.book import Book
from tests.projections.business import moved, placed
from tests.rebuilding.conftest import Heard, everything_happens, rows_of

OID = "SELECT 'order_list'::regclass::oid"


class TestARollback:
    async def test_has_the_kept_tables_serve_with_all_that_happened_since(
        self, book: Book, other_book: Book, settings: Settings, owner: asyncpg.Connection, reporter: Heard
    ) -> None:
        await everything_happens(book)
        first = await owner.fetchval(OID)
        await rebuild(settings, "orders", reporter)
        assert await owner.fetchval(OID) != first
        await everything_happens(book, seed=2)
        await everything_happens(other_book, seed=3)
        after = await rows_of(book, "orders")
        await rollback(settings, "orders", reporter)
        assert await owner.fetchval(OID) == first
        assert await rows_of(book, "orders") == after
        await book.given(placed())

    async def test_can_be_rolled_back(
        self, book: Book, settings: Settings, owner: asyncpg.Connection, reporter: Heard
    ) -> None:
        await rebuild(settings, "orders", reporter)
        second = await owner.fetchval(OID)
        await rollback(settings, "orders", reporter)
        await book.given(placed())
        await rollback(settings, "orders", reporter)
        assert await owner.fetchval(OID) == second
        await book.then_counts(EVERYONE, pending=1)

    async def test_brings_back_what_was_parked(
        self, book: Book, settings: Settings, owner: asyncpg.Connection, reporter: Heard
    ) -> None:
        order = placed()
        await owner.execute("ALTER TABLE order_list ADD CONSTRAINT no_confirmed CHECK (status <> 'confirmed')")
        await book.given(order)
        await book.given(moved(order, "confirmed"))
        await owner.execute("ALTER TABLE order_list DROP CONSTRAINT no_confirmed")
        await rebuild(settings, "orders", reporter)
        await book.given(moved(order, "shipped"), placed())
        await rollback(settings, "orders", reporter)
        waits = "waits behind an earlier event"
        await book.then_parked("orders", (order.id, "CheckViolationError"), (order.id, waits))
        await book.given(moved(order, "delivered"))
        await book.then_order(order, status="pending", version=1)
        await book.then_counts(EVERYONE, pending=2)

    async def test_goes_back_to_the_older_version(
        self, book: Book, settings: Settings, reporter: Heard, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await book.given(placed())
        with monkeypatch.context() as newer:
            newer.setattr(OrdersProjection, "version", 2)
            await rebuild(settings, "orders", reporter)
            await book.new_runners()["orders"].catch_up()
        # The older release is deployed again, and finds its own tables.
        await book.append(placed())
        await rollback(settings, "orders", reporter)
        await book.post()
        await book.then_counts(EVERYONE, pending=2)

    async def test_is_refused_where_nothing_is_kept(self, settings: Settings, reporter: Heard) -> None:
        with pytest.raises(Failure, match="nothing is kept of orders"):
            await rollback(settings, "orders", reporter)


class TestDropping:
    async def test_ends_what_is_kept_and_what_is_unfinished(
        self, book: Book, settings: Settings, owner: asyncpg.Connection, reporter: Heard
    ) -> None:
        await everything_happens(book)
        await rebuild(settings, "orders", reporter)
        before = await rows_of(book, "orders")
        await drop(settings, "orders", reporter)
        assert await rows_of(book, "orders") == before
        assert await owner.fetch("SELECT FROM pg_namespace WHERE nspname ~ '^(previous|rebuild|coming)_'") == []
        assert await owner.fetch("SELECT FROM checkpoints WHERE projection ~ '~'") == []
        with pytest.raises(Failure, match="nothing is kept"):
            await rollback(settings, "orders", reporter)

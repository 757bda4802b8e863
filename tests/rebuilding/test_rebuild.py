"""A read model that is rebuilt beside the one that serves says the same, and serves afterwards."""

import asyncio

import asyncpg
import pytest

from daybook.failure import Failure
from daybook.rebuilding import tables
from daybook.rebuilding.rebuild import rebuild
from daybook.settings import Settings
from events.log.append import NewEvent
from projections.checkpoints import MadeByNewer, read_checkpoint
from projections.orders import EVERYONE, OrdersProjection
from queries.consistency import wait_for_position
from tests.projections.book import Book
from tests.projections.business import moved, placed
from tests.projections.eventually import eventually
from tests.rebuilding.conftest import REBUILT, Heard, everything_happens, rows_of

STRUCTURE = """
SELECT 'column', a.attrelid::regclass::text, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull::text,
       pg_get_expr(d.adbin, d.adrelid), a.attcollation::regcollation::text
FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = ANY ($1::text[]::regclass[]) AND a.attnum > 0
UNION ALL
SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid), NULL, NULL, NULL
FROM pg_constraint WHERE conrelid = ANY ($1::text[]::regclass[])
UNION ALL
SELECT 'index', indrelid::regclass::text, pg_get_indexdef(indexrelid), NULL, NULL, NULL, NULL
FROM pg_index WHERE indrelid = ANY ($1::text[]::regclass[])
UNION ALL
SELECT 'table', oid::regclass::text, reloptions::text, relowner::regrole::text, NULL, NULL, relacl::text
FROM pg_class WHERE oid = ANY ($1::text[]::regclass[])
ORDER BY 1, 2, 3, 4
"""


@pytest.mark.parametrize("name", REBUILT)
class TestARebuild:
    async def test_comes_to_the_same_in_every_shop(
        self, book: Book, other_book: Book, settings: Settings, reporter: Heard, name: str
    ) -> None:
        await everything_happens(book)
        await everything_happens(other_book, seed=2)
        before = await rows_of(book, *REBUILT)
        assert all(before.values())
        await rebuild(settings, name, reporter)
        assert await rows_of(book, *REBUILT) == before
        assert [line for line in reporter.lines if line.endswith("rows are what the log says")]

    async def test_makes_tables_of_the_same_shape(
        self, book: Book, settings: Settings, owner: asyncpg.Connection, reporter: Heard, name: str
    ) -> None:
        before = await owner.fetch(STRUCTURE, REBUILT[name])
        await rebuild(settings, name, reporter)
        assert await owner.fetch(STRUCTURE, REBUILT[name]) == before

    async def test_is_gone_on_from(self, book: Book, settings: Settings, reporter: Heard, name: str) -> None:
        await everything_happens(book)
        await rebuild(settings, name, reporter)
        await everything_happens(book, seed=3)
        after = await rows_of(book, name)
        await rebuild(settings, name, reporter)
        assert await rows_of(book, name) == after


class TestWhatIsMade:
    async def test_reaches_further_than_a_projector_that_is_late(
        self, book: Book, settings: Settings, reporter: Heard
    ) -> None:
        position = await book.append(placed(), moved(placed(), "confirmed"))
        await rebuild(settings, "orders", reporter)
        await wait_for_position(book.pool, book.tenant, "orders", position, patience=0)
        await book.post()
        await book.then_counts(EVERYONE, pending=1, confirmed=1)

    async def test_has_no_effect_in_the_world(self, book: Book, settings: Settings, reporter: Heard) -> None:
        await everything_happens(book)
        enqueued, before = list(book.enqueued), await book.read_models()
        for name in REBUILT:
            await rebuild(settings, name, reporter)
        assert (book.enqueued, await book.read_models()) == (enqueued, before)

    async def test_is_loaded_by_several_processes(
        self, book: Book, settings: Settings, reporter: Heard, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await everything_happens(book)
        before = await rows_of(book, "orders")
        monkeypatch.setattr(tables, "RANGE", 10)
        await rebuild(settings, "orders", reporter)
        assert await rows_of(book, "orders") == before


class TestAVersion:
    async def test_is_that_of_the_code_that_made_the_rows(
        self, book: Book, settings: Settings, reporter: Heard, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        old = book.runners["orders"]
        await book.given(placed())
        monkeypatch.setattr(OrdersProjection, "version", 2)
        await rebuild(settings, "orders", reporter)
        monkeypatch.undo()
        await book.append(placed())
        with pytest.raises(MadeByNewer):
            await old.catch_up()
        monkeypatch.setattr(OrdersProjection, "version", 2)
        await book.new_runners()["orders"].catch_up()
        await book.then_counts(EVERYONE, pending=2)

    async def test_that_is_newer_goes_on_with_older_rows(self, book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
        await book.given(placed())
        monkeypatch.setattr(OrdersProjection, "version", 2)
        book.runners = book.new_runners()
        await book.given(placed())
        await book.then_counts(EVERYONE, pending=2)


class TestARefusal:
    @pytest.mark.parametrize("name", ["accounts", "fanout", "confirmations"])
    async def test_meets_what_the_log_alone_cannot_make(self, settings: Settings, reporter: Heard, name: str) -> None:
        with pytest.raises(Failure, match=f"{name} cannot be rebuilt: "):
            await rebuild(settings, name, reporter)

    async def test_meets_what_there_is_not(self, settings: Settings, reporter: Heard) -> None:
        with pytest.raises(Failure, match="no projection 'invoices'; there are orders"):
            await rebuild(settings, "invoices", reporter)

    async def test_meets_the_second_at_once(
        self, settings: Settings, owner: asyncpg.Connection, reporter: Heard
    ) -> None:
        async with owner.transaction():
            # The first waits here, for its copies need to look at these tables.
            await owner.execute("LOCK TABLE order_list IN ACCESS EXCLUSIVE MODE")
            first = asyncio.create_task(rebuild(settings, "orders", Heard()))
            await eventually(lambda: _waits(owner))
            with pytest.raises(Failure, match="orders is being rebuilt or rolled back by another process"):
                await rebuild(settings, "orders", reporter)
        await first


class TestAStreamThatCannotBeApplied:
    async def test_is_named_and_nothing_is_swapped(self, book: Book, settings: Settings, reporter: Heard) -> None:
        bad = placed()
        await book.append_events(NewEvent(bad.id, 1, "OrderPlaced", 1, b'{"not": "what it should be"}'))
        await book.given(placed())
        before = await rows_of(book, "orders")
        with pytest.raises(
            Failure, match=rf"1 streams could not be applied, nothing was swapped: {bad.id} \(KeyError\)"
        ):
            await rebuild(settings, "orders", reporter)
        assert await rows_of(book, "orders") == before
        await book.then_parked("orders", (bad.id, "KeyError"))

    async def test_is_applied_by_resuming_once_it_can_be(
        self, book: Book, settings: Settings, owner: asyncpg.Connection, reporter: Heard
    ) -> None:
        order = placed()
        await book.given(moved(order, "confirmed"), placed())
        await owner.execute(
            "ALTER TABLE order_list ADD CONSTRAINT no_confirmed CHECK (status <> 'confirmed') NOT VALID"
        )
        with pytest.raises(Failure, match="CheckViolationError"):
            await rebuild(settings, "orders", reporter)
        await book.given(moved(order, "shipped"))
        await owner.execute("ALTER TABLE rebuild_orders.order_list DROP CONSTRAINT no_confirmed")
        await rebuild(settings, "orders", reporter, resume=True)
        await book.then_counts(EVERYONE, shipped=1, pending=1)

    async def test_that_only_the_serving_one_could_not_apply_is_no_longer_parked(
        self, book: Book, settings: Settings, owner: asyncpg.Connection, reporter: Heard
    ) -> None:
        order = placed()
        await book.given(order)
        await owner.execute("ALTER TABLE order_list ADD CONSTRAINT no_confirmed CHECK (status <> 'confirmed')")
        await book.given(moved(order, "confirmed"))
        await book.then_parked("orders", (order.id, "CheckViolationError"))
        await owner.execute("ALTER TABLE order_list DROP CONSTRAINT no_confirmed")
        await rebuild(settings, "orders", reporter)
        await book.then_parked("orders")
        position = await book.given(moved(order, "shipped"))
        await book.then_order(order, status="shipped")
        await wait_for_position(book.pool, book.tenant, "orders", position, patience=0)
        assert await read_checkpoint(book.pool, book.tenant, "orders") == position


async def _waits(owner: asyncpg.Connection) -> bool:
    return bool(await owner.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'relation'"))

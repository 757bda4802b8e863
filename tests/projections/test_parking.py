"""An event that cannot be applied: its stream waits, in order, and the others go on."""

import asyncio
from uuid import UUID, uuid4

import asyncpg
import pytest

from events.domain.order import Order
from events.log.append import NewEvent
from projections.catalogue import CatalogueProjection
from projections.checkpoints import read_checkpoint
from projections.confirmations import ConfirmationsProjection
from projections.orders import EVERYONE, OrdersProjection
from projections.parking import retry_parked
from queries.consistency import ProjectionBehind, wait_for_position
from tests.projections.book import Book
from tests.projections.business import line, moved, placed, product

WAITS = "waits behind an earlier event"


class ReadModel:
    """Tables that cannot take some rows, until their owner mends them."""

    def __init__(self, owner: asyncpg.Connection) -> None:
        self._owner = owner

    async def refuse_confirmed_orders(self) -> None:
        await self._owner.execute("ALTER TABLE order_list ADD CONSTRAINT broken CHECK (status <> 'confirmed')")

    async def refuse_bad_products(self) -> None:
        await self._owner.execute("ALTER TABLE catalogue ADD CONSTRAINT broken CHECK (sku <> 'BAD')")

    async def refuse_deliveries(self) -> None:
        await self._owner.execute("ALTER TABLE deliveries ADD CONSTRAINT broken CHECK (false)")

    async def mend(self, table: str) -> None:
        await self._owner.execute(f"ALTER TABLE {table} DROP CONSTRAINT broken")


@pytest.fixture
def read_model(owner: asyncpg.Connection) -> ReadModel:
    return ReadModel(owner)


@pytest.fixture
def book(own_book: Book) -> Book:
    return own_book


def orders(book: Book) -> OrdersProjection:
    return OrdersProjection(book.tenant, book.shop.codec)


class TestAnEventThatCannotBeApplied:
    async def test_parks_its_stream_and_the_others_go_on(self, book: Book, read_model: ReadModel) -> None:
        bad, good = placed(), placed()
        await read_model.refuse_confirmed_orders()
        await book.given(bad, good)
        position = await book.given(moved(bad, "confirmed"), moved(good, "cancelled"), moved(placed(), "cancelled"))
        await book.then_parked("orders", (bad.id, "CheckViolationError"))
        await book.then_order(bad, status="pending", version=1)
        await book.then_order(good, status="cancelled", version=2)
        await book.then_counts(EVERYONE, pending=1, cancelled=2)
        assert await read_checkpoint(book.pool, book.tenant, "orders") == position

    async def test_keeps_the_later_ones_of_its_stream_behind_it(self, book: Book, read_model: ReadModel) -> None:
        bad = placed()
        await read_model.refuse_confirmed_orders()
        await book.given(bad)
        await book.given(moved(bad, "confirmed"))
        await read_model.mend("order_list")
        await book.given(moved(bad, "shipped"))
        await book.given(placed(), moved(bad, "delivered"))
        await book.then_parked("orders", (bad.id, "CheckViolationError"), (bad.id, WAITS), (bad.id, WAITS))
        await book.then_order(bad, status="pending", version=1)

    async def test_stays_parked_for_a_projector_that_starts_anew(self, book: Book, read_model: ReadModel) -> None:
        bad = placed()
        await read_model.refuse_confirmed_orders()
        await book.given(bad)
        await book.given(moved(bad, "confirmed"))
        await read_model.mend("order_list")
        book.runners = book.new_runners()
        await book.given(moved(bad, "shipped"))
        await book.then_parked("orders", (bad.id, "CheckViolationError"), (bad.id, WAITS))

    async def test_of_a_kind_nobody_knows_hinders_nobody(self, book: Book) -> None:
        stream = uuid4()
        await book.append_events(NewEvent(stream, 1, "OrderPlaced", 1, b'{"not": "what it should be"}'))
        await book.append_events(NewEvent(uuid4(), 1, "OrderTeleported", 1, b"{}"))
        order = placed()
        await book.given(order)
        await book.then_parked("orders", (stream, "KeyError"))
        await book.then_order(order, status="pending")

    async def test_never_parks_in_the_fan_out(self, book: Book) -> None:
        await book.append_events(NewEvent(uuid4(), 1, "OrderPlaced", 1, b"not even JSON"))
        position = await book.given(placed())
        assert await read_checkpoint(book.pool, book.tenant, "fanout") == position
        await book.then_parked("fanout")

    async def test_makes_a_reader_of_that_write_wait_for_it(self, book: Book, read_model: ReadModel) -> None:
        bad = placed()
        await read_model.refuse_confirmed_orders()
        before = await book.given(bad)
        position = await book.given(moved(bad, "confirmed"))
        await wait_for_position(book.pool, book.tenant, "orders", before)
        for seen in (position, await book.given(placed())):
            with pytest.raises(ProjectionBehind, match="orders"):
                await wait_for_position(book.pool, book.tenant, "orders", seen)


class TestRetrying:
    async def test_applies_what_waits_once_it_can_be_applied(self, book: Book, read_model: ReadModel) -> None:
        bad = placed()
        await read_model.refuse_confirmed_orders()
        await book.given(bad)
        await book.given(moved(bad, "confirmed"))
        position = await book.given(moved(bad, "shipped"))
        assert await retry_parked(book.pool, book.tenant, orders(book)) == (0, 2)
        await read_model.mend("order_list")
        assert await retry_parked(book.pool, book.tenant, orders(book)) == (2, 0)
        await book.then_parked("orders")
        await book.then_order(bad, status="shipped", version=3)
        await book.then_counts(UUID(bad.user_id), shipped=1)
        await wait_for_position(book.pool, book.tenant, "orders", position)
        assert await retry_parked(book.pool, book.tenant, orders(book)) == (0, 0)

    async def test_lets_the_stream_run_again(self, book: Book, read_model: ReadModel) -> None:
        bad = placed()
        await read_model.refuse_confirmed_orders()
        await book.given(bad)
        await book.given(moved(bad, "confirmed"))
        await read_model.mend("order_list")
        await retry_parked(book.pool, book.tenant, orders(book))
        await book.given(moved(bad, "shipped"))
        await book.then_parked("orders")
        await book.then_order(bad, status="shipped", version=3)

    async def test_leaves_what_still_cannot_be_applied(self, book: Book) -> None:
        stream = uuid4()
        await book.append_events(NewEvent(stream, 1, "OrderPlaced", 1, b"{}"))
        await book.post()
        assert await retry_parked(book.pool, book.tenant, orders(book)) == (0, 1)
        await book.then_parked("orders", (stream, "KeyError"))

    async def test_goes_well_while_the_projector_runs(self, book: Book, read_model: ReadModel) -> None:
        bad = [placed() for _ in range(10)]
        await read_model.refuse_confirmed_orders()
        await book.given(*bad)
        await book.given(*[moved(order, "confirmed") for order in bad])
        await read_model.mend("order_list")
        running = asyncio.create_task(book.runners["orders"].run())
        try:
            async with asyncio.TaskGroup() as tasks:
                retried = tasks.create_task(retry_parked(book.pool, book.tenant, orders(book)))
                for _ in range(30):
                    await book.append(placed())
                    book.runners["orders"].wake()
        finally:
            running.cancel()
            await asyncio.wait((running,))
        assert retried.result() == (10, 0)
        await book.post()
        await book.then_counts(EVERYONE, pending=30, confirmed=10)

    async def test_by_two_at_once_applies_it_once(self, book: Book, read_model: ReadModel) -> None:
        bad = [placed() for _ in range(5)]
        await read_model.refuse_confirmed_orders()
        await book.given(*bad)
        await book.given(*[moved(order, "confirmed") for order in bad])
        await read_model.mend("order_list")
        both = await asyncio.gather(*(retry_parked(book.pool, book.tenant, orders(book)) for _ in range(2)))
        assert sum(applied for applied, _ in both) == 5
        await book.then_parked("orders")
        await book.then_counts(EVERYONE, confirmed=5)

    async def test_brings_deliveries_that_waited(self, book: Book, read_model: ReadModel) -> None:
        await read_model.refuse_deliveries()
        order = placed()
        await book.given(order)
        await book.then_parked("confirmations", (order.id, "CheckViolationError"))
        await read_model.mend("deliveries")
        projection = ConfirmationsProjection(book.tenant, book._note)
        assert await retry_parked(book.pool, book.tenant, projection) == (1, 0)
        assert len(await book.rows("SELECT FROM deliveries WHERE tenant_id = $1")) == 1


class TestAProductThatIsParked:
    async def test_loses_nothing_of_what_orders_took_of_it(self, book: Book, read_model: ReadModel) -> None:
        pen = product("BAD", stock=10)
        taken: Order = placed(None, line(pen, 3))
        await read_model.refuse_bad_products()
        await book.given(pen, taken)
        await read_model.mend("catalogue")
        await retry_parked(book.pool, book.tenant, CatalogueProjection(book.tenant))
        await book.then_parked("catalogue")
        await book.then_product(pen.id, available=7)

"""`daybook verify`: it finds nothing where all is well, and each thing that is not."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from redis.asyncio import Redis

from commands.cancel_order import Cancellation, CancelOrder
from commands.change_product import ChangeProduct, ProductChange
from commands.change_stock import ChangeStock, StockChange
from commands.deliver_shipment import DeliverShipment
from commands.receive_return import Receipt, ReceiveReturn
from commands.request_return import RequestReturn, ReturnCreate
from commands.ship_order import ShipmentCreate, ShipOrder
from daybook import importer, verify
from daybook.embedded import ValkeyServer
from daybook.finding import Finding
from daybook.settings import Settings
from daybook.shop import Shop
from daybook.verify import findings
from events.domain.order import Order
from tests.commands.business import PEN, ask, cancel, open_for_business, order_of, place, to
from tests.databases import Database, NewDatabase
from tests.projections.book import MASTER_KEY, SECRET, Book, open_book

SEAL_CHECKS = ("seals", "seal notes", "kept outside")
EXAMPLE = Path(__file__).parents[2] / "examples" / "orders.ndjson"
CHECKS = (
    *("positions", "streams", "checkpoints", "events", "stock"),
    *("orders", "order counts", "order history", "waiting", "catalogue", "accounts", "erasures", "confirmations"),
)


@pytest.fixture(scope="module")
async def database(new_database: NewDatabase) -> AsyncIterator[Database]:
    async with new_database() as database:
        yield database


@pytest.fixture(scope="module")
def settings(database: Database) -> Settings:
    return Settings(
        database_url=database.url,
        database_owner_url=database.owner_url,
        redis_url="redis://127.0.0.1:1",
        secret=SECRET,
        master_key=MASTER_KEY,
    )


async def in_parts(shop: Shop, order_id: UUID) -> None:
    """Of five units two are shipped, one is cancelled, one comes back, and two stay open."""
    await ask(shop, to(order_id, "confirmed"))
    order = (await shop.repository.refresh([order_id]))[order_id]
    assert isinstance(order, Order)
    item = {"item_id": order.lines[0]["id"], "quantity": 1}
    shipped = await ask(shop, ShipOrder(order_id, ShipmentCreate.model_validate({"items": [item | {"quantity": 2}]})))
    await ask(shop, CancelOrder(order_id, Cancellation.model_validate({"reason": "less", "items": [item]})))
    await ask(shop, DeliverShipment(order_id, UUID(json.loads(shipped.body)["shipment_id"])))
    back = await ask(shop, RequestReturn(order_id, ReturnCreate.model_validate({"reason": "big", "items": [item]})))
    receipt = Receipt.model_validate({"items": [item | {"disposition": "restock"}]})
    await ask(shop, ReceiveReturn(order_id, UUID(json.loads(back.body)["return_id"]), receipt))


@pytest.fixture(scope="module")
async def book(database: Database, settings: Settings, valkey: ValkeyServer) -> AsyncIterator[Book]:
    """A shop with a past, where orders came to every status, and all of it is posted."""
    redis = Redis.from_url(valkey.url)
    async with open_book(database.url, redis) as book:
        shop = book.shop
        await open_for_business(shop)
        orders = [order_of(await place(shop, quantity)) for quantity in (1, 2, 3, 4)]
        await ask(shop, to(orders[0], "confirmed"))
        await ask(shop, to(orders[0], "shipped"))
        await ask(shop, to(orders[1], "confirmed"))
        await ask(shop, cancel(orders[1]))
        await ask(shop, to(orders[2], "expired"))
        await in_parts(shop, order_of(await place(shop, 5)))
        await ask(shop, ChangeProduct(PEN, ProductChange(name="Fine pen", price_cents=7500)))
        await ask(shop, ChangeStock(PEN, StockChange(quantity=-3, reason="counted")))
        await asyncio.to_thread(importer.run, settings, EXAMPLE, "default")
        await book.post()
        yield book
    await redis.aclose()


@pytest.fixture
async def tampering(database: Database) -> AsyncIterator[asyncpg.Connection]:
    """The owner's connection, in a transaction that never happened: what is done in it is checked in it."""
    connection = await asyncpg.connect(database.owner_url)
    transaction = connection.transaction()
    await transaction.start()
    # Even the owner has to put this away first.
    await connection.execute("ALTER TABLE events DISABLE TRIGGER USER; ALTER TABLE log_heads DISABLE TRIGGER USER")
    yield connection
    await transaction.rollback()
    await connection.close()


async def failed(connection: asyncpg.Connection, book: Book) -> dict[str, Finding]:
    """The checks that do not hold, by name."""
    found = [finding async for finding in findings(connection, book.tenant, book.shop.codec)]
    assert tuple(finding.check for finding in found) == CHECKS
    return {finding.check: finding for finding in found if not finding.holds}


class TestWhereAllIsWell:
    async def test_it_says_so_line_by_line(
        self, book: Book, settings: Settings, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert await asyncio.to_thread(verify.run, settings) == 0
        lines = capsys.readouterr().out.splitlines()
        assert [line.split("  ")[1].strip() for line in lines] == [*CHECKS, *SEAL_CHECKS] * 2
        assert {line.split("  ")[0] for line in lines} == {"default", "other"}
        assert all("  ok      " in line for line in lines)
        head = await book.shop.reader.head()
        assert f"default  positions      ok      {head} events, 1 to {head}, head {head}" in lines
        assert any("13 rows are what the log says" in line for line in lines)
        assert any("5 orders up to" in line for line in lines)

    async def test_read_models_may_be_behind(self, book: Book, database: Database, settings: Settings) -> None:
        """Orders are placed, and not posted yet everywhere: each table holds what it should, up to its checkpoint."""
        async with open_book(database.url, book.redis, "other") as other:
            await open_for_business(other.shop)
            await other.runners["orders"].catch_up()
            await place(other.shop)
            await other.runners["catalogue"].catch_up()
            await place(other.shop)
            assert await asyncio.to_thread(verify.run, settings) == 0
            await other.post()
            assert await asyncio.to_thread(verify.run, settings) == 0

    async def test_at_work_it_is_not_disturbed(self, book: Book, settings: Settings) -> None:
        async def work() -> None:
            for _ in range(25):
                await place(book.shop, 1)
                await ask(book.shop, ChangeStock(PEN, StockChange(quantity=1, reason="a delivery")))
                await book.post()

        working = asyncio.create_task(work())
        while not working.done():
            assert await asyncio.to_thread(verify.run, settings) == 0
        await working


class TestWhatIsNot:
    @pytest.mark.parametrize(
        ("statement", "checks"),
        [
            ("UPDATE stock SET available = available + 1 WHERE available > 0", {"stock"}),
            ("DELETE FROM stock WHERE available > 0", {"stock"}),
            ("INSERT INTO stock VALUES ('default', gen_random_uuid(), 3)", {"stock"}),
            ("UPDATE order_list SET version = 1 WHERE status = 'shipped'", {"orders", "order history"}),
            (
                "UPDATE order_list SET status = 'delivered' WHERE status = 'shipped'",
                {"orders", "order counts", "order history"},
            ),
            (
                "UPDATE order_list SET fulfillment_status = 'unfulfilled' WHERE status = 'shipped'",
                {"orders", "order counts", "order history"},
            ),
            ("UPDATE order_list SET updated_at = now() WHERE status = 'expired'", {"orders", "order history"}),
            ("UPDATE order_list SET placed_at = placed_at + interval '1 s' WHERE status = 'expired'", {"orders"}),
            ("UPDATE order_list SET position = position + 1 WHERE status = 'expired'", {"orders"}),
            ("UPDATE order_list SET document = replace(document, 'Pen', 'Pin')", {"orders"}),
            ("UPDATE order_list SET document = 'torn' WHERE status = 'expired'", {"orders"}),
            ("DELETE FROM order_list WHERE status = 'expired'", {"orders", "order counts", "order history"}),
            (
                "INSERT INTO order_list SELECT tenant_id, gen_random_uuid(), user_id, placed_at, position, status, "
                "version, updated_at, document, fulfillment_status, return_status, payment_status, "
                "payment_terms, holds, total_cents FROM order_list LIMIT 1",
                {"orders", "order counts"},
            ),
            ("UPDATE order_list SET total_cents = total_cents + 1", {"orders"}),
            ("UPDATE order_counts SET orders = orders + 1 WHERE status = 'shipped'", {"order counts"}),
            (
                "INSERT INTO order_counts VALUES ('default', gen_random_uuid(), 'pending', 1, 'unpaid', 'unfulfilled')",
                {"order counts"},
            ),
            ("DELETE FROM order_counts WHERE status = 'returned'", {"order counts"}),
            ("UPDATE order_versions SET from_position = from_position + 1 WHERE status = 'expired'", {"order history"}),
            ("UPDATE order_versions SET from_time = from_time - interval '1 s' WHERE version = 2", {"order history"}),
            ("UPDATE order_versions SET status = 'confirmed' WHERE status = 'expired'", {"order history"}),
            ("DELETE FROM order_versions WHERE status = 'expired'", {"order history"}),
            ("DELETE FROM order_versions WHERE version = 2", {"order history"}),
            (
                "INSERT INTO order_versions SELECT tenant_id, order_id, version + 1, from_position + 1, from_time, "
                "updated_at, user_id, address_version, status, fulfillment_status, return_status, payment_status, "
                "holds FROM order_versions WHERE status = 'expired'",
                {"order history"},
            ),
            ("UPDATE catalogue SET price_cents = 6900 WHERE name = 'Fine pen'", {"catalogue"}),
            ("UPDATE catalogue SET available = available + 1 WHERE name = 'Fine pen'", {"catalogue"}),
            ("UPDATE catalogue SET version = 9 WHERE name = 'Fine pen'", {"catalogue"}),
            ("DELETE FROM catalogue WHERE name = 'Fine pen'", {"catalogue"}),
            (
                "INSERT INTO catalogue VALUES ('default', gen_random_uuid(), 'X', 'X', 1, 'USD', 0, 1)",
                {"catalogue"},
            ),
            ("DELETE FROM deliveries", {"confirmations"}),
            ("UPDATE deliveries SET order_id = gen_random_uuid()", {"confirmations"}),
            (
                "INSERT INTO deliveries (tenant_id, delivery_id, kind, order_id, customer_id) "
                "SELECT tenant_id, gen_random_uuid(), kind, order_id, customer_id FROM deliveries",
                {"confirmations"},
            ),
            ("UPDATE checkpoints SET position = 1 WHERE projection = 'confirmations'", {"confirmations"}),
            ("UPDATE checkpoints SET position = 10 ^ 9 WHERE projection = 'fanout'", {"checkpoints"}),
            (
                "INSERT INTO parked_events VALUES ('default', 'fanout', 1, gen_random_uuid(), 'ValueError')",
                {"checkpoints"},
            ),
            ("UPDATE log_heads SET position = position + 1 WHERE tenant_id = 'default'", {"positions"}),
            ("DELETE FROM events WHERE event_type = 'SkuAssigned' AND position = 3", {"positions"}),
            (
                "UPDATE events SET stream_version = 9 WHERE event_type = 'CustomerAddressAdded'",
                {"streams"},
            ),
            ("UPDATE events SET event_type = 'Teleported' WHERE event_type = 'SkuAssigned'", {"events"}),
            ("UPDATE events SET data = 'torn' WHERE event_type = 'CustomerAdded'", {"events"}),
            (
                "UPDATE events e SET data = (SELECT data FROM events WHERE event_type = e.event_type "
                "AND position <> e.position LIMIT 1) WHERE event_type = 'CustomerAdded'",
                {"events"},
            ),
            ("UPDATE events SET data = '{}' WHERE event_type = 'OrderShipped'", {"events", "orders"}),
            (
                "UPDATE events SET event_type = 'OrderCancelled' WHERE event_type = 'OrderExpired' AND position < 20",
                {"orders"},
            ),
        ],
    )
    async def test_is_found(self, book: Book, tampering: asyncpg.Connection, statement: str, checks: set[str]) -> None:
        done = await tampering.execute(statement)
        assert not done.endswith(" 0"), "nothing was tampered with"
        found = await failed(tampering, book)
        assert set(found) == checks, found

    async def test_an_example_is_given(self, book: Book, tampering: asyncpg.Connection) -> None:
        await tampering.execute("UPDATE catalogue SET version = 9 WHERE product_id = $1", PEN)
        found = await failed(tampering, book)
        assert found["catalogue"].found == f"1 wrong of 14, for example {PEN}"

    async def test_the_exit_status_tells(
        self, book: Book, database: Database, settings: Settings, capsys: pytest.CaptureFixture[str]
    ) -> None:
        owner = await asyncpg.connect(database.owner_url)
        try:
            await owner.execute("UPDATE stock SET available = available + 1 WHERE product_id = $1", PEN)
            assert await asyncio.to_thread(verify.run, settings) == 1
            assert "default  stock          FAILED  1 wrong of" in capsys.readouterr().out
        finally:
            await owner.execute("UPDATE stock SET available = available - 1 WHERE product_id = $1", PEN)
            await owner.close()

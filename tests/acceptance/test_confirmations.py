"""Confirmations by the real processes: projector, workers and mail catcher, Redis and Postgres between them."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from dramatiq.brokers.redis import RedisBroker

from consumers.broker import make_broker, send
from daybook.embedded import ValkeyServer
from daybook.settings import Settings
from events.caller import Caller
from events.domain.delivery import confirmation_id
from queries.order_history import order_history
from tests.consumers.corner_shop import CornerShop, open_corner_shop, settings_for
from tests.consumers.mailbox import read_mails
from tests.consumers.process import Process, until
from tests.databases import Database


@pytest.fixture
def settings(database: Database, valkey: ValkeyServer, tmp_path: Path) -> Settings:
    return settings_for(database, valkey.url, tmp_path)


@pytest.fixture
async def shop(settings: Settings) -> AsyncIterator[CornerShop]:
    async with open_corner_shop(settings) as shop:
        yield shop


@pytest.fixture
def broker(valkey: ValkeyServer) -> Iterator[RedisBroker]:
    broker = make_broker(valkey.url)
    broker.client.flushall()
    yield broker
    broker.client.close()


async def test_an_order_is_confirmed_once_however_often_and_by_however_many_it_is_asked_for(
    shop: CornerShop, settings: Settings, broker: RedisBroker
) -> None:
    orders = [await shop.place(("Crème brûlée", 2, 1999), ("Ink", 1, 1)) for _ in range(10)]
    with Process("mail", settings), Process("project", settings), Process("work", settings), Process("work", settings):
        for _ in range(5):
            for order_id in orders:
                await asyncio.to_thread(send, broker, "default", [confirmation_id(order_id)])
        await until(lambda: shop.all_done(len(orders)), 15)

    mails = read_mails(settings.data / "mail")
    assert mails.keys() == {f"{confirmation_id(order_id)}@daybook.example.eml" for order_id in orders}
    for mail in mails.values():
        assert mail["X-Daybook-Received"] == "1"
        assert "  2 x Crème brûlée" in mail.get_content().splitlines()
        assert "Total: 39.99 USD" in mail.get_content().splitlines()
    caller = Caller(shop.customer, "default", ("customer",))
    one = shop.shop
    for order_id in orders:
        history = await order_history(one.repository, one.reader, one.codec, order_id, caller)
        assert [(event["type"], event["streamversion"]) for event in history] == [
            ("daybook.order.placed.v1", 1),
            ("daybook.order.confirmation_sent.v1", 1),
        ]
        assert {event["subject"] for event in history} == {str(order_id)}
        assert len(await shop.events(order_id)) == 1, "the order's version stays"


async def test_mails_wait_for_a_mail_server_that_is_down(
    shop: CornerShop, settings: Settings, broker: RedisBroker
) -> None:
    await shop.place()
    with Process("project", settings), Process("work", settings):

        async def has_failed() -> bool:
            return bool(await shop.service.pool.fetchval("SELECT count(*) FROM deliveries WHERE last_error <> ''"))

        await until(has_failed, 10)
        with Process("mail", settings):
            await until(lambda: shop.all_done(1), 15)
    (mail,) = read_mails(settings.data / "mail").values()
    assert int(mail["X-Daybook-Attempt"]) >= 2


async def test_what_a_flushed_redis_forgot_is_sent_all_the_same(
    shop: CornerShop, settings: Settings, broker: RedisBroker
) -> None:
    with Process("mail", settings), Process("project", settings):
        for _ in range(5):
            await shop.place()
        await until(lambda: asyncio.sleep(0, bool(broker.client.keys("daybook:dramatiq*"))), 10)
        await until(lambda: _is(shop, {"pending": 5}), 10)
        broker.client.flushall()
        with Process("work", settings):
            await until(lambda: shop.all_done(5), 15)
    assert len(read_mails(settings.data / "mail")) == 5


async def test_imported_orders_are_not_confirmed(shop: CornerShop, settings: Settings, broker: RedisBroker) -> None:
    line = {
        "reference": "old-1",
        "customer": {"reference": "c-1", "name": "Ben", "email": "ben@example.com"},
        "currency": "USD",
        "items": [{"sku": "OLD", "name": "Old ink", "quantity": 1, "price_cents": 100}],
        "shipping_address": {"recipient": "Ben", "line1": "1 Road", "city": "Galway", "country": "IE"},
        "history": [{"status": "pending", "at": "2020-01-01T10:00:00Z"}],
    }
    path = settings.data / "past.ndjson"
    path.write_text(json.dumps(line) + "\n")
    with Process("import", settings, str(path)) as importing:
        assert await importing.ended() == 0, importing.output()
    placed = await shop.place()
    assert await shop.project() == [confirmation_id(placed)]
    assert await shop.statuses() == {"pending": 1}


class TestTheWorker:
    async def test_finishes_what_is_under_way_when_it_is_stopped(
        self, shop: CornerShop, settings: Settings, broker: RedisBroker
    ) -> None:
        office = SlowOffice()
        loop = asyncio.get_running_loop()
        port = int(settings.smtp_url.rpartition(":")[2])
        server = await loop.create_server(lambda: SMTP(office, hostname="localhost"), "127.0.0.1", port)
        await shop.place()
        await shop.project()
        with Process("work", settings) as worker:
            async with asyncio.timeout(10):
                await office.busy.wait()
            assert (await worker.stop())[0] == 0
        server.close()
        assert await shop.statuses() == {"done": 1}

    async def test_ends_within_five_seconds_though_a_mail_server_keeps_it_waiting(
        self, shop: CornerShop, settings: Settings, broker: RedisBroker
    ) -> None:
        called = asyncio.Event()
        connections = []

        def connected(_: asyncio.StreamReader, connection: asyncio.StreamWriter) -> None:
            connections.append(connection)
            called.set()

        port = int(settings.smtp_url.rpartition(":")[2])
        server = await asyncio.start_server(connected, "127.0.0.1", port)
        await shop.place()
        await shop.project()
        with Process("work", settings) as worker:
            async with asyncio.timeout(10):
                await called.wait()
            status, seconds = await worker.stop()
        for connection in connections:
            connection.close()
        server.close()
        assert (status, seconds < 5.0) == (0, True), worker.output()
        assert "Traceback" not in worker.output()
        assert await shop.statuses() == {"leased": 1}

    async def test_waits_for_redis(self, shop: CornerShop, settings: Settings, tmp_path: Path) -> None:
        late = ValkeyServer(tmp_path / "late")
        settings = settings.model_copy(update={"redis_url": late.url})
        await shop.place()
        await shop.project()
        with Process("mail", settings), Process("work", settings) as worker:
            await until(lambda: asyncio.sleep(0, "Redis is away" in worker.output()), 10)
            with late:
                await until(lambda: shop.all_done(1), 15)
            assert (await worker.stop())[0] == 0
        assert "Traceback" not in worker.output()

    async def test_waits_for_postgres_and_can_be_stopped_meanwhile(self, settings: Settings, tmp_path: Path) -> None:
        settings = settings.model_copy(update={"database_url": f"postgresql://x@/x?host={tmp_path}"})
        with Process("work", settings) as worker:
            await until(lambda: asyncio.sleep(0, "waits for the database" in worker.output()), 10)
            status, seconds = await worker.stop()
        assert (status, seconds < 5.0) == (0, True), worker.output()

    async def test_says_in_a_line_that_a_setting_makes_no_sense(self, settings: Settings) -> None:
        with Process("work", settings.model_copy(update={"smtp_url": "mail.example"})) as worker:
            assert await worker.ended() == 2
        assert worker.output() == (
            "daybook: SMTP_URL makes no sense: a mail server's address begins with smtp:// or smtps://\n"
        )


class SlowOffice:
    """A mail server that takes a second over each mail."""

    def __init__(self) -> None:
        self.busy = asyncio.Event()

    async def handle_DATA(self, _server: SMTP, _session: Session, _envelope: Envelope) -> str:  # noqa: N802
        self.busy.set()
        await asyncio.sleep(1.0)
        return "250 OK"


async def _is(shop: CornerShop, statuses: dict[str, int]) -> bool:
    return await shop.statuses() == statuses

"""A worker killed under load: nothing is lost, and what was sent twice is one mail to its receiver."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from daybook.embedded import ValkeyServer
from daybook.settings import Settings
from events.domain.delivery import confirmation_id
from tests.consumers.corner_shop import CornerShop, open_corner_shop, settings_for
from tests.consumers.mailbox import read_mails
from tests.consumers.process import Process, until
from tests.databases import Database

ORDERS = 200
BEFORE_THE_KILL = 40


@pytest.fixture
def settings(database: Database, valkey: ValkeyServer, tmp_path: Path) -> Settings:
    return settings_for(database, valkey.url, tmp_path)


@pytest.fixture
async def shop(settings: Settings) -> AsyncIterator[CornerShop]:
    async with open_corner_shop(settings) as shop:
        yield shop


async def test_every_confirmation_reaches_the_catcher_once(shop: CornerShop, settings: Settings) -> None:
    with Process("mail", settings), Process("project", settings):
        placing = asyncio.create_task(_place(shop, ORDERS))
        with Process("work", settings) as worker:
            await until(lambda: _done(shop, BEFORE_THE_KILL), 20)
            await until(lambda: _frozen_in_the_middle(shop, worker), 20)
            worker.kill()
        # What it had sent to the database is done or undone when its connections are gone.
        await until(lambda: _disconnected(shop), 10)
        in_flight = await _leased(shop)
        assert in_flight, f"nothing was under way when it died: {await shop.statuses()}"
        with Process("work", settings):
            orders = await placing
            await until(lambda: shop.all_done(ORDERS), 40)

    rows = await shop.service.pool.fetch("SELECT delivery_id, attempts FROM deliveries")
    attempts = {row["delivery_id"]: row["attempts"] for row in rows}
    assert attempts.keys() == {confirmation_id(order_id) for order_id in orders}
    assert all(attempts[delivery_id] > 1 for delivery_id in in_flight)
    mails = read_mails(settings.data / "mail")
    assert mails.keys() == {f"{delivery_id}@daybook.example.eml" for delivery_id in attempts}
    received = sum(int(mail["X-Daybook-Received"]) for mail in mails.values())
    print(f"{ORDERS} orders, {len(in_flight)} in flight, {sum(attempts.values())} attempts, {received} mails")
    assert ORDERS <= received <= sum(attempts.values())
    for delivery_id in attempts:
        (sent,) = await shop.events(delivery_id)
        assert sent.type == "ConfirmationSent"


async def _place(shop: CornerShop, count: int) -> list[UUID]:
    orders = []
    for _ in range(count):
        orders.append(await shop.place())
        await asyncio.sleep(0.005)
    return orders


async def _done(shop: CornerShop, at_least: int) -> bool:
    return (await shop.statuses()).get("done", 0) >= at_least


async def _frozen_in_the_middle(shop: CornerShop, worker: Process) -> bool:
    """Have the worker stand still; true when deliveries are under way, else it goes on."""
    worker.freeze()
    await asyncio.sleep(0.1)
    if await _leased(shop):
        return True
    worker.thaw()
    return False


async def _leased(shop: CornerShop) -> set[UUID]:
    rows = await shop.service.pool.fetch("SELECT delivery_id FROM deliveries WHERE status = 'leased'")
    return {row["delivery_id"] for row in rows}


async def _disconnected(shop: CornerShop) -> bool:
    """Whether no worker is connected to this test's database."""
    connections: int = await shop.service.pool.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name ~ ' worker'"
    )
    return connections == 0

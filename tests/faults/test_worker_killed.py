"""A worker killed under load: nothing is lost, and what was sent twice is one mail to its receiver."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from daybook.embedded import ValkeyServer
from daybook.settings import Settings
from events.domain.delivery import confirmation_id
from tests.consumers.corner_shop import CornerShop, open_corner_shop, settings_for
from tests.consumers.mailbox import read_mails
from tests.consumers.process import Process, until

ORDERS = 200
BEFORE_THE_KILL = 40


@pytest.fixture
def settings(database: Any, valkey: ValkeyServer, tmp_path: Path) -> Settings:
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
            worker.kill()
        at_the_kill = await shop.statuses()
        in_flight = at_the_kill.get("leased", 0)
        assert in_flight > 0, f"nothing was under way when it died: {at_the_kill}"
        with Process("work", settings):
            orders = await placing
            await until(lambda: shop.all_done(ORDERS), 40)

    rows = {row["delivery_id"]: row for row in await shop.service.pool.fetch("SELECT * FROM deliveries")}
    assert rows.keys() == {confirmation_id(order_id) for order_id in orders}
    mails = read_mails(settings.data / "mail")
    assert mails.keys() == {f"{delivery_id}@daybook.example.eml" for delivery_id in rows}
    again = [row for row in rows.values() if row["attempts"] > 1]
    assert len(again) == in_flight, "what was under way was tried again, and nothing else"
    assert all(row["attempts"] == 2 for row in again)
    received = [int(mail["X-Daybook-Received"]) for mail in mails.values()]
    print(f"in flight {in_flight}; mails sent {sum(received)} for {ORDERS} orders")
    assert sum(received) <= ORDERS + in_flight
    for delivery_id in rows:
        (sent,) = await shop.events(delivery_id)
        assert shop.shop.codec.open(sent)["attempts"] <= rows[delivery_id]["attempts"]


async def _place(shop: CornerShop, count: int) -> list[UUID]:
    orders = []
    for _ in range(count):
        orders.append(await shop.place())
        await asyncio.sleep(0.005)
    return orders


async def _done(shop: CornerShop, at_least: int) -> bool:
    return (await shop.statuses()).get("done", 0) >= at_least

"""What is due because time has passed, by real worker processes: whenever they are there, and once."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from daybook.embedded import ValkeyServer
from daybook.settings import Settings
from tests.consumers.corner_shop import CornerShop, open_corner_shop, settings_for
from tests.consumers.process import Process, until
from tests.databases import Database

SOON = timedelta(seconds=1)


@pytest.fixture
def settings(database: Database, valkey: ValkeyServer, tmp_path: Path) -> Settings:
    return settings_for(database, valkey.url, tmp_path)


@pytest.fixture
async def shop(settings: Settings) -> AsyncIterator[CornerShop]:
    async with open_corner_shop(settings) as shop:
        yield shop


async def types(shop: CornerShop, order_id: UUID) -> list[str]:
    return [event.type for event in await shop.events(order_id)]


async def expires(shop: CornerShop, order_id: UUID) -> None:
    async def expired() -> bool:
        return (await types(shop, order_id))[-1] == "OrderExpired"

    await until(expired, 20)


async def test_an_order_expires_once_though_several_clocks_look(shop: CornerShop, settings: Settings) -> None:
    orders = [await shop.place(pay_within=SOON) for _ in range(5)]
    with Process("project", settings), Process("work", settings), Process("work", settings):
        for order_id in orders:
            await expires(shop, order_id)
    for order_id in orders:
        assert await types(shop, order_id) == ["OrderPlaced", "OrderExpired"]


async def test_what_came_due_while_nobody_looked_is_done_at_the_next_start(
    shop: CornerShop, settings: Settings
) -> None:
    order_id, later = await shop.place(pay_within=SOON), await shop.place(pay_within=timedelta(hours=1))
    with Process("project", settings) as projector, Process("work", settings) as worker:
        worker.kill()
        projector.kill()
    # As if the machine had been off for a day, or its clock had jumped.
    await shop.service.pool.execute(
        "UPDATE expiry_timers SET due_at = due_at - interval '1 day' WHERE order_id = $1", order_id
    )
    with Process("project", settings), Process("work", settings):
        await expires(shop, order_id)
    assert await types(shop, later) == ["OrderPlaced"]


async def test_a_timer_that_is_early_ends_nothing(shop: CornerShop, settings: Settings) -> None:
    order_id, soon = await shop.place(pay_within=timedelta(hours=1)), await shop.place(pay_within=SOON)
    await shop.project()
    await shop.service.pool.execute(
        "UPDATE expiry_timers SET due_at = now() - interval '1 minute' WHERE order_id = $1", order_id
    )
    with Process("work", settings):
        await expires(shop, soon)
    assert await types(shop, order_id) == ["OrderPlaced"], "the order itself knows when"


async def test_many_timers_that_end_nothing_hold_up_no_other(shop: CornerShop, settings: Settings) -> None:
    soon = await shop.place(pay_within=SOON)
    await shop.project()
    nobodys = [uuid4() for _ in range(120)]
    await shop.service.pool.execute(
        "INSERT INTO expiry_timers (tenant_id, order_id, expires_at, due_at) "
        "SELECT 'default', id, now() - interval '1 day', now() - interval '1 day' FROM unnest($1::uuid[]) id",
        nobodys,
    )
    with Process("work", settings):
        await expires(shop, soon)

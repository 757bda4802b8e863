"""`daybook deliveries`: what an operator sees, and can do."""

import asyncio
from uuid import uuid4

import pytest

from consumers.deliver import Deliverer
from daybook import deliveries
from daybook.failure import Failure
from daybook.settings import Settings
from tests.consumers.corner_shop import CornerShop
from tests.consumers.mailbox import Mailbox


async def listed(settings: Settings, capsys: pytest.CaptureFixture[str], *, dead: bool = False) -> list[str]:
    capsys.readouterr()
    # In a thread: like the command, it runs an event loop of its own.
    await asyncio.to_thread(deliveries.list_all, settings, dead=dead)
    return capsys.readouterr().out.splitlines()


async def give_up(shop: CornerShop, deliverer: Deliverer, mailbox: Mailbox) -> str:
    """Order something that nobody can be told of; answers the dead letter's key."""
    delivery_id = await shop.order()
    mailbox.stop()
    await shop.service.pool.execute("UPDATE deliveries SET attempts = 7 WHERE delivery_id = $1", delivery_id)
    await deliverer.deliver("default", [delivery_id])
    await mailbox.start()
    return str(delivery_id)


async def test_the_list_tells_status_attempts_and_error_of_each(
    shop: CornerShop, settings: Settings, deliverer: Deliverer, mailbox: Mailbox, capsys: pytest.CaptureFixture[str]
) -> None:
    done = await shop.order()
    await deliverer.deliver("default", [done])
    dead = await give_up(shop, deliverer, mailbox)
    waiting = await shop.order()
    told = {line.split()[1]: line.split() for line in (await listed(settings, capsys))[1:-2]}
    assert told[str(done)][4:6] == ["done", "1"]
    assert told[str(waiting)][4:6] == ["pending", "0"]
    assert told[dead][4:6] == ["dead", "8"]
    assert told[dead][-1] == "SMTPConnectError"


async def test_only_the_dead_are_listed_on_request_and_what_is_not_done_is_counted(
    shop: CornerShop, settings: Settings, deliverer: Deliverer, mailbox: Mailbox, capsys: pytest.CaptureFixture[str]
) -> None:
    await shop.order()
    dead = await give_up(shop, deliverer, mailbox)
    heading, row, *counts = await listed(settings, capsys, dead=True)
    assert heading.split()[:2] == ["tenant", "delivery"]
    assert row.split()[1] == dead
    assert counts == ["default: 1 pending, 0 leased, 1 dead", "other: 0 pending, 0 leased, 0 dead"]


async def test_a_named_one_is_replayed(
    shop: CornerShop, settings: Settings, deliverer: Deliverer, mailbox: Mailbox, capsys: pytest.CaptureFixture[str]
) -> None:
    first = await give_up(shop, deliverer, mailbox)
    second = await give_up(shop, deliverer, mailbox)
    await asyncio.to_thread(deliveries.replay, settings, [first], all_dead=False)
    assert capsys.readouterr().out.splitlines()[-1] == "1 will be tried again"
    assert [line.split()[1] for line in (await listed(settings, capsys, dead=True))[1:-2]] == [second]


async def test_all_are_replayed(
    shop: CornerShop, settings: Settings, deliverer: Deliverer, mailbox: Mailbox, capsys: pytest.CaptureFixture[str]
) -> None:
    await give_up(shop, deliverer, mailbox)
    await give_up(shop, deliverer, mailbox)
    await asyncio.to_thread(deliveries.replay, settings, [], all_dead=True)
    assert capsys.readouterr().out.splitlines()[-1] == "2 will be tried again"


async def test_what_is_not_dead_is_not_replayed(shop: CornerShop, settings: Settings) -> None:
    waiting = str(await shop.order())
    unknown = str(uuid4())
    with pytest.raises(Failure, match=f"{waiting}, {unknown}"):
        await asyncio.to_thread(deliveries.replay, settings, [waiting, unknown], all_dead=False)
    with pytest.raises(Failure, match="named by its id"):
        await asyncio.to_thread(deliveries.replay, settings, ["ORD-1"], all_dead=False)

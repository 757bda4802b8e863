"""Redis is only a hint: killed, restarted, silent or flushed, it costs a stream time and never an event."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from api.live import hubs
from daybook.embedded import ValkeyServer
from tests.api.live.subscriber import following
from tests.api.live.test_resuming import events_of
from tests.api.running import Running, running
from tests.databases import Database


@pytest.fixture
def own_valkey() -> Iterator[ValkeyServer]:
    """One that may be killed."""
    folder = Path(tempfile.mkdtemp(prefix="redis-")).resolve()
    with ValkeyServer(folder) as server:
        yield server
    shutil.rmtree(folder)


@pytest.fixture
async def own_service(database: Database, own_valkey: ValkeyServer) -> AsyncIterator[Running]:
    async with running(database.url, own_valkey.url) as started:
        yield started


async def test_nothing_is_lost_or_doubled_over_its_restarts(own_service: Running, own_valkey: ValkeyServer) -> None:
    ada, staff = await own_service.customer(), await own_service.person("staff")
    pen = await staff.adds_product(stock=10_000)
    placed = 0
    going = True

    async def buy() -> None:
        nonlocal placed
        while going:
            await ada.places(pen)
            placed += 1
            await asyncio.sleep(0.01)

    async with following(own_service, ada) as stream, following(own_service, staff) as everything:
        buying = asyncio.gather(buy(), buy())
        for _ in range(2):
            await asyncio.sleep(0.3)
            before = placed
            await asyncio.to_thread(own_valkey.kill)
            await asyncio.sleep(0.7)
            assert placed > before, "orders go on without Redis"
            await asyncio.to_thread(own_valkey.start)
        await asyncio.sleep(0.3)
        going = False
        await buying
        expected = await events_of(ada)
        assert len(expected) == placed
        for follower in (stream, everything):
            assert [event["id"] for event in await follower.events(placed)] == expected


async def test_while_it_is_away_streams_open_resume_and_go_on(own_service: Running, own_valkey: ValkeyServer) -> None:
    ada, staff = await own_service.customer(), await own_service.person("staff")
    pen = await staff.adds_product()
    async with following(own_service, ada) as stream:
        await asyncio.to_thread(own_valkey.kill)
        first = await ada.places(pen)
        assert await stream.subjects(1) == [first["id"]]
        second = await ada.places(pen)
        assert await stream.subjects(1) == [second["id"]]
        async with following(own_service, ada, after=stream.position) as again:
            third = await ada.places(pen)
            assert await again.subjects(1) == [third["id"]]
    assert (await own_service.client.get("/readyz")).json()["redis"] == "away"


async def test_hints_that_get_lost_are_made_good(own_service: Running, own_valkey: ValkeyServer) -> None:
    """Connections are cut one by one, so that the clients subscribe again and never learn what they missed."""
    ada, staff = await own_service.customer(), await own_service.person("staff")
    pen = await staff.adds_product()
    async with Redis.from_url(own_valkey.url) as operator, following(own_service, ada) as stream:
        expected = []
        for _ in range(10):
            expected.append((await ada.places(pen))["id"])
            await operator.client_kill_filter(_type="pubsub", skipme=True)
            expected.append((await ada.places(pen))["id"])
            await operator.flushall()
        assert await stream.subjects(20) == expected


async def test_when_it_is_there_frames_come_long_before_any_poll(
    own_service: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, staff = await own_service.customer(), await own_service.person("staff")
    pen = await staff.adds_product()
    async with following(own_service, ada) as stream:
        await ada.places(pen)
        await stream.event()
        monkeypatch.setattr(hubs, "POLL", 60.0)
        await asyncio.sleep(1.1)
        for _ in range(5):
            await ada.places(pen)
            await stream.event()

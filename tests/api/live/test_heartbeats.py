"""Heartbeats: they come in time, and carry a position to come back to, also when a filter hid the events between."""

import asyncio
import time

import pytest

from api.live import socket
from tests.api.live.subscriber import Subscriber, following
from tests.api.person import Json, Person
from tests.api.running import Running

EVERY = 0.2


@pytest.fixture(autouse=True)
def quick_heartbeats(monkeypatch: pytest.MonkeyPatch) -> None:
    assert socket.HEARTBEAT <= 15, "at least every 15 seconds, as promised"
    monkeypatch.setattr(socket, "HEARTBEAT", EVERY)


async def heartbeat(stream: Subscriber) -> str:
    frame = await stream.hears()
    assert frame.keys() == {"type", "position"}
    assert frame["type"] == "heartbeat"
    return str(frame["position"])


async def test_they_come_while_nothing_happens(service: Running, ada: Person) -> None:
    async with following(service, ada) as stream:
        await heartbeat(stream)
        started = time.monotonic()
        positions = {stream.position, *[await heartbeat(stream) for _ in range(3)]}
        assert 2 * EVERY < time.monotonic() - started < 10 * EVERY
    assert len(positions) == 1


async def test_they_tell_how_far_the_stream_is_though_nothing_was_shown(
    service: Running, ada: Person, ben: Person, pen: Json
) -> None:
    async with following(service, ada) as stream:
        hidden = [(await ben.orders((pen, 1))).token for _ in range(3)]
        async with asyncio.timeout(5):
            while await heartbeat(stream) != hidden[-1]:
                pass
    order = await ada.places(pen)
    async with following(service, ada, after=hidden[-1]) as again:
        assert await again.subjects(1) == [order["id"]]


async def test_they_come_while_events_do(service: Running, ada: Person, pen: Json) -> None:
    async def buy() -> None:
        while True:
            await ada.places(pen)

    buying = asyncio.create_task(buy())
    try:
        async with following(service, ada) as stream:
            kinds: list[str] = []
            started = time.monotonic()
            last = ada.shop.positions.open(stream.position)
            while time.monotonic() - started < 5 * EVERY:
                kinds.append((await stream.hears())["type"])
                position = ada.shop.positions.open(stream.position)
                assert position >= last + (kinds[-1] == "event")
                last = position
        assert kinds.count("heartbeat") >= 3
        assert kinds.count("event") >= 3
    finally:
        buying.cancel()


async def test_one_never_goes_back_behind_where_one_came_from(service: Running, ada: Person, pen: Json) -> None:
    for _ in range(5):
        just_written = (await ada.orders((pen, 1))).token
        async with following(service, ada, after=just_written) as stream:
            position = ada.shop.positions.open(await heartbeat(stream))
            assert position >= ada.shop.positions.open(just_written)

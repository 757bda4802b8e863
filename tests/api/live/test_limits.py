"""Limits: so many sockets an account, and no slow one at the cost of others."""

import asyncio
import contextlib
import json
import socket as sockets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import uuid4

import pytest
from websockets.exceptions import InvalidStatus

from api.limits import Limits
from api.live import socket, subscription
from commands.append_of import encode_changes
from daybook.embedded import ValkeyServer
from events.domain.order_parts import Line
from events.log.append import Append, Appended
from tests.api.live.subscriber import Subscriber, address, dialled, following
from tests.api.live.test_authentication import bearer, turned_away
from tests.api.live.test_authentication import sockets as open_sockets
from tests.api.person import Json, Person
from tests.api.running import Running, running
from tests.databases import Database
from tests.projections.business import placed
from tests.projections.eventually import eventually


@pytest.fixture
async def strict_service(database: Database, valkey: ValkeyServer) -> AsyncIterator[Running]:
    """Three sockets an account."""
    limits = replace(Limits(), sockets_per_account=3)
    async with running(database.url, valkey.url, limits=limits) as started:
        yield started


class TestTooManySockets:
    async def test_are_refused_and_those_that_are_open_stay(self, strict_service: Running) -> None:
        ada, ben = await strict_service.customer(), await strict_service.customer()
        async with (
            following(strict_service, ada) as one,
            following(strict_service, ada),
            following(strict_service, ada),
        ):
            problem = await turned_away(strict_service, bearer(ada.token))
            assert (problem["status"], problem["code"]) == (429, "too_many_sockets")
            async with dialled(strict_service) as fourth:
                await fourth.says({"type": "auth", "token": ada.token})
                assert await fourth.is_closed() == (4429, "too_many_sockets")
            async with following(strict_service, ben):
                pass
            pen = await (await strict_service.person("staff")).adds_product()
            order = await ada.places(pen)
            assert await one.subjects(1) == [order["id"]]

    async def test_make_room_again_when_they_close(self, strict_service: Running) -> None:
        ada = await strict_service.customer()
        for _ in range(4):
            async with following(strict_service, ada), following(strict_service, ada), following(strict_service, ada):
                pass
            await asyncio.sleep(0.1)

    async def test_at_once_are_not_more_either(self, strict_service: Running) -> None:
        ada = await strict_service.customer()

        async def tries() -> Subscriber | None:
            try:
                return await stack.enter_async_context(following(strict_service, ada))
            except InvalidStatus:
                return None

        async with contextlib.AsyncExitStack() as stack:
            opened = await asyncio.gather(*(tries() for _ in range(20)))
            assert sum(stream is not None for stream in opened) == 3


async def a_flood(person: Person, product: Json, orders: int) -> int:
    """So many large orders at once; answers how many bytes their events are, about."""
    line: Line = {
        "id": str(uuid4()), "product_id": product["id"], "product_name": "x" * 200,
        "quantity": 1, "price_cents": 1, "discount_cents": 0,
    }  # fmt: skip
    flood = [placed(person.id, *[line] * 50) for _ in range(orders)]
    events = encode_changes(person.shop.codec, flood, person.id)
    meta = {"subject": str(person.id), "role": "customer", "owner": str(person.id)}
    outcome = await person.shop.appender.append(Append(uuid4(), events, json.dumps(meta)))
    assert isinstance(outcome, Appended)
    return sum(len(event.data) for event in events)


@asynccontextmanager
async def deaf(service: Running, person: Person, **query: str) -> AsyncIterator[sockets.socket]:
    """A client that opens a stream and does not read it."""
    client = sockets.socket()
    client.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(client, ("127.0.0.1", service.port))
    path = address(service, **query).split(str(service.port), 1)[1]
    await loop.sock_sendall(
        client,
        f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        f"Authorization: Bearer {person.token}\r\n\r\n".encode(),
    )
    head = b""
    while b"\r\n\r\n" not in head:
        head += await loop.sock_recv(client, 1)
    assert b" 101 " in head
    try:
        yield client
    finally:
        client.close()


async def all_that_comes(client: sockets.socket) -> bytes:
    """Read on, to the end or until nothing comes any more."""
    loop = asyncio.get_running_loop()
    received = b""
    with contextlib.suppress(TimeoutError, ConnectionResetError):
        while True:
            async with asyncio.timeout(1):
                chunk = await loop.sock_recv(client, 1 << 20)
            if not chunk:
                break
            received += chunk
    return received


async def until_open(count: float) -> None:
    async def are_open() -> bool:
        return open_sockets() == count

    await eventually(are_open)


class TestASlowClient:
    @pytest.fixture(autouse=True)
    def impatience(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert socket.WRITE_PATIENCE <= 15
        monkeypatch.setattr(socket, "WRITE_PATIENCE", 0.5)

    async def test_is_dropped_and_the_others_get_everything(
        self, service: Running, ada: Person, pen: Json, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(subscription, "MOST_WAITING", 150)
        async with following(service, ada) as healthy, deaf(service, ada) as slow:
            await until_open(2)
            sent = 0
            for _ in range(20):
                sent += await a_flood(ada, pen, 100)
                assert len(set(await healthy.subjects(100))) == 100
            await until_open(1)
            received = await all_that_comes(slow)
            assert len(received) < sent / 2, "what it did not read was not kept for it"
            order = await ada.places(pen)
            assert await healthy.subjects(1) == [order["id"]]

    async def test_that_comes_back_to_a_long_past_is_dropped_too(
        self, service: Running, ada: Person, pen: Json
    ) -> None:
        before = ada.shop.positions.seal(await ada.shop.reader.head())
        sent = 0
        for _ in range(10):
            sent += await a_flood(ada, pen, 100)
        await ada.gets("/orders", headers={"Consistency-Token": (await ada.orders((pen, 1))).token})
        async with deaf(service, ada, after=before) as slow:
            await until_open(1)
            await until_open(0)
            assert len(await all_that_comes(slow)) < sent / 2

    async def test_that_reads_again_in_time_has_missed_nothing(
        self, service: Running, ada: Person, pen: Json, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(socket, "WRITE_PATIENCE", 5.0)
        async with following(service, ada) as stream:
            await a_flood(ada, pen, 600)
            await asyncio.sleep(0.5)
            assert len(set(await stream.subjects(600))) == 600

    async def test_is_told_why_and_where_to_come_back_where_it_can_be(
        self, service: Running, ada: Person, pen: Json, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(subscription, "MOST_WAITING", 20)
        async with following(service, ada) as stream:
            await a_flood(ada, pen, 100)
            code, reason = await stream.is_closed()
        assert code == 4413
        assert "reconnect" in reason
        async with following(service, ada, after=stream.position) as again:
            assert len(set(await again.subjects(80))) == 80

"""Redis is only a hint: while it is away orders are placed, projected, streamed and confirmed, only later."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from bench.shoppers import token_for
from bench.stack import Api
from daybook.embedded.living import send, working_in
from tests.faults.load import Load
from tests.faults.running import CALM, Running

AWAY_SECONDS = 20.0
HANGING_SECONDS = 4.0
SLOW = 0.5
"""Seconds between the requests of one customer: what gathers in all that time has to be delivered after."""
CATCH_UP_SECONDS = 15.0


class Stream:
    """All that a member of the staff was sent about orders, in the order in which it came."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def placed(self) -> list[str]:
        """The orders whose placing was told."""
        return [event["subject"] for event in self.events if event["type"] == "daybook.order.placed.v1"]

    async def listen(self, socket: ClientConnection) -> None:
        async for text in socket:
            frame = json.loads(text)
            if frame["type"] == "event":
                self.events.append(frame["event"])


@asynccontextmanager
async def streaming(running: Running, api: Api) -> AsyncIterator[Stream]:
    token = token_for(running.settings, running.market.shoppers[0].id, "staff")
    headers = {"Authorization": f"Bearer {token}"}
    stream = Stream()
    async with connect(f"ws://127.0.0.1:{api.port}/ws/orders", additional_headers=headers) as socket:
        assert json.loads(await socket.recv())["type"] == "ready"
        listening = asyncio.create_task(stream.listen(socket))
        yield stream
        assert not listening.done(), "the stream was cut off"
        listening.cancel()


async def test_killed_for_twenty_seconds_nobody_who_orders_notices(running: Running) -> None:
    valkey = running.stack.valkey
    async with streaming(running, running.apis[0]) as stream, running.load(pause=SLOW) as load:
        await load.until_more(30)
        valkey.kill()
        told = len(stream.placed())
        await asyncio.sleep(AWAY_SECONDS / 2)
        during = len(load.acknowledged)
        # Slower, but not silent.
        await load.until(lambda: len(stream.placed()) > told + 20)
        await asyncio.sleep(AWAY_SECONDS / 2)
        assert len(load.acknowledged) > during
        await asyncio.to_thread(valkey.start)
        await load.until_more(50)
        await settle(load, stream)
    assert not load.failed
    assert not load.failed_reads
    await running.reckon(load)


async def test_hanging_it_holds_nobody_up(running: Running) -> None:
    """A server that takes connections and answers nothing: worse than one that is gone."""
    server = working_in(running.stack.data / "valkey", "valkey-server")
    assert server
    async with streaming(running, running.apis[0]) as stream, running.load(pause=CALM) as load:
        await load.until_more(50)
        send(server, signal.SIGSTOP)
        try:
            before = len(load.acknowledged)
            await asyncio.sleep(HANGING_SECONDS)
            assert len(load.acknowledged) > before + 50
        finally:
            send(server, signal.SIGCONT)
        await settle(load, stream)
    assert not load.failed
    assert not load.failed_reads
    await running.reckon(load)


async def settle(load: Load, stream: Stream) -> None:
    """Every order that was acknowledged so far is told of, and nothing twice."""
    acknowledged = set(load.acknowledged.values())
    await load.until(lambda: acknowledged <= set(stream.placed()), CATCH_UP_SECONDS)
    told = [event["id"] for event in stream.events]
    assert len(told) == len(set(told))

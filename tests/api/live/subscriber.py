"""Someone who follows orders over a WebSocket."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self
from urllib.parse import urlencode

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.api.person import Person
from tests.api.running import Running

Frame = dict[str, Any]
PATIENCE = 10.0


class Subscriber:
    """One socket. `position` is the last one it was told."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.position = ""

    async def says(self, frame: object) -> Self:
        await self.socket.send(frame if isinstance(frame, str | bytes) else json.dumps(frame))
        return self

    async def hears(self) -> Frame:
        """The next frame. Raises ConnectionClosed."""
        async with asyncio.timeout(PATIENCE):
            frame: Frame = json.loads(await self.socket.recv())
        self.position = frame["position"]
        return frame

    async def is_ready(self) -> Self:
        frame = await self.hears()
        assert frame.keys() == {"type", "position"}
        assert frame["type"] == "ready"
        return self

    async def event(self) -> Frame:
        """The event in the next frame but heartbeats."""
        while (frame := await self.hears())["type"] == "heartbeat":
            pass
        assert frame.keys() == {"type", "position", "event"}
        assert frame["type"] == "event"
        return dict(frame["event"])

    async def events(self, count: int) -> list[Frame]:
        return [await self.event() for _ in range(count)]

    async def subjects(self, count: int) -> list[str]:
        """The orders that the next events are about."""
        return [event["subject"] for event in await self.events(count)]

    async def is_closed(self) -> tuple[int, str]:
        """The code and reason with which the service hangs up, after whatever it still says."""
        with pytest.raises(ConnectionClosed) as closed:
            await self._hears_everything()
        said = closed.value.rcvd
        assert said is not None, "it hung up without a word"
        return said.code, said.reason

    async def _hears_everything(self) -> None:
        while True:
            await self.hears()


def address(service: Running, **query: str) -> str:
    return f"ws://127.0.0.1:{service.port}/ws/orders" + (f"?{urlencode(query)}" if query else "")


@asynccontextmanager
async def dialled(service: Running, headers: dict[str, str] | None = None, **query: str) -> AsyncIterator[Subscriber]:
    """A socket that was accepted, and nothing more. Raises InvalidStatus when it is not."""
    dial = connect(address(service, **query), additional_headers=headers, compression=None, proxy=None)
    async with dial as socket:
        yield Subscriber(socket)


@asynccontextmanager
async def following(service: Running, person: Person, **query: str) -> AsyncIterator[Subscriber]:
    """A stream that is ready, from this moment on where no position is named: what was just written may still be on
    its way to the streams."""
    query.setdefault("after", person.shop.positions.seal(await person.shop.reader.head()))
    async with dialled(service, {"Authorization": f"Bearer {person.token}"}, **query) as subscriber:
        yield await subscriber.is_ready()

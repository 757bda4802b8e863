"""An HTTP/1.1 client that costs little, so that a bench measures the server, and that hides nothing: a connection that
breaks is an error, and nothing is sent twice.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, NamedTuple


class Answer(NamedTuple):
    """Status, headers by lower-case name, and body."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Unanswered(Exception):
    """The connection could not be made, or broke before the answer was whole: what became of it is not known."""


class Client:
    """Requests to one server, each on a connection of its own while it lasts; connections are kept for the next."""

    def __init__(self, port: int, token: str | None = None) -> None:
        """`token`: sent as a bearer token with each request that names no other."""
        self.port = port
        self._token = token
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def get(self, path: str, *, token: str | None = None, headers: Mapping[str, str] | None = None) -> Answer:
        """GET. Raises Unanswered."""
        return await self._request("GET", path, token, headers or {}, b"")

    async def post(
        self, path: str, content: object, *, token: str | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """POST of JSON. Raises Unanswered."""
        return await self.send("POST", path, content, token=token, headers=headers)

    async def send(
        self,
        method: str,
        path: str,
        content: object,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """A request with a JSON body. Raises Unanswered."""
        body = json.dumps(content).encode()
        return await self._request(method, path, token, {"Content-Type": "application/json", **(headers or {})}, body)

    def close(self) -> None:
        """Close the connections that are kept."""
        while self._idle:
            self._idle.pop()[1].close()

    async def _request(
        self, method: str, path: str, token: str | None, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        named = {"Host": f"127.0.0.1:{self.port}", "Content-Length": str(len(body)), **headers}
        if (bearer := token or self._token) is not None:
            named["Authorization"] = f"Bearer {bearer}"
        lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
        reader, writer = await self._connected()
        try:
            writer.write(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body)
            answer = await _answer(reader)
        except (OSError, asyncio.IncompleteReadError) as error:
            writer.close()
            raise Unanswered from error
        except BaseException:
            writer.close()
            raise
        if answer.headers.get("connection") == "close":
            writer.close()
        else:
            self._idle.append((reader, writer))
        return answer

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof():
                return reader, writer
            writer.close()
        try:
            return await asyncio.open_connection("127.0.0.1", self.port)
        except OSError as error:
            raise Unanswered from error


async def _answer(reader: asyncio.StreamReader) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    status_line, *lines = head.rstrip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Answer(int(status_line.split(" ", 2)[1]), headers, body)

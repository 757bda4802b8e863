"""Stands between a client and PostgreSQL, reads both sides frame by frame, and breaks the way where it is told to.

    client ──► frames of a request, up to Sync ──► server
    client ◄── frames of its answer, up to ReadyForQuery ◄── server

A request is one statement: either a simple Query, or Bind … Sync of a statement whose text an earlier Parse told
(PostgreSQL manual, 54.2 and 54.7). So a fault strikes one statement, at one point of its way, and a commit is known to
have been made before its answer is lost.
"""

import asyncio
import random
import struct
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

APPEND = "append_commands("
"""In the text of the statement that appends a batch."""

_SSL_REQUEST, _GSS_REQUEST, _CANCEL_REQUEST = 80877103, 80877104, 80877102


class Fault(Enum):
    """What becomes of one request, and of its connection."""

    CUT_BEFORE = "the connection is cut before the server hears anything"
    CUT_IN_REQUEST = "the server gets the beginning of a frame"
    CUT_IN_COMMIT = "the client is cut off while the server goes on with the request"
    ARRIVES_LATE = "the client is cut off, and the server gets the request long after"
    ANSWER_LOST = "the server has answered, and the client is cut off without it"
    ANSWER_CUT = "the client gets half of the answer"
    ANSWER_LATE = "the answer takes a while"
    SILENCE = "the server gets nothing, and the client is left waiting"


_LEAVE_THE_SERVER = {Fault.CUT_IN_COMMIT, Fault.ARRIVES_LATE}

Choose = Callable[[str], Fault | None]
"""The text of a statement → what shall become of it."""


def no_fault(_statement: str) -> None:
    """All is well."""


class Whims:
    """Faults at random, the same for the same seed and the same requests: at one request in so many."""

    def __init__(self, seed: int, one_in: int) -> None:
        self._random = random.Random(seed)
        self._one_in = one_in
        self.struck: dict[Fault, int] = {}

    def __call__(self, statement: str) -> Fault | None:
        # Silence costs the client as long as a command may take; a test of its own has it.
        if self._random.randrange(self._one_in if APPEND in statement else 4 * self._one_in):
            return None
        fault = self._random.choice([fault for fault in Fault if fault is not Fault.SILENCE])
        self.struck[fault] = self.struck.get(fault, 0) + 1
        return fault


class Strike:
    """One fault, at the first request whose statement has a text in it."""

    def __init__(self, fault: Fault, text: str = APPEND) -> None:
        self._fault = fault
        self._text = text
        self.done = False

    def __call__(self, statement: str) -> Fault | None:
        if self.done or self._text not in statement:
            return None
        self.done = True
        return self._fault


class Proxy:
    """`async with Proxy(database_url) as proxy`, in the loop of the test."""

    def __init__(self, database_url: str, *, late: float = 0.3) -> None:
        """`database_url`: of a server on a Unix socket. `late`: seconds that ANSWER_LATE and ARRIVES_LATE take."""
        self._database = urlsplit(database_url)
        [folder] = parse_qs(self._database.query)["host"]
        self._socket = Path(folder, ".s.PGSQL.5432")
        self.late = late
        self.choose: Choose = no_fault
        self.silent = False
        """Connections that are made are not answered, and neither is anything on those there are."""
        self._links: dict[_Link, asyncio.Task[None]] = {}
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """The same database, by way of the proxy, which listens on the loopback interface."""
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        return f"postgresql://{self._database.username}@127.0.0.1:{port}{self._database.path}"

    def cut(self) -> None:
        """Cut every connection there is, whatever is under way on it."""
        for link in self._links:
            link.cut()

    def fall_silent(self) -> None:
        """A black hole: what is sent on any connection is lost, and new ones are accepted and never answered.

        The connections of that time stay lost when `silent` is set to False again.
        """
        self.silent = True
        for link in self._links:
            link.lost = True

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        await asyncio.gather(*self._links.values())

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = _Link(self, reader, writer)
        task = asyncio.current_task()
        assert task is not None
        self._links[link] = task
        try:
            await link.run(self._socket)
        finally:
            del self._links[link]


class _Link:
    """One connection: a client, and the server's side of it."""

    def __init__(self, proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._proxy = proxy
        self._from_client, self._to_client = reader, writer
        self._to_server: asyncio.StreamWriter | None = None
        self._statements: dict[bytes, str] = {}
        self._answering: Fault | None = None
        self.lost = proxy.silent
        """Nothing that is sent on it arrives any more."""

    def cut(self) -> None:
        """Cut both ends at once."""
        self._to_client.transport.abort()
        if self._to_server is not None:
            self._to_server.transport.abort()

    async def run(self, socket: Path) -> None:
        try:
            startup = await self._startup()
            if self.lost:
                await self._from_client.read()
                return
            # A server that is away ends the connection, as it would without us.
            reader, self._to_server = await asyncio.open_unix_connection(str(socket))
            self._to_server.write(startup)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._requests(self._to_server))
                both.create_task(self._answers(reader))
        except (OSError, asyncio.IncompleteReadError):
            pass
        except ExceptionGroup as group:
            if group.split((OSError, asyncio.IncompleteReadError))[1] is not None:
                raise
        finally:
            self.cut()

    async def _startup(self) -> bytes:
        """The first frame, which has no type; before it the client may ask for encryption, which it does not get."""
        while True:
            head = await self._from_client.readexactly(8)
            length, code = struct.unpack("!II", head)
            frame = head + await self._from_client.readexactly(length - 8)
            if code not in (_SSL_REQUEST, _GSS_REQUEST) or self.lost:
                return frame
            self._to_client.write(b"N")

    async def _requests(self, server: asyncio.StreamWriter) -> None:
        while True:
            kind, frame = await self._client_frame()
            if kind == b"P":
                name, text, _ = frame[5:].split(b"\0", 2)
                self._statements[name] = text.decode()
            if kind in (b"B", b"Q"):
                statement = self._statements[frame[5:].split(b"\0", 2)[1]] if kind == b"B" else frame[5:-1].decode()
                while kind not in (b"S", b"Q"):
                    kind, more = await self._client_frame()
                    frame += more
                fault = self._proxy.choose(statement)
                if fault is not None:
                    await self._break(fault, frame, server)
                    if fault in _LEAVE_THE_SERVER:
                        return
                    continue
            if not self.lost:
                server.write(frame)
                await server.drain()

    async def _client_frame(self) -> tuple[bytes, bytes]:
        try:
            return await _frame(self._from_client)
        except (OSError, asyncio.IncompleteReadError):
            if self.lost:
                # That the client left is lost too: the server keeps what it has open for it.
                await asyncio.Event().wait()
            raise

    async def _break(self, fault: Fault, request: bytes, server: asyncio.StreamWriter) -> None:
        match fault:
            case Fault.CUT_BEFORE:
                self.cut()
            case Fault.CUT_IN_REQUEST:
                server.write(request[: 5 + (len(request) - 5) // 4])
                await server.drain()
                server.close()
                self._to_client.transport.abort()
            case Fault.CUT_IN_COMMIT | Fault.ARRIVES_LATE:
                self._answering = fault
                self._to_client.transport.abort()
                if fault is Fault.ARRIVES_LATE:
                    await asyncio.sleep(self._proxy.late)
                server.write(request)
                await server.drain()
            case Fault.ANSWER_LOST | Fault.ANSWER_CUT | Fault.ANSWER_LATE:
                self._answering = fault
                server.write(request)
                await server.drain()
            case Fault.SILENCE:
                self.lost = True

    async def _answers(self, server: asyncio.StreamReader) -> None:
        answer = b""
        while True:
            kind, frame = await _frame(server)
            if self.lost:
                continue
            if self._answering is None:
                self._to_client.write(frame)
                await self._to_client.drain()
                continue
            answer += frame
            if kind == b"Z":
                # What was asked is done, and committed.
                fault, self._answering = self._answering, None
                await self._break_answer(fault, answer)
                answer = b""

    async def _break_answer(self, fault: Fault, answer: bytes) -> None:
        match fault:
            case Fault.ANSWER_LATE:
                await asyncio.sleep(self._proxy.late)
                self._to_client.write(answer)
                await self._to_client.drain()
            case Fault.ANSWER_CUT:
                self._to_client.write(answer[: len(answer) // 2])
                await self._to_client.drain()
                self._to_client.close()
                await self._to_client.wait_closed()
                self.cut()
            case _:
                self.cut()


async def _frame(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """The next frame: its type, and all of it."""
    head = await reader.readexactly(5)
    return head[:1], head + await reader.readexactly(struct.unpack("!I", head[1:])[0] - 4)

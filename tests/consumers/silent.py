"""A mail server that says nothing."""

import asyncio

from consumers.mailer import Mailer
from consumers.smtp_address import SmtpAddress


class Silent:
    """A mail server that takes connections and never says a word."""

    def __init__(self) -> None:
        self.called = asyncio.Event()
        self._connections: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None

    async def open(self) -> Mailer:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        return Mailer(SmtpAddress("127.0.0.1", port), domain="daybook.example")

    def close(self) -> None:
        for connection in self._connections:
            connection.close()
        if self._server is not None:
            self._server.close()

    def _connected(self, _: asyncio.StreamReader, connection: asyncio.StreamWriter) -> None:
        self._connections.append(connection)
        self.called.set()

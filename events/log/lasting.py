"""A connection that is made again when it was lost."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import asyncpg

Connect = Callable[[], Awaitable[asyncpg.Connection]]

CONNECTION_LOST = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    # What the client makes of a connection that was cut between two messages.
    asyncpg.InternalClientError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
)
"""What is raised when the server, or the way to it, went away; what it was asked to do may have been done."""

CANNOT_CONNECT = (*CONNECTION_LOST, asyncpg.PostgresError)
"""What is raised when there is no connection to be had, for whatever reason."""

_PAUSE = 0.1
_CLOSE_SECONDS = 5.0


class LastingConnection:
    """One connection. An outage is waited out for `patience` seconds; in one that lasts longer it fails at once."""

    def __init__(self, connect: Connect, patience: float) -> None:
        self._connect = connect
        self.patience = patience
        self._connection: asyncpg.Connection | None = None
        self._lost_at: float | None = None

    async def get(self) -> asyncpg.Connection:
        """The connection. Raises CANNOT_CONNECT when patience is at an end."""
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._connected()
            self._lost_at = None
        return self._connection

    def drop(self) -> None:
        """Give up the connection, on which something was left unanswered."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def close(self) -> None:
        """Close it, if it is open."""
        if self._connection is not None:
            with contextlib.suppress(*CANNOT_CONNECT):
                await self._connection.close(timeout=_CLOSE_SECONDS)
            self._connection = None

    async def _connected(self) -> asyncpg.Connection:
        clock = asyncio.get_running_loop().time
        if self._lost_at is None:
            self._lost_at = clock()
        while True:
            try:
                return await self._connect()
            except CANNOT_CONNECT:
                if clock() > self._lost_at + self.patience:
                    raise
                await asyncio.sleep(_PAUSE)

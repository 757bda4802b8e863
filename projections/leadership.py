"""Leader locks: session-level advisory locks on one connection of the process, outside any transaction."""

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import blake2b

import asyncpg

from events.log.lasting import CONNECTION_LOST


class AdvisoryLeadership:
    """Takes and holds the leader locks of this process. When its connection dies, all of them are lost and asked for
    again; the checkpoints' fences hold meanwhile."""

    def __init__(self, connect: Callable[[], Awaitable[asyncpg.Connection]]) -> None:
        self._connect = connect
        self._connection: asyncpg.Connection | None = None
        self._held: set[str] = set()
        self._mutex = asyncio.Lock()

    async def holds(self, name: str) -> bool:
        """Whether this process leads; it tries to, where nobody does. Raises what a lost connection raises."""
        connection = self._connection
        if connection is not None and not connection.is_closed() and name in self._held:
            return True
        async with self._mutex:
            if self._connection is None or self._connection.is_closed():
                self._held.clear()
                self._connection = await self._connect()
            if name not in self._held and await self._connection.fetchval(
                "SELECT pg_try_advisory_lock($1)", _key(name)
            ):
                self._held.add(name)
            return name in self._held

    async def gives_up(self, name: str) -> None:
        """Let another process lead, if this one does."""
        async with self._mutex:
            if name in self._held and self._connection is not None and not self._connection.is_closed():
                await self._connection.execute("SELECT pg_advisory_unlock($1)", _key(name))
            self._held.discard(name)

    async def close(self) -> None:
        """Give all locks back."""
        if self._connection is not None:
            try:
                await self._connection.close()
            except CONNECTION_LOST:
                self._connection.terminate()


def _key(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=8, person=b"daybook-leader").digest(), "big", signed=True)

"""Processes that write to one stream take turns, and none needs to know of the others.

    chain ── has gone on for a turn ──► rest: nothing of it is under way, and another process's command gets in
      ▲                                   │
      │ appended                          ▼
    scout ◄── conflict with another process ── its neighbours wait for the scout's luck

A chain whose every link is decided before the last one is committed leaves no moment in which another process could
read the stream and append to it. A turn is long beside a rest, and no chain of a few commands ever rests.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterable
from types import TracebackType
from typing import Self
from uuid import UUID

TURN, REST = 0.5, 0.02
"""Seconds."""

LONGEST_PAUSE = 0.008
"""Seconds between two tries of a scout: a rest has room for one in any case."""


class _Chain:
    """Since when commands on a stream have been decided on one another, and the last time. Seconds of one clock."""

    __slots__ = ("began", "last", "rest")

    def __init__(self, began: float) -> None:
        self.began = began
        self.last = began
        self.rest: asyncio.Task[None] | None = None


class Turns:
    """One tenant's streams that many write to, in one process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, *, turn: float = TURN, rest: float = REST) -> None:
        self._clock = clock
        self._turn = turn
        self._rest = rest
        self._chains: dict[UUID, _Chain] = {}
        self._scouts: dict[UUID, asyncio.Future[None]] = {}

    def scout(self) -> "Scout":
        """What a command may become."""
        return Scout(self._scouts)

    async def rested(self, stream_ids: Iterable[UUID]) -> bool:
        """Wait for the end of the rests of these streams' chains; whether there was any."""
        if not self._chains:
            return False
        rests = [chain.rest for one in stream_ids if (chain := self._chains.get(one)) is not None and chain.rest]
        if rests:
            await asyncio.wait(rests)
        return bool(rests)

    def chained(self, stream_id: UUID, settled: Callable[[], Awaitable[None]]) -> None:
        """A command was decided on another's events. `settled`: waits until nothing of the chain is under way."""
        now = self._clock()
        chain = self._chains.get(stream_id)
        if chain is None or (chain.rest is None and now - chain.last > self._rest):
            self._forget(now)
            chain = self._chains[stream_id] = _Chain(now)
        chain.last = now
        if chain.rest is None and now - chain.began > self._turn:
            chain.rest = asyncio.create_task(self._resting(stream_id, settled), name=f"rest {stream_id}")

    async def _resting(self, stream_id: UUID, settled: Callable[[], Awaitable[None]]) -> None:
        try:
            await settled()
            await asyncio.sleep(self._rest)
        finally:
            del self._chains[stream_id]

    def _forget(self, now: float) -> None:
        """Chains that have ended."""
        for stream_id in [one for one, c in self._chains.items() if c.rest is None and now - c.last > self._rest]:
            del self._chains[stream_id]


class Scout:
    """A command that may try for its neighbours who lost a stream to another process. Ends with its `with`."""

    __slots__ = ("_ended", "_scouts", "_streams", "_tries")

    def __init__(self, scouts: dict[UUID, asyncio.Future[None]]) -> None:
        """`scouts`: stream → the end of its scout."""
        self._scouts = scouts
        self._streams: list[UUID] = []
        self._tries = 0
        self._ended: asyncio.Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        for stream_id in self._streams:
            del self._scouts[stream_id]
        if self._ended is not None:
            self._ended.set_result(None)

    async def waited(self, stream_id: UUID, *, lost: bool, patience: float) -> bool:
        """After a conflict: whether another's luck was waited for, at most for so many seconds; else try again.

        `lost`: the stream has moved on, and nobody here moved it. Who is a scout does not wait for one, so no two
        wait for each other.
        """
        other = self._scouts.get(stream_id)
        if other is not None and self._ended is None:
            await asyncio.wait([other], timeout=patience)
            return True
        if lost:
            if other is None:
                self._ended = self._ended or asyncio.get_running_loop().create_future()
                self._scouts[stream_id] = self._ended
                self._streams.append(stream_id)
            if self._tries:
                await asyncio.sleep(random.uniform(0, min(LONGEST_PAUSE, 0.001 * 2**self._tries)))  # noqa: S311
            self._tries += 1
        return False

"""The group-committing appender: whatever waits is one batch, one call, one transaction.

    idle ── a command arrives ──► committing ── more wait ──► committing the next batch
                                      │                              │
                                      └── none waits ──► idle ◄──────┘

There is no timer: an idle log takes a single command at once, a busy one takes all that gathered during the last
commit.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from time import perf_counter
from typing import Protocol
from uuid import UUID

import asyncpg

from events.log.append import (
    Append,
    Appended,
    AppendError,
    LogBusy,
    LogClosed,
    LogUnavailable,
    NotStorable,
    Outcome,
    OutcomeUnknown,
)
from events.log.batch import Batch
from events.log.lasting import CANNOT_CONNECT, CONNECTION_LOST, Connect, LastingConnection
from events.log.lost_commit import find_appended
from events.log.reader import SQL

ONE_COMMANDS_FAULT = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
)
"""What the database says of data; of anything else that it says it is not a command's fault."""

STREAM_IS_NOT_NEW = "events_one_version_per_stream"

RESENDS = 3
"""How often what is missing of a batch whose answer was lost is sent again."""

TRIES = 3
"""How often the log is asked what became of it; a batch that is still under way holds the head lock."""

Result = Outcome | AppendError


class Observer(Protocol):
    """Told of every commit, after it: how many commands, how long in seconds, and the head that it reached."""

    def __call__(self, commands: int, seconds: float, head: int) -> None: ...


class Appender:
    """Appends commands to one tenant's log. One queue, one batch at a time, one connection of its own."""

    def __init__(
        self,
        tenant: str,
        connect: Connect,
        *,
        observer: Observer | None = None,
        max_waiting: int = 10_000,
        max_batch: int = 512,
        patience: float = 15.0,
    ) -> None:
        """`patience`: seconds for which an outage of the database is waited out before commands are given up."""
        self.tenant = tenant
        self._connection = LastingConnection(connect, patience)
        self._observer = observer
        self._max_waiting = max_waiting
        self._max_batch = max_batch
        self._waiting: deque[tuple[Append, asyncio.Future[Outcome]]] = deque()
        self._drain: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def waiting(self) -> int:
        """How many commands wait for the next batch."""
        return len(self._waiting)

    async def append(self, append: Append) -> Outcome:
        """Append one command's events, or learn why not.

        Raises LogClosed, LogBusy, LogUnavailable or NotStorable when nothing was written, and OutcomeUnknown when
        that could not be found out. A caller that is cancelled does not take its command back.
        """
        if self._closed:
            raise LogClosed
        if len(self._waiting) >= self._max_waiting:
            raise LogBusy
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((append, future))
        if self._drain is None:
            self._drain = asyncio.create_task(self._commit_all(), name=f"append {self.tenant}")
        return await future

    async def close(self) -> None:
        """Take no more commands, answer those that wait, and close the connection."""
        self._closed = True
        # Who stops does not wait for a database that is away.
        self._connection.patience = 0.0
        if self._drain is not None:
            # Not awaited itself: whoever loses patience with us must not cancel a commit.
            await asyncio.wait([self._drain])
        await self._connection.close()

    async def _commit_all(self) -> None:
        try:
            while self._waiting:
                taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._max_batch))]
                try:
                    results = await self._commit([append for append, _ in taken])
                except Exception as error:
                    # Whatever it was, none is left waiting for ever.
                    results = _failures(OutcomeUnknown, len(taken), error)
                for (_, future), result in zip(taken, results, strict=True):
                    if future.done():
                        continue
                    if isinstance(result, AppendError):
                        future.set_exception(result)
                    else:
                        future.set_result(result)
        finally:
            self._drain = None

    async def _commit(
        self, appends: Sequence[Append], *, believing: bool = True, resends: int = RESENDS
    ) -> list[Result]:
        try:
            connection = await self._connection.get()
        except CANNOT_CONNECT as error:
            return _failures(LogUnavailable, len(appends), error)
        batch = Batch(appends, believing=believing)
        started = perf_counter()
        try:
            [answer] = await connection.fetch(SQL.append_commands, self.tenant, *batch.arguments())
        except CONNECTION_LOST as error:
            return await self._resolve(appends, resends, error)
        except ONE_COMMANDS_FAULT as error:
            if believing and getattr(error, "constraint_name", None) == STREAM_IS_NOT_NEW:
                return await self._commit(appends, believing=False, resends=resends)
            return await self._find_fault(appends, resends, error)
        except asyncpg.PostgresError as error:
            return _failures(LogUnavailable, len(appends), error)
        except Exception as error:
            return await self._resolve(appends, resends, error)
        outcomes, head = batch.outcomes(answer)
        if self._observer is not None:
            self._observer(len(appends), perf_counter() - started, head)
        return [*outcomes]

    async def _find_fault(self, appends: Sequence[Append], resends: int, error: Exception) -> list[Result]:
        """One command spoiled the batch, of which nothing was written: halve it until that one stands alone."""
        if len(appends) == 1:
            return _failures(NotStorable, 1, error)
        middle = len(appends) // 2
        first = await self._commit(appends[:middle], resends=resends)
        return first + await self._commit(appends[middle:], resends=resends)

    async def _resolve(self, appends: Sequence[Append], resends: int, lost: Exception) -> list[Result]:
        """The answer was lost: find out what is in the log, and send again what is not."""
        try:
            appended = await self._find_appended(appends)
        except CANNOT_CONNECT as error:
            return _failures(OutcomeUnknown, len(appends), error)
        missing = [append for append in appends if append.command_id not in appended]
        results: dict[UUID, Result] = {command_id: Appended(at) for command_id, at in appended.items()}
        if resends:
            sent = await self._commit(missing, resends=resends - 1) if missing else []
        else:
            sent = _failures(LogUnavailable, len(missing), lost)
        results |= zip((append.command_id for append in missing), sent, strict=True)
        return [results[append.command_id] for append in appends]

    async def _find_appended(self, appends: Sequence[Append], tries: int = TRIES) -> dict[UUID, int]:
        self._connection.drop()
        try:
            return await find_appended(await self._connection.get(), self.tenant, appends)
        except CANNOT_CONNECT:
            if tries == 1:
                raise
            return await self._find_appended(appends, tries - 1)


def _failures(kind: type[AppendError], number: int, cause: Exception) -> list[Result]:
    """An error for each, for whoever catches one may change it."""
    failures: list[Result] = []
    for _ in range(number):
        failure = kind(str(cause))
        failure.__cause__ = cause
        failures.append(failure)
    return failures

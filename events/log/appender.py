"""The group-committing appender: whatever waits is one batch, one call, one transaction.

    idle ── a command arrives ──► committing ── more wait ──► committing the next batch
                                      │                              │
                                      └── none waits ──► idle ◄──────┘

There is no timer: an idle log takes a single command at once, a busy one takes all that gathered during the last
commit. A commit whose answer was lost is neither failed nor repeated blindly: under the head lock, behind which no
append can be under way, the log itself says which of the commands are in it; the others are then sent again.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter
from typing import Protocol
from uuid import UUID

import asyncpg

from events.log.append import (
    Append,
    Appended,
    AppendError,
    IdempotencyKey,
    LogBusy,
    LogClosed,
    LogUnavailable,
    Outcome,
    OutcomeUnknown,
)
from events.log.batch import Batch
from events.log.reader import SQL, replayed

Connection = asyncpg.Connection

CONNECTION_LOST = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
)
"""What is raised when the server, or the way to it, went away; whether the commit happened is then open."""

STREAM_IS_NOT_NEW = "events_one_version_per_stream"

RESENDS = 3
"""How often a batch whose answer was lost is sent again, once the log has said what of it is missing."""


class Observer(Protocol):
    """Told of every commit, after it: how many commands, how long in seconds, and the head that it reached."""

    def __call__(self, commands: int, seconds: float, head: int) -> None: ...


class Appender:
    """Appends commands to one tenant's log. One queue, one batch at a time, one connection of its own."""

    def __init__(
        self,
        tenant: str,
        connect: Callable[[], Awaitable[Connection]],
        *,
        observer: Observer | None = None,
        max_waiting: int = 10_000,
        max_batch: int = 512,
        patience: float = 15.0,
    ) -> None:
        """`patience`: seconds for which a lost connection is made again before its commands are given up."""
        self.tenant = tenant
        self._connect = connect
        self._observer = observer
        self._max_waiting = max_waiting
        self._max_batch = max_batch
        self._patience = patience
        self._waiting: deque[tuple[Append, asyncio.Future[Outcome]]] = deque()
        self._connection: Connection | None = None
        self._head = 0
        self._drain: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def waiting(self) -> int:
        """How many commands wait for the next batch."""
        return len(self._waiting)

    async def append(self, append: Append) -> Outcome:
        """Append one command's events, or learn why not.

        Raises LogClosed, LogBusy or LogUnavailable when nothing was written, and OutcomeUnknown when that could
        not be found out. A caller that is cancelled does not take its command back.
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
        if self._drain is not None:
            await self._drain
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def _commit_all(self) -> None:
        try:
            while self._waiting:
                taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._max_batch))]
                try:
                    outcomes = await self._commit([append for append, _ in taken])
                except Exception as error:
                    # Each waiting command is told; none is left waiting.
                    outcomes = [error if isinstance(error, AppendError) else _unknown(error)] * len(taken)
                for (_, future), outcome in zip(taken, outcomes, strict=True):
                    if future.done():
                        continue
                    if isinstance(outcome, AppendError):
                        future.set_exception(outcome)
                    else:
                        future.set_result(outcome)
        finally:
            self._drain = None

    async def _commit(
        self, appends: Sequence[Append], resends: int = RESENDS, *, believing: bool = True
    ) -> list[Outcome | AppendError]:
        batch = Batch(appends, believing=believing)
        connection = await self._connected()
        before, started = self._head, perf_counter()
        try:
            answer = await connection.fetchrow(SQL.append_commands, self.tenant, *batch.arguments())
        except (asyncpg.PostgresError, ValueError) as error:
            if isinstance(error, CONNECTION_LOST) and not isinstance(error, ValueError):
                return await self._resolve(appends, before, resends)
            if believing and getattr(error, "constraint_name", None) == STREAM_IS_NOT_NEW:
                return await self._commit(appends, resends, believing=False)
            return await self._one_by_one(appends, error)
        except CONNECTION_LOST:
            return await self._resolve(appends, before, resends)
        self._committed(len(appends), perf_counter() - started, answer["head"])
        return await self._answered(connection, batch.outcomes(answer))

    def _committed(self, commands: int, seconds: float, head: int) -> None:
        self._head = head
        if self._observer is not None:
            self._observer(commands, seconds, head)

    async def _one_by_one(self, appends: Sequence[Append], error: Exception) -> list[Outcome | AppendError]:
        """The database refused the batch and wrote nothing: find the command it refuses, and spare its neighbours."""
        if len(appends) == 1:
            failure = LogUnavailable("the database refused the command")
            failure.__cause__ = error
            return [failure]
        outcomes: list[Outcome | AppendError] = []
        for append in appends:
            outcomes += await self._commit([append])
        return outcomes

    async def _answered(
        self, connection: Connection, outcomes: list[Outcome | IdempotencyKey]
    ) -> list[Outcome | AppendError]:
        """Put the stored answers in place of the keys that stand for them."""
        places = [(n, key) for n, key in enumerate(outcomes) if isinstance(key, IdempotencyKey)]
        if places:
            subjects, keys = [key.subject for _, key in places], [key.key for _, key in places]
            try:
                rows = await connection.fetch(SQL.find_stored_answers, self.tenant, subjects, keys)
            except CONNECTION_LOST:
                raise LogUnavailable from None
            for row in rows:
                outcomes[places[row["n"] - 1][0]] = replayed(row)
        return [outcome for outcome in outcomes if not isinstance(outcome, IdempotencyKey)]

    async def _connected(self) -> Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._reconnected(LogUnavailable)
            self._head = int(await self._connection.fetchval(SQL.read_head, self.tenant) or 0)
        return self._connection

    async def _reconnected(self, otherwise: type[AppendError]) -> Connection:
        deadline = asyncio.get_running_loop().time() + self._patience
        while True:
            try:
                return await self._connect()
            except CONNECTION_LOST as error:
                if asyncio.get_running_loop().time() > deadline:
                    raise otherwise from error
                await asyncio.sleep(0.1)

    async def _resolve(self, appends: Sequence[Append], before: int, resends: int) -> list[Outcome | AppendError]:
        """Find out what became of a batch whose answer was lost, and send again what is not in the log."""
        if self._connection is not None:
            self._connection.terminate()
        if not resends:
            raise OutcomeUnknown
        try:
            self._connection = await self._reconnected(OutcomeUnknown)
            committed = await self._find_committed(self._connection, appends, before)
        except CONNECTION_LOST as error:
            raise OutcomeUnknown from error
        missing = [append for append in appends if append.command_id not in committed]
        sent = iter(await self._commit(missing, resends - 1) if missing else ())
        return [
            Appended(committed[append.command_id]) if append.command_id in committed else next(sent)
            for append in appends
        ]

    async def _find_committed(self, connection: Connection, appends: Sequence[Append], before: int) -> dict[UUID, int]:
        keys = [append.idempotency for append in appends if append.idempotency is not None]
        async with connection.transaction():
            self._head = int(await connection.fetchval(SQL.lock_head, self.tenant))
            rows = await connection.fetch(
                SQL.find_appended_commands,
                self.tenant,
                before,
                [append.command_id for append in appends],
                [key.subject for key in keys],
                [key.key for key in keys],
            )
        return {row["command_id"]: row["position"] for row in rows}


def _unknown(error: Exception) -> AppendError:
    failure = OutcomeUnknown("the append failed in a way it does not know")
    failure.__cause__ = error
    return failure

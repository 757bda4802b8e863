"""The group-committing appender: whatever waits is one batch, one call, one transaction.

    idle ── a command arrives ──► committing ── more wait ──► committing the next batch
                                      │                              │
                                      └── none waits ──► idle ◄──────┘

There is no timer: an idle log takes a single command at once, a busy one takes all that gathered during the last
commit.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from time import perf_counter
from typing import Protocol
from uuid import UUID

import asyncpg

from events.log.append import (
    Append,
    Appended,
    AppendError,
    Conflict,
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

Settled = Callable[[Result], None]


class _Command:
    """A command that waits for its outcome. `followers`: those that were decided on its events, by stream."""

    __slots__ = ("append", "followers", "outcome", "settled", "told")

    def __init__(self, append: Append, outcome: asyncio.Future[Outcome], told: Settled | None) -> None:
        self.append = append
        self.outcome = outcome
        self.told = told
        self.settled = False
        self.followers: list[tuple[UUID, _Command]] = []


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
        self._waiting: deque[_Command] = deque()
        self._unsettled: dict[UUID, _Command] = {}
        self._drain: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def waiting(self) -> int:
        """How many commands wait for the next batch."""
        return len(self._waiting)

    async def append(self, append: Append, told: Settled | None = None) -> Outcome:
        """Append one command's events, or learn why not.

        Raises LogClosed, LogBusy, LogUnavailable or NotStorable when nothing was written, and OutcomeUnknown when
        that could not be found out. A caller that is cancelled does not take its command back.

        `told` is called with the outcome, or the error, before anything else can happen: when another command asks
        to be appended, it is known of all that are settled. A command whose predecessor is none that waits here, or
        is not appended, is a conflict.
        """
        return await self.post(append, told)

    def post(self, append: Append, told: Settled | None = None) -> asyncio.Future[Outcome]:
        """As `append`, for who has many and wants no task for each: it waits to be appended from now on."""
        command = _Command(append, asyncio.get_running_loop().create_future(), told)
        if self._closed:
            _tell(command, LogClosed())
        elif len(self._waiting) >= self._max_waiting:
            _tell(command, LogBusy())
        elif (orphan := self._follow(command)) is not None:
            _tell(command, orphan)
        else:
            self._waiting.append(command)
            self._unsettled[append.command_id] = command
            if self._drain is None:
                self._drain = asyncio.create_task(self._commit_all(), name=f"append {self.tenant}")
        return command.outcome

    def _follow(self, command: _Command) -> Conflict | None:
        for stream_id, command_id in command.append.after.items():
            predecessor = self._unsettled.get(command_id)
            if predecessor is None:
                return Conflict(stream_id, None)
            predecessor.followers.append((stream_id, command))
        return None

    async def settled(self, command_ids: Iterable[UUID]) -> None:
        """Wait until none of these commands waits for its outcome any more, or nobody waits for it."""
        outcomes = [one.outcome for command_id in command_ids if (one := self._unsettled.get(command_id)) is not None]
        if outcomes:
            await asyncio.wait(outcomes)

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
                    await self._commit(taken)
                except Exception as error:
                    # Whatever it was, none is left waiting for ever.
                    self._settle_all(OutcomeUnknown, taken, error)
        finally:
            self._drain = None

    async def _commit(self, commands: Sequence[_Command], *, believing: bool = True, resends: int = RESENDS) -> None:
        # One may have lost its predecessor while it waited.
        commands = [command for command in commands if not command.settled]
        if not commands:
            return
        try:
            connection = await self._connection.get()
        except CANNOT_CONNECT as error:
            return self._settle_all(LogUnavailable, commands, error)
        batch = Batch([command.append for command in commands], believing=believing)
        started = perf_counter()
        try:
            [answer] = await connection.fetch(SQL.append_commands, self.tenant, *batch.arguments())
        except CONNECTION_LOST as error:
            return await self._resolve(commands, resends, error)
        except ONE_COMMANDS_FAULT as error:
            if believing and getattr(error, "constraint_name", None) == STREAM_IS_NOT_NEW:
                return await self._commit(commands, believing=False, resends=resends)
            return await self._find_fault(commands, resends, error)
        except asyncpg.PostgresError as error:
            return self._settle_all(LogUnavailable, commands, error)
        except Exception as error:
            return await self._resolve(commands, resends, error)
        outcomes, head = batch.outcomes(answer)
        if self._observer is not None:
            self._observer(len(commands), perf_counter() - started, head)
        self._settle(commands, outcomes)

    async def _find_fault(self, commands: Sequence[_Command], resends: int, error: Exception) -> None:
        """One command spoiled the batch, of which nothing was written: halve it until that one stands alone."""
        if len(commands) == 1:
            return self._settle_all(NotStorable, commands, error)
        middle = len(commands) // 2
        await self._commit(commands[:middle], resends=resends)
        await self._commit(commands[middle:], resends=resends)

    async def _resolve(self, commands: Sequence[_Command], resends: int, lost: Exception) -> None:
        """The answer was lost: find out what is in the log, and send again what is not."""
        try:
            appended = await self._find_appended([command.append for command in commands])
        except CANNOT_CONNECT as error:
            return self._settle_all(OutcomeUnknown, commands, error)
        found = [command for command in commands if command.append.command_id in appended]
        self._settle(found, [Appended(appended[command.append.command_id]) for command in found])
        if resends:
            await self._commit(commands, resends=resends - 1)
        else:
            self._settle_all(LogUnavailable, commands, lost)

    async def _find_appended(self, appends: Sequence[Append], tries: int = TRIES) -> dict[UUID, int]:
        self._connection.drop()
        try:
            return await find_appended(await self._connection.get(), self.tenant, appends)
        except CANNOT_CONNECT:
            if tries == 1:
                raise
            return await self._find_appended(appends, tries - 1)

    def _settle_all(self, kind: type[AppendError], commands: Sequence[_Command], cause: Exception) -> None:
        """The same error for all that have no outcome yet; one each, for whoever catches one may change it."""
        unsettled = [command for command in commands if not command.settled]
        self._settle(unsettled, [_failure(kind, cause) for _ in unsettled])

    def _settle(self, commands: Sequence[_Command], results: Sequence[Result]) -> None:
        """Give commands their outcomes, and then a conflict to all that follow one of them that was not appended."""
        lost: deque[_Command] = deque()
        for command, result in zip(commands, results, strict=True):
            self._unsettled.pop(command.append.command_id, None)
            _tell(command, result)
            if command.followers and not isinstance(result, Appended):
                lost.append(command)
        while lost:
            for stream_id, follower in lost.popleft().followers:
                if not follower.settled:
                    self._unsettled.pop(follower.append.command_id, None)
                    _tell(follower, Conflict(stream_id, None))
                    lost.append(follower)


def _tell(command: _Command, result: Result) -> None:
    command.settled = True
    if command.told is not None:
        command.told(result)
    if command.outcome.done():
        # Its caller has left.
        return
    if isinstance(result, AppendError):
        command.outcome.set_exception(result)
    else:
        command.outcome.set_result(result)


def _failure(kind: type[AppendError], cause: Exception) -> AppendError:
    failure = kind(str(cause))
    failure.__cause__ = cause
    return failure

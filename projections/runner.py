"""Runs one projection: read on from the checkpoint, write rows and checkpoint in one transaction, tell those after it.

Any number of runners of one projection may live at once. The checkpoint fences them: it moves only from the value
that was read, so a second runner's transaction writes nothing. The leader lock only spares them the vain work.
"""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from typing import Protocol

import asyncpg
import structlog

from events.log.database import Connection, Database
from events.log.lasting import CONNECTION_LOST
from events.log.reader import END
from events.log.recorded import RecordedEvent
from projections.checkpoints import (
    CheckpointMoved,
    MadeByNewer,
    lowest_checkpoint,
    move_checkpoint,
    read_checkpoint,
)
from projections.feed import Feed
from projections.parking import park, parked_streams
from projections.projection import Choosy, Projection, StandsStill

log = structlog.get_logger("projector")

DATABASE_AWAY = (*CONNECTION_LOST, asyncpg.PostgresError)

AN_EVENTS_FAULT = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)
"""What the database says of data; anything else that it says is not an event's fault, and passes."""

_GATHER_EACH = 0.0012
"""Seconds of gathering for each event of the batch before."""

_UNWRITTEN = 0.5
"""Seconds for which a checkpoint is not moved, while event after event comes that means nothing to its projection."""

_STILL = 5.0
"""Seconds after which a projection that stands still is tried again."""


class Leadership(Protocol):
    """Tells whether this process is the one that should run a projection."""

    async def holds(self, name: str) -> bool: ...

    async def gives_up(self, name: str) -> None: ...


class Pacer(Protocol):
    """Has work that may wait rest while others need the machine."""

    async def rest(self) -> None: ...


class Runner:
    """One projection of one tenant, in this process."""

    def __init__(
        self,
        tenant: str,
        projection: Projection,
        pool: asyncpg.Pool,
        feed: Feed,
        leadership: Leadership,
        *,
        batch: int = 1_000,
        poll: float = 0.25,
        gather: float = 0.0,
        rest: float = 0.0,
        pace: Pacer | None = None,
        behind: Sequence["Runner"] = (),
    ) -> None:
        """`poll`: seconds after which it looks for itself, when nobody tells it that there is something new.

        `gather`: seconds to wait at most after a batch, for the next one to gather. The more a batch had, the longer:
        a lone event is applied at once, and when they pour in, fewer and fuller batches cost less.

        `rest`: seconds to wait at least after a batch that was not full, where a batch is dear however few it has.
        `pace`: rests after each batch.
        `behind`: the runners, in this process, of those that its projection follows. They wake it; and while all of
        these lead, how far they are need not be asked of the database: a checkpoint may be written later than reached.
        """
        self.tenant = tenant
        self.projection = projection
        self.position = 0
        self.leading = False
        self._behind = behind if {one.projection.name for one in behind} == set(projection.follows) else ()
        self._followers: list[Runner] = []
        for runner in behind:
            runner._followers.append(self)
        self._pool = pool
        self._feed = feed
        self._leadership = leadership
        self._batch = batch
        self._poll = poll
        self._gather = gather
        self._rest = rest
        self._pace = pace
        self._written = 0
        self._written_at = 0.0
        self._concerns = projection.concerns if isinstance(projection, Choosy) else _everything
        self._news = asyncio.Event()
        self._lock = f"{tenant}/{projection.name}"

    def wake(self) -> None:
        """There may be something new to read."""
        self._news.set()

    async def run(self) -> None:
        """Run until cancelled. A lost database, or another runner, is waited out."""
        while True:
            try:
                if await self._leadership.holds(self._lock):
                    await self._begin()
                    await self._follow()
                await asyncio.sleep(1.0)
            except CheckpointMoved:
                log.info("another runner is ahead", tenant=self.tenant, projection=self.projection.name)
            except StandsStill as error:
                log.error(
                    "projection stands still",
                    tenant=self.tenant,
                    projection=self.projection.name,
                    why=str(error),
                )
                await asyncio.sleep(_STILL)
            except MadeByNewer:
                # A newer projector is to go on from here; where there is none yet, the lead is taken again, in vain.
                log.warning("a newer version made the rows", tenant=self.tenant, projection=self.projection.name)
                with contextlib.suppress(*DATABASE_AWAY):
                    await self._leadership.gives_up(self._lock)
                await asyncio.sleep(1.0)
            except DATABASE_AWAY as error:
                log.warning(
                    "projection waits for the database",
                    tenant=self.tenant,
                    projection=self.projection.name,
                    error=type(error).__name__,
                )
                await asyncio.sleep(0.5)

    async def catch_up(self, until: int = END) -> int:
        """Apply all that is there now, up to `until`, once; answers the position that was reached."""
        await self._begin()
        while await self._step(until):
            pass
        await self._write_down()
        return self.position

    async def _begin(self) -> None:
        self._feed.forget()
        projection = self.projection
        self.position = await read_checkpoint(self._pool, self.tenant, projection.name, projection.version)
        self._written = self.position

    async def _follow(self) -> None:
        self.leading = True
        try:
            while await self._leadership.holds(self._lock):
                self._news.clear()
                applied = await self._step()
                _heed_cancellation()
                if applied and self._pace is not None:
                    await self._pace.rest()
                if 0 < applied < self._batch:
                    await asyncio.sleep(max(self._rest, min(self._gather, applied * _GATHER_EACH)))
                elif not applied:
                    await self._write_down()
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(self._poll):
                            await self._news.wait()
        finally:
            self.leading = False

    async def _step(self, until: int = END) -> int:
        """One batch; answers how many events it had."""
        if self.projection.follows:
            until = min(until, await self._followed())
        if until <= self.position:
            return 0
        events = await self._feed.after(self.position, self._batch, until)
        if not events:
            return 0
        try:
            applied = await self._apply(events)
        except Exception as error:
            if _passes(error) or not self.projection.parks:
                raise
            applied = await self._one_by_one(events)
        for follower in self._followers:
            follower.wake()
        if applied:
            await self.projection.applied(applied)
        return len(events)

    async def _followed(self) -> int:
        """How far those are that it must not overtake."""
        if self._behind and all(runner.leading for runner in self._behind):
            return min(runner.position for runner in self._behind)
        return await lowest_checkpoint(self._pool, self.tenant, self.projection.follows)

    async def _apply(self, events: Sequence[RecordedEvent]) -> Sequence[RecordedEvent]:
        """Apply a batch, all of it or nothing; answers those events that were not set aside."""
        reached = events[-1].position
        free: Sequence[RecordedEvent] = [event for event in events if self._concerns(event)]
        if self.projection.writes and free:
            async with self._pool.acquire() as connection, connection.transaction():
                if await self._move(connection, reached):
                    free = await self._set_parked_aside(connection, free)
                if free:
                    await self.projection.apply(connection, free)
            self._moved(reached)
        elif free or time.monotonic() - self._written_at > _UNWRITTEN:
            await self._move(self._pool, reached)
            self._moved(reached)
        self.position = reached
        return free

    async def _write_down(self) -> None:
        """Move the checkpoint past events that mean nothing here, if that is still to be done."""
        if self._written < self.position:
            await self._move(self._pool, self.position)
            self._moved(self.position)

    def _moved(self, reached: int) -> None:
        self._written = reached
        self._written_at = time.monotonic()

    async def _move(self, db: Database, reached: int) -> bool:
        projection = self.projection
        return await move_checkpoint(db, self.tenant, projection.name, self._written, reached, projection.version)

    async def _set_parked_aside(self, connection: Connection, events: Sequence[RecordedEvent]) -> list[RecordedEvent]:
        streams = await parked_streams(connection, self.tenant, self.projection.name)
        behind = [event for event in events if event.stream_id in streams]
        if behind:
            await park(connection, self.tenant, self.projection.name, behind, "waits behind an earlier event")
        return [event for event in events if event.stream_id not in streams]

    async def _one_by_one(self, events: Sequence[RecordedEvent]) -> Sequence[RecordedEvent]:
        """A batch could not be applied: find the event at fault, park its stream, and let the others go on."""
        applied: list[RecordedEvent] = []
        for event in events:
            try:
                applied += await self._apply([event])
            except Exception as error:
                if _passes(error):
                    raise
                await self._park(event, error)
        return applied

    async def _park(self, event: RecordedEvent, error: Exception) -> None:
        # The text of an error may hold data of the event: only its kind goes to the log and the table.
        why = type(error).__name__
        async with self._pool.acquire() as connection, connection.transaction():
            await self._move(connection, event.position)
            await park(connection, self.tenant, self.projection.name, [event], why)
        self._moved(event.position)
        self.position = event.position
        log.error(
            "parked a stream",
            tenant=self.tenant,
            projection=self.projection.name,
            stream=str(event.stream_id),
            event_type=event.type,
            error=why,
        )


def _heed_cancellation() -> None:
    """Raise CancelledError, where this task was told to stop and a library has swallowed it: on Python 3.11 so does
    `asyncio.wait_for`, by which the Redis client sends under a timeout, when it comes just as the sending is done."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _everything(_event: RecordedEvent) -> bool:
    return True


def _passes(error: Exception) -> bool:
    """Whether this says nothing about the events: then the batch is tried again, and none is parked."""
    return isinstance(error, (CheckpointMoved, *DATABASE_AWAY)) and not isinstance(error, AN_EVENTS_FAULT)

"""Our log as the `eventsourcing` library's application recorder: its threads in front, our appender and reader behind.

Only the shape is adapted. Every write goes through the production `Appender`, every read through the `LogReader`.
"""

import asyncio
import threading
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar
from uuid import UUID, uuid4

import asyncpg
from eventsourcing.persistence import (
    ApplicationRecorder,
    IntegrityError,
    Notification,
    StoredEvent,
    Subscription,
)

from events.log.append import Append, Appended, NewEvent
from events.log.appender import Appender
from events.log.connect import connect, create_pool
from events.log.reader import END, LogReader
from events.log.recorded import RecordedEvent

TENANT = "default"
BEFORE_ALL = -1
"""The library's tests start some streams at version 0."""

Result = TypeVar("Result")


class LogRecorder(ApplicationRecorder):
    """Runs the log on an event loop in a thread of its own, for callers in any thread."""

    def __init__(self, url: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._pool: asyncpg.Pool = self._run(create_pool(url, "recorder"))
        self._appender = Appender(TENANT, lambda: connect(url, "recorder append"))
        self._reader = LogReader(self._pool, TENANT)

    def close(self) -> None:
        """End the appender, the pool, the loop and the thread."""
        self._run(self._appender.close())
        self._run(self._pool.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """One command. Raises IntegrityError, whatever kept it from being appended."""
        if not stored_events:
            return []
        events = [
            NewEvent(_uuid(event.originator_id), event.originator_version, event.topic, 1, event.state)
            for event in stored_events
        ]
        command_id = uuid4()
        outcome = self._run(self._appender.append(Append(command_id, events, f'{{"command_id": "{command_id}"}}')))
        if not isinstance(outcome, Appended):
            raise IntegrityError(str(outcome))
        return list(range(outcome.position - len(events) + 1, outcome.position + 1))

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        after = BEFORE_ALL if gt is None else gt
        recorded = self._run(self._reader.streams({_uuid(originator_id): after}))
        wanted = [event for event in recorded if lte is None or event.version <= lte]
        if desc:
            wanted.reverse()
        return [StoredEvent(event.stream_id, event.version, event.type, event.data) for event in wanted[:limit]]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        after = 0 if start is None else start - 1 if inclusive_of_start else start
        until = END if stop is None else stop
        if not topics:
            return [_notification(event) for event in self._run(self._reader.after(after, limit, until=until))]
        found: list[Notification] = []
        while len(found) < limit:
            page = self._run(self._reader.after(after, limit, until=until))
            if not page:
                break
            found += [_notification(event) for event in page if event.type in topics]
            after = page[-1].position
        return found[:limit]

    def max_notification_id(self) -> int | None:
        return self._run(self._reader.head()) or None

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> Subscription[ApplicationRecorder]:
        """Live streams are ours, not the library's."""
        raise TypeError("the log is followed over the fan-out")

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


def _notification(event: RecordedEvent) -> Notification:
    return Notification(event.stream_id, event.version, event.type, event.data, event.position)


def _uuid(value: UUID | str) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)

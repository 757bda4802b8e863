"""The end of the log, read once for all projections of a process; and far from the end, a page ahead."""

import asyncio

from events.log.reader import END, LogReader
from events.log.recorded import RecordedEvent

_MOST_AHEAD = 8


class Feed:
    """Reads one tenant's log in order, and keeps the last events in memory, with what was parsed of them: positions are
    dense, so the place of an event among those kept is a subtraction. While a full page is applied, the next one is
    read: who catches up and the database work at the same time."""

    def __init__(self, reader: LogReader, *, keep: int = 4_096) -> None:
        """`keep`: events at least, and twice as many at most."""
        self._reader = reader
        self._keep = keep
        self._kept: list[RecordedEvent] = []
        self._ahead: dict[tuple[int, int], asyncio.Task[list[RecordedEvent]]] = {}

    def forget(self) -> None:
        """Keep nothing of what was read: the log may be another, as after a restore."""
        self._kept.clear()

    async def after(self, position: int, limit: int, until: int) -> list[RecordedEvent]:
        """At most `limit` events with `position < event.position <= until`, in order."""
        kept = self._kept
        if kept and kept[0].position <= position + 1 <= kept[-1].position:
            start = position + 1 - kept[0].position
            return kept[start : min(start + limit, until + 1 - kept[0].position)]
        ahead = self._ahead.pop((position, limit), None)
        if ahead is None:
            events = await self._reader.after(position, limit, until=until)
        else:
            events = await ahead
            if events and events[-1].position > until:
                events = events[: max(0, until + 1 - events[0].position)]
        if self._keep:
            self._take(events)
        if len(events) == limit and events[-1].position < until:
            self._read_ahead(events[-1].position, limit)
        return events

    def _read_ahead(self, position: int, limit: int) -> None:
        if (position, limit) in self._ahead:
            return
        if len(self._ahead) == _MOST_AHEAD:
            # Nobody came for it.
            self._ahead.pop(next(iter(self._ahead))).cancel()
        reading = asyncio.ensure_future(self._reader.after(position, limit, until=END))
        # Whoever comes for it is told what went wrong; when nobody does, nobody needs to know.
        reading.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._ahead[position, limit] = reading

    def _take(self, events: list[RecordedEvent]) -> None:
        """Keep what continues: another projection may have read on meanwhile."""
        kept = self._kept
        following = kept[-1].position + 1 if kept else 0
        if events and events[0].position > following:
            kept.clear()
            following = events[0].position
        if events and events[-1].position >= following:
            kept += events[following - events[0].position :]
        if len(kept) > 2 * self._keep:
            del kept[: -self._keep]

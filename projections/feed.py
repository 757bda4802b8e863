"""The end of the log, read once for all projections of a process."""

from events.log.reader import LogReader
from events.log.recorded import RecordedEvent


class Feed:
    """Reads one tenant's log in order, and keeps the last events in memory, with what was parsed of them: positions are
    dense, so the place of an event among those kept is a subtraction."""

    def __init__(self, reader: LogReader, *, keep: int = 4_096) -> None:
        """`keep`: events at least, and twice as many at most."""
        self._reader = reader
        self._keep = keep
        self._kept: list[RecordedEvent] = []

    def forget(self) -> None:
        """Keep nothing of what was read: the log may be another, as after a restore."""
        self._kept.clear()

    async def after(self, position: int, limit: int, until: int) -> list[RecordedEvent]:
        """At most `limit` events with `position < event.position <= until`, in order."""
        kept = self._kept
        if kept and kept[0].position <= position + 1 <= kept[-1].position:
            start = position + 1 - kept[0].position
            return kept[start : min(start + limit, until + 1 - kept[0].position)]
        events = await self._reader.after(position, limit, until=until)
        if self._keep:
            self._take(events)
        return events

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

"""The end of the log, read once for all projections of a process."""

from collections import deque
from itertools import islice

from events.log.reader import LogReader
from events.log.recorded import RecordedEvent


class Feed:
    """Reads one tenant's log in order, and keeps the last events in memory: positions are dense, so the place of an
    event among those kept is a subtraction."""

    def __init__(self, reader: LogReader, *, keep: int = 8_192) -> None:
        self._reader = reader
        self._kept: deque[RecordedEvent] = deque(maxlen=keep)

    def forget(self) -> None:
        """Keep nothing of what was read: the log may be another, as after a restore."""
        self._kept.clear()

    async def after(self, position: int, limit: int, until: int) -> list[RecordedEvent]:
        """At most `limit` events with `position < event.position <= until`, in order."""
        kept = self._kept
        if kept and kept[0].position <= position + 1 <= kept[-1].position:
            start = position + 1 - kept[0].position
            return [event for event in islice(kept, start, start + limit) if event.position <= until]
        events = await self._reader.after(position, limit, until=until)
        # Another projection may have read on meanwhile: keep what continues, and nothing that would leave a gap.
        for event in events:
            if not kept or event.position == kept[-1].position + 1:
                kept.append(event)
            elif event.position > kept[-1].position + 1:
                kept.clear()
                kept.append(event)
        return events

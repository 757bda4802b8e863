"""Which events of the log an auditor wants, and where in the log these can be."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from events.cloud import subject_of
from events.log.reader import LogReader
from events.log.recorded import RecordedEvent

CLOCK_STEPS = timedelta(hours=1)
"""By so much the database's clock may have stepped back without an event being missed."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Events with `after < position <= until`, and of these only such as match all that is given.

    `types`: stored names. `subject`: what they are about, mostly their own stream. `recorded_from` is part of
    the range, `recorded_before` is not.
    """

    after: int
    until: int
    types: tuple[str, ...] | None = None
    stream: UUID | None = None
    correlation: str | None = None
    subject: UUID | None = None
    recorded_from: datetime | None = None
    recorded_before: datetime | None = None

    @property
    def keyed(self) -> bool:
        """Whether an index leads to the events; else the log itself is gone through."""
        return self.stream is not None or self.correlation is not None or self.subject is not None

    def takes(self, event: RecordedEvent) -> bool:
        """Whether an event in the bounds matches."""
        return (
            (self.types is None or event.type in self.types)
            and (self.stream is None or event.stream_id == self.stream)
            and (self.recorded_from is None or event.recorded_at >= self.recorded_from)
            and (self.recorded_before is None or event.recorded_at < self.recorded_before)
            and (self.correlation is None or event.meta().get("correlation_id") == self.correlation)
            and (self.subject is None or subject_of(event) == self.subject)
        )


async def bounded(reader: LogReader, selection: Selection) -> Selection:
    """The same selection with bounds that its recorded times and the log's end allow.

    Positions follow the time of recording, but for a clock that stepped back: the search is for a time that is
    CLOCK_STEPS away, and what is nearer is looked at event by event.
    """
    after, until = selection.after, min(selection.until, await reader.head())
    if selection.recorded_from is not None:
        after = max(after, await _first(reader, selection.recorded_from, -CLOCK_STEPS, until) - 1)
    if selection.recorded_before is not None:
        until = min(until, await _first(reader, selection.recorded_before, CLOCK_STEPS, until))
    return replace(selection, after=after, until=until)


async def _first(reader: LogReader, moment: datetime, away: timedelta, head: int) -> int:
    """The first position that was recorded at that moment or later, as far as positions follow time; else the last."""
    try:
        wanted = moment + away
    except OverflowError:
        return 1 if away < timedelta() else head
    low, high = 1, max(head, 1)
    while low < high:
        middle = (low + high) // 2
        if await reader.recorded_at(middle) < wanted:
            low = middle + 1
        else:
            high = middle
    return low

"""Moments in the past of an order or of a list, and which events of a stream belong to them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

from events.codec import current_fields
from events.log.reader import LogReader
from events.log.recorded import RecordedEvent


@dataclass(frozen=True, slots=True)
class AtVersion:
    """When the stream was at this version; 0: before its first event."""

    version: int


@dataclass(frozen=True, slots=True)
class AtPosition:
    """When the log ended with this position."""

    position: int


@dataclass(frozen=True, slots=True)
class AtTime:
    """At this business time, by what is known now."""

    time: datetime


@dataclass(frozen=True, slots=True)
class RecordedBy:
    """When the database's clock told this time."""

    time: datetime


Settled = AtVersion | AtPosition | AtTime
Moment = Settled | RecordedBy


async def placed_in_log(moment: Moment, reader: LogReader) -> Settled:
    """A recorded time as the position that the log ended with then; every other moment as it is."""
    if isinstance(moment, RecordedBy):
        return AtPosition(await reader.last_recorded_by(moment.time))
    return moment


def events_until(moment: Settled, stream: Sequence[RecordedEvent]) -> int:
    """How many events of a stream, from its first on, had happened at the moment.

    By business time these end before the first event that is later: an event behind that one waits for it, whatever
    its own time, for without the one before it it never stood in the stream.
    """
    belongs: Callable[[RecordedEvent], bool]
    match moment:
        case AtVersion(version):
            belongs = lambda event: event.version <= version  # noqa: E731
        case AtPosition(position):
            belongs = lambda event: event.position <= position  # noqa: E731
        case AtTime(time):
            belongs = lambda event: datetime.fromisoformat(current_fields(event)["timestamp"]) <= time  # noqa: E731
    return sum(1 for _ in takewhile(belongs, stream))

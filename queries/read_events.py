"""The log as auditors page through it: every event, in order, as it is stored."""

from typing import Any

from events.cloud import sealed_event
from events.codec import Codec
from events.log.reader import LogReader
from events.log.recorded import RecordedEvent
from queries.selection import Selection

WINDOW = 10_000
"""Positions that one statement looks through for events that match; so it is short, however rare they are."""

MOST_WINDOWS = 20
"""That one page looks through. One that found nothing there says where to go on."""


async def read_events(
    reader: LogReader, selection: Selection, limit: int, codec: Codec | None = None
) -> tuple[list[dict[str, Any]], int | None]:
    """At most `limit` CloudEvents of a bounded selection, and the position after which to go on (None: that is all).

    There may be fewer than `limit`, and none, though more follow. `codec`: each tells its personal fields `opened`.
    """
    recorded: list[RecordedEvent] = []
    following: int | None = selection.after
    for _ in range(MOST_WINDOWS):
        if following is None or recorded:
            break
        recorded, following = await read_recorded(reader, selection, following, limit)
    if codec is None:
        return [sealed_event(reader.tenant, event) for event in recorded], following
    opened = await codec.personal_fields(recorded)
    return [sealed_event(reader.tenant, *one) for one in zip(recorded, opened, strict=True)], following


async def read_recorded(
    reader: LogReader, selection: Selection, after: int, limit: int
) -> tuple[list[RecordedEvent], int | None]:
    """At most `limit` events of a bounded selection after a position, and the position after which to go on (None: that
    is all). One short statement."""
    if selection.types == () or after >= selection.until:
        return [], None
    if selection.keyed:
        found = await _along_an_index(reader, selection, after, limit + 1)
        following = found[limit - 1].position if len(found) > limit else None
        return [event for event in found[:limit] if selection.takes(event)], following
    end = min(after + max(WINDOW, limit), selection.until)
    found = await reader.filtered(
        after,
        limit + 1,
        until=end,
        types=selection.types,
        recorded_from=selection.recorded_from,
        recorded_before=selection.recorded_before,
    )
    if len(found) > limit:
        return found[:limit], found[limit - 1].position
    return found, end if end < selection.until else None


async def _along_an_index(reader: LogReader, selection: Selection, after: int, limit: int) -> list[RecordedEvent]:
    """The next events that the narrowest of the indexes leads to; they need not match all that is given."""
    until = selection.until
    if selection.correlation is not None:
        return await reader.correlated(selection.correlation, after, limit, until=until)
    if selection.stream is not None:
        return await reader.stream(selection.stream, after, limit, until=until)
    assert selection.subject is not None  # noqa: S101
    own = await reader.stream(selection.subject, after, limit, until=until)
    others = await reader.about(selection.subject, after, limit, until=until)
    return sorted(own + others, key=lambda event: event.position)[:limit]

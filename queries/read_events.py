"""The log as auditors page through it: every event, in order, as it is stored."""

from typing import Any
from uuid import UUID

from events.cloud import sealed_event
from events.log.reader import LogReader
from events.types import BY_CLOUD_TYPE


async def read_events(
    reader: LogReader, after: int, limit: int, *, cloud_type: str | None, stream_id: UUID | None
) -> tuple[list[dict[str, Any]], int | None]:
    """At most `limit` CloudEvents after a position, and the position after which more follow (None: that is all).

    A type that no event has matches nothing.
    """
    stored_type = None
    if cloud_type is not None:
        if cloud_type not in BY_CLOUD_TYPE:
            return [], None
        stored_type = BY_CLOUD_TYPE[cloud_type].name
    recorded = await reader.filtered(after, limit + 1, type=stored_type, stream_id=stream_id)
    page = recorded[:limit]
    following = page[-1].position if len(recorded) > limit else None
    return [sealed_event(reader.tenant, event) for event in page], following

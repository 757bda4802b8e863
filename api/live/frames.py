"""Frames: events as subscribers get them, made once for all of them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import structlog
from pydantic_core import to_json

from events.cloud import cloud_event, subject_of
from events.codec import Codec
from events.log.recorded import RecordedEvent
from events.opaque import Positions

log = structlog.get_logger("live")


class Frame(NamedTuple):
    """One event about an order: where it stands, whom and which order it concerns, and its text."""

    position: int
    owner: str
    order_id: str
    text: str


class Frames:
    """Makes the frames of one tenant."""

    def __init__(self, tenant: str, codec: Codec, positions: Positions) -> None:
        self._tenant = tenant
        self._codec = codec
        self._positions = positions

    async def of(self, events: Sequence[RecordedEvent]) -> list[Frame]:
        """The frames of those events that concern an order; the others are nobody's here."""
        about_orders = [event for event in events if "owner" in event.meta()]
        try:
            opened = await self._codec.open_all(about_orders)
            return [self._frame(event, state) for event, state in zip(about_orders, opened, strict=True)]
        except (ValueError, LookupError) as error:
            # Written by a newer version, or damaged. It is shown to nobody; the streams go on.
            if len(about_orders) == 1:
                stream, kind = str(about_orders[0].stream_id), about_orders[0].type
                log.error("an event cannot be shown", stream=stream, event_type=kind, error=type(error).__name__)
                return []
        return [frame for event in about_orders for frame in await self.of([event])]

    def token(self, position: int) -> str:
        """A position as clients get it."""
        return self._positions.seal(position)

    def _frame(self, event: RecordedEvent, state: dict[str, Any]) -> Frame:
        frame = {
            "type": "event",
            "position": self.token(event.position),
            "event": cloud_event(self._tenant, event, state),
        }
        return Frame(event.position, event.meta()["owner"], str(subject_of(event)), to_json(frame).decode())

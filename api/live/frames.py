"""Frames: events as subscribers get them, made once for all of them."""

from collections.abc import Sequence
from typing import NamedTuple

from pydantic_core import to_json

from events.cloud import opened_event, subject_of
from events.codec import Codec
from events.log.recorded import RecordedEvent
from events.opaque import Positions


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
        await self._codec.open_all(about_orders)  # fetches the persons' keys
        return [self._frame(event) for event in about_orders]

    def token(self, position: int) -> str:
        """A position as clients get it."""
        return self._positions.seal(position)

    def _frame(self, event: RecordedEvent) -> Frame:
        frame = {
            "type": "event",
            "position": self.token(event.position),
            "event": opened_event(self._tenant, event, self._codec),
        }
        return Frame(event.position, event.meta()["owner"], str(subject_of(event)), to_json(frame).decode())

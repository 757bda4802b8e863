"""One subscriber: what it may see, where it is, and a queue that never grows beyond its bound."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from api.live.frames import Frame, Frames
from events.domain.delivery import confirmation_id
from events.log.reader import LogReader

MOST_WAITING = 1_000


@dataclass(frozen=True, slots=True)
class Sight:
    """Which events a subscriber is shown: of one owner, of one order, or (both None) of all orders."""

    owner: UUID | None
    order_id: UUID | None = None

    def shows(self, frame: Frame) -> bool:
        """Asked for every event that is sent."""
        return (self.owner is None or frame.owner == str(self.owner)) and (
            self.order_id is None or frame.order_id == str(self.order_id)
        )

    async def history(
        self, reader: LogReader, frames: Frames, after: int, until: int, limit: int
    ) -> tuple[list[Frame], int]:
        """What it shows after a position, at most `limit` events of it, and how far that reaches."""
        if self.order_id is not None:
            events = await reader.streams({self.order_id: 0, confirmation_id(self.order_id): 0})
            events = sorted(event for event in events if after < event.position <= until)
            reached = until
        else:
            if self.owner is not None:
                events = await reader.owned(self.owner, after, limit, until=until)
            else:
                events = await reader.after(after, limit, until=until)
            reached = events[-1].position if len(events) == limit else until
        return [frame for frame in await frames.of(events) if self.shows(frame)], reached


class Subscription:
    """A bounded queue between the hub, which never waits, and one socket, which may be slow."""

    def __init__(self, sight: Sight, after: int) -> None:
        """`after`: the last position that the subscriber has been given."""
        self.sight = sight
        self.after = after
        self.overflowed = False
        self._waiting: deque[Frame] = deque()
        self._arrived = asyncio.Event()

    def offer(self, frames: Sequence[Frame]) -> bool:
        """Queue what this subscriber is shown. False when its queue is full: it is too slow, and gets no more."""
        for frame in frames:
            if frame.position > self.after and self.sight.shows(frame):
                if len(self._waiting) >= MOST_WAITING:
                    self.overflowed = True
                    break
                self._waiting.append(frame)
        if self._waiting or self.overflowed:
            self._arrived.set()
        return not self.overflowed

    async def next(self, patience: float) -> Frame | None:
        """The next frame, or None when there was none for `patience` seconds (or ever, after an overflow)."""
        if not self._waiting and not self.overflowed:
            self._arrived.clear()
            try:
                async with asyncio.timeout(max(patience, 0)):
                    await self._arrived.wait()
            except TimeoutError:
                return None
        if not self._waiting:
            return None
        frame = self._waiting.popleft()
        self.after = frame.position
        return frame

    def wake(self) -> None:
        """Whoever waits for the next frame is to look around."""
        self._arrived.set()

    @property
    def idle(self) -> bool:
        """Nothing waits: all that the hub has seen was given."""
        return not self._waiting

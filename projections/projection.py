"""What a projection is: a name, whom it follows, and what it makes of events."""

from collections.abc import Sequence
from typing import Protocol

from events.log.database import Connection
from events.log.recorded import RecordedEvent


class StandsStill(Exception):
    """A projection will not go on until somebody has seen to what this says. It is written down, and tried again."""


class Projection(Protocol):
    """One projection of one tenant's log.

    `follows` names projections whose checkpoints it never overtakes. `parks` says whether an event that cannot be
    applied may be set aside with its stream, so that the others go on. `writes` says whether it has rows of its own
    beside its checkpoint; where it has none, `apply` is not called.
    """

    name: str
    follows: tuple[str, ...]
    parks: bool
    writes: bool

    async def apply(self, transaction: Connection, events: Sequence[RecordedEvent]) -> None:
        """Write what these events mean, in the transaction that moves the checkpoint past them."""
        ...

    async def applied(self, events: Sequence[RecordedEvent]) -> None:
        """Called after that transaction was committed. May never be called, when the process dies in between."""
        ...

"""What a projection is: a name, whom it follows, and what it makes of events."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from events.log.database import Connection
from events.log.recorded import RecordedEvent


class StandsStill(Exception):
    """A projection will not go on until somebody has seen to what this says. It is written down, and tried again."""


class Projection(Protocol):
    """One projection of one tenant's log.

    `follows` names projections that it never overtakes. `parks` says whether an event that cannot be
    applied may be set aside with its stream, so that the others go on. `writes` says whether it has rows of its own
    beside its checkpoint; where it has none, `apply` is not called.

    `version` is raised when what the rows mean changes; then they are to be rebuilt. `tables`: all that it writes, by
    unqualified name, when the log alone can make them again; else none.
    """

    name: str
    version: int
    tables: tuple[str, ...]
    follows: tuple[str, ...]
    parks: bool
    writes: bool

    async def apply(self, transaction: Connection, events: Sequence[RecordedEvent]) -> None:
        """Write what these events mean, in the transaction that moves the checkpoint past them."""
        ...

    async def applied(self, events: Sequence[RecordedEvent]) -> None:
        """Called after that transaction was committed. May never be called, when the process dies in between."""
        ...


class WholeStreams(NamedTuple):
    """What of a stream is enough, when all of it is applied at once: its first event, which is one of the types
    `begin`, its last, and those of the types `matter`."""

    begin: tuple[str, ...]
    matter: tuple[str, ...]


@runtime_checkable
class OfStreams(Protocol):
    """A projection that is rebuilt stream by stream, many at once and in any order: no row of it depends on two
    streams, but for sums."""

    whole_streams: WholeStreams


@runtime_checkable
class Choosy(Protocol):
    """A projection to which many events mean nothing. It is handed the others only, and of a batch of nothing else only
    its checkpoint moves."""

    def concerns(self, event: RecordedEvent) -> bool:
        """Whether this event may mean something to it."""
        ...

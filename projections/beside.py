"""A projection beside the one that serves: the same statements on other tables, and a checkpoint of its own."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from events.log.database import Connection
from events.log.recorded import RecordedEvent
from projections.checkpoints import SQL
from projections.projection import Projection


@dataclass(frozen=True, slots=True)
class Place:
    """Where a second set of a projection's tables is. `kind`: `rebuild` or `previous`."""

    projection: str
    kind: str

    @property
    def schema(self) -> str:
        """The schema with the tables."""
        return f"{self.kind}_{self.projection}"

    @property
    def checkpoint(self) -> str:
        """The name under which its checkpoints and parked events stand."""
        return f"{self.projection}~{self.kind}"


class Beside:
    """Runs on connections whose search path begins with the place's schema. Nothing leaves the service from here:
    what the projection would do afterwards is not handed on."""

    follows: tuple[str, ...] = ()
    parks = True
    writes = True

    def __init__(self, projection: Projection, place: Place) -> None:
        self.name = place.checkpoint
        self.version = projection.version
        self.tables = projection.tables
        self.projection = projection

    async def apply(self, transaction: Connection, events: Sequence[RecordedEvent]) -> None:
        """As the projection itself."""
        await self.projection.apply(transaction, events)

    async def applied(self, events: Sequence[RecordedEvent]) -> None:
        """Nothing: it has had its effects."""


async def every_place(transaction: Connection, table: str) -> AsyncIterator[None]:
    """Go through all sets of a table: the one that serves, one that is rebuilt, and one that is kept. At each turn the
    statements of this transaction find that one. For what must be done to all of them, such as forgetting somebody; who
    does it holds the checkpoints of all of them still."""
    others = [row["schema"] for row in await transaction.fetch(SQL.other_places, table)]
    yield
    for schema in others:
        await transaction.execute("SELECT set_config('search_path', $1, true)", f"{schema}, public")
        yield
    await transaction.execute("SELECT set_config('search_path', 'public', true)")

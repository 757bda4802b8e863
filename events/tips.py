"""Streams as commands under way will leave them: what their neighbours in this process decide on meanwhile.

    put ──► a neighbour decides on the tip, and names this command as its predecessor ──► settled: the tip is gone

Where many write to one stream they would otherwise all decide on the same version, and one of a batch would win.
A tip is nothing that has happened: no query sees one, and nothing is refused because of one.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple
from uuid import UUID

from eventsourcing.domain import Aggregate

from events.repository import fork


class Tip(NamedTuple):
    """An aggregate with its latest events still to be committed, and the command whose they are.

    `aggregate`: for one who decides on it, a fork of `tip`.
    """

    aggregate: Aggregate
    command_id: UUID
    tip: Aggregate


class Tips:
    """One tenant's tips, in one process."""

    def __init__(self) -> None:
        self._tips: dict[UUID, Tip] = {}

    def put(self, command_id: UUID, changed: Collection[Aggregate]) -> None:
        """These aggregates will be so, if the command is appended."""
        for aggregate in changed:
            self._tips[aggregate.id] = Tip(aggregate, command_id, aggregate)

    def settle(self, command_id: UUID, changed: Collection[Aggregate]) -> None:
        """It is known what became of the command."""
        for aggregate in changed:
            tip = self._tips.get(aggregate.id)
            if tip is not None and tip.command_id == command_id:
                del self._tips[aggregate.id]

    def beyond(self, known: Mapping[UUID, Aggregate | None]) -> dict[UUID, Tip]:
        """Those of these streams that are about to be further on than they are known: a fork, and the predecessor."""
        found: dict[UUID, Tip] = {}
        for stream_id, aggregate in known.items():
            tip = self._tips.get(stream_id)
            if tip is not None and (aggregate is None or tip.aggregate.version > aggregate.version):
                found[stream_id] = tip._replace(aggregate=fork(tip.tip))
        return found

    def still(self, found: Mapping[UUID, Tip]) -> bool:
        """Whether these are the tips now. The same command may have been decided again meanwhile, on something else."""
        return all((now := self._tips.get(stream_id)) and now.tip is tip.tip for stream_id, tip in found.items())

    def writer(self, stream_id: UUID) -> UUID | None:
        """The command that will have written last to this stream, if one is under way."""
        tip = self._tips.get(stream_id)
        return None if tip is None else tip.command_id

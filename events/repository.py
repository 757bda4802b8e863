"""Aggregates in memory: what this process last knew of each stream."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from eventsourcing.domain import Aggregate

from events.codec import Codec
from events.log.reader import SNAPSHOT, LogReader
from events.snapshots import SNAPSHOT_EVERY, SNAPSHOTTED, restore, take
from events.types import DomainEvent


class Repository:
    """One tenant's aggregates, read from the log once and kept. What is kept may be stale: the append finds out.

    A kept aggregate is never changed: who decides gets a fork, and a fork is kept only after its commit. What is about
    a person who was forgotten is dropped, and read anew: without the key nothing personal comes out.
    """

    def __init__(self, reader: LogReader, codec: Codec, *, remember: int = 50_000) -> None:
        self._reader = reader
        self._codec = codec
        self._remember = remember
        self._kept: OrderedDict[UUID, Aggregate] = OrderedDict()
        self._generation = codec.keyring.generation

    async def get(self, stream_ids: Iterable[UUID]) -> dict[UUID, Aggregate | None]:
        """Forks of these aggregates, from memory where they are there; None for what is nowhere."""
        self.forget()
        ids = list(stream_ids)
        unknown = {stream_id: 0 for stream_id in ids if stream_id not in self._kept}
        if unknown:
            await self._read(unknown)
        return self._forks(ids)

    async def refresh(self, stream_ids: Iterable[UUID]) -> dict[UUID, Aggregate | None]:
        """Forks of these aggregates as the log has them now: one read, of what is new."""
        self.forget()
        ids = list(stream_ids)
        await self._read({stream_id: self._version(stream_id) for stream_id in ids})
        return self._forks(ids)

    def keep(self, aggregate: Aggregate) -> None:
        """Remember an aggregate whose events are committed, unless a later state is known already."""
        if self._codec.keyring.has_forgotten(_person(aggregate)):
            # It may have been read before that.
            self._kept.pop(aggregate.id, None)
        else:
            self._keep(aggregate)

    def forget(self) -> None:
        """Drop what is about persons whose keys were dropped."""
        keyring = self._codec.keyring
        if self._generation != keyring.generation:
            self._generation = keyring.generation
            for stream_id in [one.id for one in self._kept.values() if keyring.has_forgotten(_person(one))]:
                del self._kept[stream_id]

    def _keep(self, aggregate: Aggregate) -> None:
        if aggregate.version >= self._version(aggregate.id):
            self._kept[aggregate.id] = aggregate
            if len(self._kept) > self._remember:
                self._kept.popitem(last=False)

    def _version(self, stream_id: UUID) -> int:
        kept = self._kept.get(stream_id)
        if kept is None:
            return 0
        self._kept.move_to_end(stream_id)
        return kept.version

    def _forks(self, ids: Iterable[UUID]) -> dict[UUID, Aggregate | None]:
        kept = self._kept
        forks: dict[UUID, Aggregate | None] = {}
        for stream_id in ids:
            if (aggregate := kept.get(stream_id)) is None:
                forks[stream_id] = None
            else:
                # What is asked for all the time must outlive the many that are asked for once.
                kept.move_to_end(stream_id)
                forks[stream_id] = fork(aggregate)
        return forks

    async def _read(self, after: dict[UUID, int]) -> None:
        recorded = await self._reader.since_snapshots(after)
        for one in recorded:
            if one.type == SNAPSHOT:
                self._keep(restore(one.stream_id, one.version, one.data))
        events = [one for one in recorded if one.type != SNAPSHOT]
        news: dict[UUID, list[DomainEvent]] = {}
        for one, event in zip(events, await self._codec.decode_all(events), strict=True):
            news.setdefault(one.stream_id, []).append(event)
        for stream_id, new in news.items():
            aggregate = self._folded(stream_id, new)
            self._keep(aggregate)
            if len(new) >= SNAPSHOT_EVERY and isinstance(aggregate, SNAPSHOTTED):
                await self._reader.save_snapshot(stream_id, aggregate.version, take(aggregate))

    def _folded(self, stream_id: UUID, news: list[DomainEvent]) -> Aggregate:
        kept = self._kept.get(stream_id)
        if kept is not None:
            # Another task may have read on in the meantime.
            news = [event for event in news if event.originator_version > kept.version]
        folded: Aggregate = fold(news, None if kept is None else fork(kept))
        return folded


def _person(aggregate: Aggregate) -> UUID | None:
    """Whose data an aggregate holds."""
    person: UUID | None = getattr(aggregate, "person_id", None)
    return person


def fork(aggregate: Aggregate) -> Aggregate:
    """A copy to decide on. Aggregates never change a value in place, so a shallow one is enough."""
    copied = object.__new__(type(aggregate))
    copied.__dict__ = {**aggregate.__dict__, "_pending_events": []}
    return copied


def fold(events: Iterable[DomainEvent], aggregate: Any = None) -> Any:
    """The aggregate that these events make, or make of the one given (which is changed)."""
    for event in events:
        aggregate = event.mutate(aggregate)
    return aggregate

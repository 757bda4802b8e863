"""Snapshots of aggregates whose streams grow long, in the `eventsourcing` library's own form.

Only products: they are changed for years. Orders end, and both orders and customers hold personal data, which must
not lie about outside of its seal.
"""

from typing import Any
from uuid import UUID

from eventsourcing.domain import Aggregate, Snapshot
from eventsourcing.persistence import DatetimeAsISO, JSONTranscoder, Mapper, StoredEvent, UUIDAsHex
from eventsourcing.utils import get_topic

from events.domain.product import Product

SNAPSHOTTED = (Product,)
SNAPSHOT_EVERY = 100
"""Events that had to be read to make the aggregate: so many, and the next reader is spared them."""

_transcoder = JSONTranscoder()
_transcoder.register(UUIDAsHex())
_transcoder.register(DatetimeAsISO())
_mapper: Mapper[UUID] = Mapper(_transcoder)


def take(aggregate: Aggregate) -> bytes:
    """The state of an aggregate, as bytes. Names the class by its path: after moving a class, delete its snapshots."""
    return _mapper.to_stored_event(Snapshot.take(aggregate)).state


def restore(stream_id: UUID, version: int, state: bytes) -> Aggregate:
    """The aggregate that `take` was given."""
    snapshot: Any = _mapper.to_domain_event(StoredEvent(stream_id, version, get_topic(Snapshot), state))
    aggregate: Aggregate = snapshot.mutate(None)
    return aggregate

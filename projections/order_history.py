"""The order history: every version of every order, and since when it was the newest. Past lists are read from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from events.codec import current_fields
from events.domain.order_events import OrderEvent
from events.domain.statuses import NEW, Statuses
from events.log.database import Connection
from events.log.recorded import RecordedEvent
from events.types import BY_NAME
from projections.checkpoints import SQL

_BEGINNINGS = frozenset({"OrderPlaced", "OrderImported"})
_MOVES = frozenset(kind.name for kind in BY_NAME.values() if issubclass(kind.cls, OrderEvent))
VERSION_TYPES = _BEGINNINGS | _MOVES
"""The types of the events that make a version of an order."""
_STATUSES = itemgetter(*Statuses._fields)


@dataclass(slots=True)
class _Latest:
    """An order after the events of a batch so far: the version before the batch, and what has changed since.

    `holds` and `address_version` None: as they were before the batch.
    """

    before: int
    from_time: datetime
    holds: str | None = None
    address_version: int | None = None


class OrderHistoryProjection:
    """Inserts a row a version and changes none. What an order shows otherwise is in the orders read model."""

    name = "order_history"
    version = 1
    tables: tuple[str, ...] = ("order_versions",)
    follows: tuple[str, ...] = ()
    parks = True
    writes = True

    def __init__(self, tenant: str) -> None:
        self._tenant = tenant

    def concerns(self, event: RecordedEvent) -> bool:
        """Whether it makes a version of an order."""
        return event.type in VERSION_TYPES

    async def apply(self, transaction: Connection, events: Sequence[RecordedEvent]) -> None:
        """One insert for all versions of a batch."""
        latest: dict[UUID, _Latest] = {}
        rows: list[tuple[Any, ...]] = []
        for event in events:
            if event.type in _MOVES:
                rows.append(_moved(event, latest))
            else:
                rows.append(_begun(event, latest))
        if rows:
            done = await transaction.execute(
                SQL.insert_order_versions, self._tenant, *map(list, zip(*rows, strict=True))
            )
            if done != f"INSERT 0 {len(rows)}":
                raise LookupError("an order moved of which the version before is not there")

    async def applied(self, events: Sequence[RecordedEvent]) -> None:
        """Nothing leaves the service from here."""


def _begun(event: RecordedEvent, latest: dict[UUID, _Latest]) -> tuple[Any, ...]:
    fields = current_fields(event)
    at = datetime.fromisoformat(fields["timestamp"])
    latest[event.stream_id] = _Latest(0, at, "[]", 1)
    return (event.stream_id, 1, 0, event.position, at, at, UUID(fields["user_id"]), 1, *NEW, "[]")


def _moved(event: RecordedEvent, latest: dict[UUID, _Latest]) -> tuple[Any, ...]:
    fields = current_fields(event)
    at = datetime.fromisoformat(fields["timestamp"])
    order = latest.get(event.stream_id)
    if order is None:
        order = latest[event.stream_id] = _Latest(event.version - 1, at)
    elif order.from_time < at:
        order.from_time = at
    if "holds" in fields:
        order.holds = to_json(fields["holds"]).decode()
    elif event.type == "OrderShippingAddressChanged":
        order.address_version = event.version
    return (
        *(event.stream_id, event.version, order.before, event.position, order.from_time, at, None),
        *(order.address_version, *_STATUSES(fields), order.holds),
    )

"""The orders read model: a row per order, as the list answers it, and counts per user and combination of statuses."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter, itemgetter
from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json

from events.codec import Codec, current_fields
from events.domain.order_events import OrderEvent
from events.domain.order_parts import Address
from events.domain.statuses import NEW, Statuses
from events.log.database import Connection
from events.log.ids import id_of
from events.log.recorded import RecordedEvent
from events.order_document import fixed_part
from events.types import BY_NAME
from projections.checkpoints import SQL
from projections.projection import WholeStreams

EVERYONE = UUID(int=0)
"""Stands for all users in the counts."""

_BEGINNINGS = ("OrderPlaced", "OrderImported")
_OF_ORDERS = frozenset(kind.name for kind in BY_NAME.values() if issubclass(kind.cls, OrderEvent)).union(_BEGINNINGS)
_TELL_MORE = ("OrderHoldPlaced", "OrderHoldReleased", "OrderShippingAddressChanged")
"""Events with more than where the order stands, which its next event tells again."""
_STATUSES = itemgetter(*Statuses._fields)
_standing = attrgetter("status", "payment_status", "fulfillment_status")

_Counts = Counter[tuple[UUID, str, str, str]]
"""User (or EVERYONE), status, payment status, fulfillment status → by how many orders more."""


_INSERTED = (
    *("tenant_id", "order_id", "user_id", "placed_at", "position"),
    *Statuses._fields,
    *("version", "updated_at", "document", "holds", "payment_terms", "total_cents"),
)

OPENED = ("shipping_address",)
"""The personal fields of an order's first event that are shown."""


@dataclass(slots=True)
class _Row:
    """Where an order stands after the events of a batch; owner, position, document and terms only when it began in it.

    `holds` (JSON) and `address` None: as they were.
    """

    statuses: Statuses
    version: int
    updated_at: datetime
    user_id: UUID | None = None
    position: int = 0
    placed_at: datetime | None = None
    document: str = ""
    payment_terms: str = ""
    total_cents: int = 0
    holds: str | None = None
    address: Address | None = None


class OrdersProjection:
    name = "orders"
    version = 1
    tables: tuple[str, ...] = ("order_list", "order_counts")
    whole_streams = WholeStreams(_BEGINNINGS, _TELL_MORE)
    follows: tuple[str, ...] = ()
    parks = True
    writes = True

    def __init__(self, tenant: str, codec: Codec) -> None:
        self._tenant = tenant
        self._codec = codec

    def concerns(self, event: RecordedEvent) -> bool:
        """Those of orders."""
        return event.type in _OF_ORDERS

    async def apply(self, transaction: Connection, events: Sequence[RecordedEvent]) -> None:
        """One copy for the orders that began, one update for those that moved, one for the counts."""
        # The erasure waits for us, or we for it: of whoever was forgotten by now, nothing is opened any more.
        await self._codec.keyring.forget_erased(transaction)
        rows = await self._rows(used(events))
        began = {order_id: row for order_id, row in rows.items() if row.user_id is not None}
        moved = {order_id: row for order_id, row in rows.items() if row.user_id is None}
        counts: _Counts = Counter()
        if began:
            await self._insert(transaction, began, counts)
        if moved:
            await self._update(transaction, moved, counts)
        changes = {key: change for key, change in counts.items() if change}
        if changes:
            await transaction.execute(
                SQL.count_orders,
                self._tenant,
                *map(list, zip(*changes, strict=True)),
                list(changes.values()),
            )

    async def applied(self, events: Sequence[RecordedEvent]) -> None:
        """Nothing leaves the service from here."""

    async def _rows(self, events: Sequence[RecordedEvent]) -> dict[UUID, _Row]:
        beginnings = [event for event in events if event.version == 1]
        opened = iter(await self._codec.open_all(beginnings, OPENED))
        rows: dict[UUID, _Row] = {}
        for event in events:
            if event.version == 1:
                rows[event.stream_id] = _beginning(event, next(opened))
                continue
            fields = current_fields(event)
            statuses = Statuses._make(_STATUSES(fields))
            at = datetime.fromisoformat(fields["timestamp"])
            row = rows.get(event.stream_id)
            if row is None:
                row = rows[event.stream_id] = _Row(statuses, event.version, at)
            else:
                row.statuses, row.version, row.updated_at = statuses, event.version, at
            if "holds" in fields:
                row.holds = to_json(fields["holds"]).decode()
            elif event.type == "OrderShippingAddressChanged":
                (opened_fields,) = await self._codec.open_all([event])
                row.address = opened_fields["shipping_address"]
        return rows

    async def _insert(self, transaction: Connection, rows: dict[UUID, _Row], counts: _Counts) -> None:
        # A copy: an insert from fifteen arrays costs more on both sides.
        await transaction.copy_records_to_table(
            "order_list",
            columns=_INSERTED,
            records=[
                (
                    *(self._tenant, order_id, row.user_id, row.placed_at, row.position),
                    *row.statuses,
                    *(row.version, row.updated_at, _readdressed(row.document, row), row.holds or "[]"),
                    *(row.payment_terms, row.total_cents),
                )
                for order_id, row in rows.items()
            ],
        )
        for row in rows.values():
            standing = _standing(row.statuses)
            counts[row.user_id or EVERYONE, *standing] += 1
            counts[EVERYONE, *standing] += 1

    async def _update(self, transaction: Connection, rows: dict[UUID, _Row], counts: _Counts) -> None:
        before = await transaction.fetch(
            SQL.update_orders,
            self._tenant,
            list(rows),
            *_columns(rows),
            [row.version for row in rows.values()],
            [row.updated_at for row in rows.values()],
            [row.holds for row in rows.values()],
        )
        if len(before) != len(rows):
            raise LookupError("an order moved that is not in the read model")
        elsewhere = {order_id: row for order_id, row in rows.items() if row.address is not None}
        if elsewhere:
            documents = await transaction.fetch(SQL.read_order_documents, self._tenant, list(elsewhere))
            await transaction.execute(
                SQL.write_order_documents,
                self._tenant,
                [one["order_id"] for one in documents],
                [_readdressed(one["document"], elsewhere[one["order_id"]]) for one in documents],
            )
        for order_id, user_id, *standing in before:
            now = _standing(rows[order_id].statuses)
            for whose in (user_id, EVERYONE):
                counts[whose, *standing] -= 1
                counts[whose, *now] += 1


def used(events: Sequence[RecordedEvent]) -> list[RecordedEvent]:
    """What of a batch the rows are made of: of each order the first event, the last, and those that tell more."""
    mine = [event for event in events if event.type in _OF_ORDERS]
    last = {event.stream_id: event.version for event in mine}
    return [
        event
        for event in mine
        if event.version == last[event.stream_id] or event.version == 1 or event.type in _TELL_MORE
    ]


def _columns(rows: Mapping[UUID, _Row]) -> Iterator[list[str]]:
    """Their statuses, one list for each."""
    for column in range(len(Statuses._fields)):
        yield [row.statuses[column] for row in rows.values()]


def _readdressed(document: str, row: _Row) -> str:
    """The document of an order that goes elsewhere now, or that stays as it is."""
    if row.address is None:
        return document
    return to_json({**from_json(f"{{{document}}}"), "shipping_address": row.address})[1:-1].decode()


def _beginning(event: RecordedEvent, state: dict[str, Any]) -> _Row:
    fixed = fixed_part(
        str(event.stream_id),
        state["number"],
        state["user_id"],
        state["lines"],
        state["shipping_cents"],
        state["currency"],
        state["shipping_address"],
        state.get("payment_terms", "offline"),
        state.get("expires_at"),
        state["timestamp"],
    )
    placed_at = datetime.fromisoformat(state["timestamp"])
    return _Row(
        statuses=NEW,
        version=1,
        updated_at=placed_at,
        user_id=id_of(state["user_id"]),
        position=event.position,
        placed_at=placed_at,
        document=to_json(fixed)[1:-1].decode(),
        payment_terms=fixed["payment_terms"],
        total_cents=fixed["total_cents"],
    )

"""The sales read model: what was sold, per day, per product and per customer."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple
from uuid import UUID

from events.codec import Codec, current_fields
from events.domain.order import Order
from events.log.database import Connection
from events.log.reader import LogReader
from events.log.recorded import RecordedEvent
from projections.checkpoints import SQL
from projections.sales_figures import Figures, order_figures, placed_figures

ALL_DAYS = date.min
"""Stands for all days together (-infinity in the database)."""

_NO_KEY = UUID(int=0)
_BEGINNINGS = ("OrderPlaced", "OrderImported")
_MOVES = frozenset(
    {
        *("OrderLinesCancelled", "OrderCancelled", "OrderExpired"),
        *("OrderReturnReceived", "OrderReturned", "PaymentRefunded"),
    }
)
"""What takes something back of what was sold."""
_CONCERNS = _MOVES.union(_BEGINNINGS)


class _Key(NamedTuple):
    dimension: str
    day: date
    key: UUID
    currency: str


class SalesProjection:
    """An order is counted when it is placed. When something of it is taken back, it is told again from the log: what it
    comes to now, less what it came to before."""

    name = "sales"
    version = 1
    tables: tuple[str, ...] = ("sales",)
    follows: tuple[str, ...] = ()
    parks = True
    writes = True

    def __init__(self, tenant: str, codec: Codec) -> None:
        self._tenant = tenant
        self._codec = codec

    def concerns(self, event: RecordedEvent) -> bool:
        """Whether it may sell something, or take it back."""
        return event.type in _CONCERNS

    async def apply(self, transaction: Connection, events: Sequence[RecordedEvent]) -> None:
        """One statement for all rows."""
        sums: _Sums = defaultdict(Figures)
        for event in events:
            if event.type in _BEGINNINGS:
                fields = current_fields(event)
                _add(
                    sums,
                    datetime.fromisoformat(fields["timestamp"]),
                    fields["user_id"],
                    fields["currency"],
                    placed_figures(fields["lines"], fields["shipping_cents"]),
                )
        moved = {event.stream_id: event.position for event in reversed(events) if event.type in _MOVES}
        if moved:
            history = await LogReader(transaction, self._tenant).streams(dict.fromkeys(moved, 0))
            await self._move(sums, [event for event in history if event.position <= events[-1].position], moved)
        changes = {key: figures for key, figures in sums.items() if any(figures)}
        if changes:
            orders, *others = zip(*changes.values(), strict=True)
            await transaction.execute(
                SQL.add_sales,
                self._tenant,
                *map(list, zip(*changes, strict=True)),
                list(orders),
                *(list(map(str, column)) for column in others),
            )

    async def applied(self, events: Sequence[RecordedEvent]) -> None:
        """Nothing leaves the service from here."""

    async def _move(self, sums: "_Sums", history: Sequence[RecordedEvent], moved: dict[UUID, int]) -> None:
        """Tell these orders again, and add by how much they differ from what they were before the positions in
        `moved`."""
        orders: dict[UUID, Order | None] = {}
        for recorded, event in zip(history, await self._codec.decode_all(history), strict=True):
            order = orders.get(recorded.stream_id)
            if recorded.position == moved[recorded.stream_id]:
                _count(sums, order, -1)
            orders[recorded.stream_id] = event.mutate(order)
        for order in orders.values():
            _count(sums, order)


_Sums = defaultdict[_Key, Figures]


def _count(sums: _Sums, order: Order | None, sign: int = 1) -> None:
    if order is not None:
        _add(sums, order.created_on, order.user_id, order.currency, order_figures(order), sign)


def _add(
    sums: _Sums,
    placed_at: datetime,
    user_id: str,
    currency: str,
    figures: Iterable[tuple[str | None, Figures]],
    sign: int = 1,
) -> None:
    """Add what an order comes to in every row that it counts in, or with sign −1 take it away."""
    day = placed_at.astimezone(UTC).date()
    for product_id, its in figures:
        if product_id is None:
            keys = [_Key("day", day, _NO_KEY, currency)]
            keys += [_Key("customer", when, UUID(user_id), currency) for when in (day, ALL_DAYS)]
        else:
            keys = [_Key("product", when, UUID(product_id), currency) for when in (day, ALL_DAYS)]
        for key in keys:
            sums[key] = sums[key].plus(its, sign)

"""What waits: orders for their payment, each with its timer, and lines for units of a product.

Neither fires anything here: whoever looks for what is due asks the order, and the order decides. So a rebuild ends
nothing twice.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from events.codec import current_fields
from events.domain.money_ledger import NOTHING_PAID
from events.domain.order_events import OrderEvent
from events.held_stock import MOVES, HeldStock
from events.log.database import Connection
from events.log.reader import LogReader
from events.log.recorded import RecordedEvent
from events.types import BY_NAME
from projections.checkpoints import SQL

_MOVES_ORDERS = frozenset(kind.name for kind in BY_NAME.values() if issubclass(kind.cls, OrderEvent))
_WAITS_FOR_PAYMENT = b'"expires_at":"'
_WAITS_FOR_STOCK = b'"backordered":[{'
"""What the stored bytes of an order that waits have in them; of most orders they have neither, and are not parsed."""


class WaitingProjection:
    """Keeps `expiry_timers` and `backorders`, which are both small: what no longer waits is deleted."""

    name = "waiting"
    version = 1
    tables: tuple[str, ...] = ("expiry_timers", "backorders")
    follows: tuple[str, ...] = ()
    parks = True
    writes = True

    def __init__(self, tenant: str) -> None:
        self._tenant = tenant

    def concerns(self, event: RecordedEvent) -> bool:
        """All that moves an order, and the first of one that waits."""
        if event.type == "OrderPlaced":
            return _WAITS_FOR_PAYMENT in event.data or _WAITS_FOR_STOCK in event.data
        return event.type in _MOVES_ORDERS

    async def apply(self, transaction: Connection, events: Sequence[RecordedEvent]) -> None:
        placed = [event for event in events if event.type == "OrderPlaced"]
        timed = [event for event in placed if _WAITS_FOR_PAYMENT in event.data]
        if timed:
            await transaction.execute(
                SQL.add_timers,
                self._tenant,
                [event.stream_id for event in timed],
                [datetime.fromisoformat(current_fields(event)["expires_at"]) for event in timed],
            )
        moved = [event for event in events if event.type in _MOVES_ORDERS]
        if moved:
            await self._set_timers(transaction, moved)
        short = {event.stream_id for event in placed if _WAITS_FOR_STOCK in event.data}
        short |= await self._kept_short(transaction, [event.stream_id for event in moved if event.type in MOVES])
        if short:
            await self._keep_backorders(transaction, short, events[-1].position)

    async def applied(self, events: Sequence[RecordedEvent]) -> None:
        """Nothing leaves the service from here."""

    async def _set_timers(self, transaction: Connection, events: Sequence[RecordedEvent]) -> None:
        """A timer runs while its order is pending and nothing is paid, stands still while something is, and is gone
        afterwards."""
        runs: dict[UUID, bool | None] = {}
        for event in events:
            fields = current_fields(event)
            pending = fields["status"] == "pending"
            runs[event.stream_id] = fields["payment_status"] in NOTHING_PAID if pending else None
        await transaction.execute(SQL.set_timers, self._tenant, list(runs), list(runs.values()))

    async def _kept_short(self, transaction: Connection, order_ids: Sequence[UUID]) -> set[UUID]:
        """Those of these orders that are kept as waiting for stock."""
        if not order_ids:
            return set()
        rows = await transaction.fetch(SQL.find_backorders, self._tenant, order_ids)
        return {row["order_id"] for row in rows}

    async def _keep_backorders(self, transaction: Connection, order_ids: set[UUID], until: int) -> None:
        """What of these orders is to come, by all that happened to them so far."""
        held: defaultdict[UUID, HeldStock] = defaultdict(HeldStock)
        placed_at: dict[UUID, int] = {}
        for event in await LogReader(transaction, self._tenant).streams(dict.fromkeys(order_ids, 0)):
            if event.position <= until:
                held[event.stream_id].post(event.type, current_fields(event))
                placed_at.setdefault(event.stream_id, event.position)
        rows = [
            (stock.product_of(item_id), placed_at[order_id], order_id, UUID(item_id), quantity)
            for order_id, stock in held.items()
            for item_id, quantity in stock.to_come.items()
            if quantity > 0
        ]
        await transaction.execute(SQL.delete_backorders, self._tenant, list(order_ids))
        if rows:
            await transaction.execute(SQL.insert_backorders, self._tenant, *map(list, zip(*rows, strict=True)))

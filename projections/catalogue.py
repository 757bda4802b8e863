"""The catalogue read model: a row per product, with what is available of it."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from events.codec import current_fields
from events.held_stock import MOVES, HeldStock, taken_by
from events.log.database import Connection
from events.log.reader import LogReader
from events.log.recorded import RecordedEvent
from projections.checkpoints import SQL

_STOCK = ("ProductStockReceived", "ProductStockAdjusted")


class CatalogueProjection:
    """Stock that orders hold is taken from what is available when they are placed, and what they give back is added."""

    name = "catalogue"
    version = 1
    tables: tuple[str, ...] = ("catalogue",)
    follows: tuple[str, ...] = ()
    parks = True
    writes = True

    def __init__(self, tenant: str) -> None:
        self._tenant = tenant

    def concerns(self, event: RecordedEvent) -> bool:
        """Those of products, and those of orders that take units or give them back."""
        return event.type == "OrderPlaced" or event.type in MOVES or event.type.startswith("Product")

    async def apply(self, transaction: Connection, events: Sequence[RecordedEvent]) -> None:
        """Products one by one, for they are few; quantities summed, for orders are many."""
        available: Counter[UUID] = Counter()
        taken: Counter[str] = Counter()
        given_back: list[RecordedEvent] = []
        for event in events:
            if event.type == "OrderPlaced":
                for product_id, units in taken_by(event.stored):
                    taken[product_id] += units
            elif event.type in MOVES:
                given_back.append(event)
            elif event.type.startswith("Product"):
                await self._product(transaction, event, event.stored, available)
        for product_id, units in taken.items():
            available[UUID(product_id)] -= units
        if given_back:
            await self._give_back(transaction, given_back, available)
        changes = {product_id: change for product_id, change in available.items() if change}
        if changes:
            done = await transaction.execute(SQL.change_available, self._tenant, list(changes), list(changes.values()))
            if done != f"UPDATE {len(changes)}":
                raise LookupError("units of a product moved that is not in the read model")

    async def applied(self, events: Sequence[RecordedEvent]) -> None:
        """Nothing leaves the service from here."""

    async def _product(
        self,
        transaction: Connection,
        event: RecordedEvent,
        state: Mapping[str, Any],
        available: Counter[UUID],
    ) -> None:
        if event.type == "ProductAdded":
            await transaction.execute(
                SQL.insert_product,
                *(self._tenant, event.stream_id, state["sku"], state["name"]),
                *(state["price_cents"], state["currency"], event.version),
            )
            return
        if event.type in _STOCK:
            available[event.stream_id] += state["quantity"]
        await transaction.execute(
            SQL.update_product,
            *(
                self._tenant,
                event.stream_id,
                event.version,
                state.get("name"),
                state.get("price_cents"),
                state.get("limit"),
            ),
        )

    async def _give_back(
        self, transaction: Connection, events: Sequence[RecordedEvent], available: Counter[UUID]
    ) -> None:
        """What these events give back follows from all that their orders took and shipped before."""
        positions = {event.position for event in events}
        held: defaultdict[UUID, HeldStock] = defaultdict(HeldStock)
        for event in await LogReader(transaction, self._tenant).streams(
            dict.fromkeys((event.stream_id for event in events), 0)
        ):
            moved = held[event.stream_id].post(event.type, current_fields(event))
            if event.position in positions:
                available.update(moved.stock)

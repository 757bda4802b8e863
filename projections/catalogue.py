"""The catalogue read model: a row per product, with what is available of it."""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic_core import from_json

from events.log.database import Connection
from events.log.reader import LogReader
from events.log.recorded import RecordedEvent
from projections.checkpoints import SQL

_STOCK = ("ProductStockReceived", "ProductStockAdjusted")
_RELEASES = ("OrderCancelled", "OrderExpired")


class CatalogueProjection:
    """Stock that orders hold is taken from what is available when they are placed, and given back when they end."""

    name = "catalogue"
    follows: tuple[str, ...] = ()
    parks = True
    writes = True

    def __init__(self, tenant: str) -> None:
        self._tenant = tenant

    async def apply(self, transaction: Connection, events: Sequence[RecordedEvent]) -> None:
        """Products one by one, for they are few; quantities summed, for orders are many."""
        available: Counter[UUID] = Counter()
        released: list[UUID] = []
        for event in events:
            if event.type == "OrderPlaced":
                _count(available, from_json(event.data)["lines"], -1)
            elif event.type in _RELEASES:
                released.append(event.stream_id)
            elif event.type.startswith("Product"):
                await self._product(transaction, event, from_json(event.data), available)
        if released:
            await self._release(transaction, released, available)
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
        state: dict[str, Any],
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
            *(self._tenant, event.stream_id, event.version, state.get("name"), state.get("price_cents")),
        )

    async def _release(self, transaction: Connection, orders: Sequence[UUID], available: Counter[UUID]) -> None:
        """Give back what these orders held: their first events say how much. Imported ones held nothing."""
        recorded = await LogReader(transaction, self._tenant).streams(dict.fromkeys(orders, 0))
        for event in recorded:
            if event.type == "OrderPlaced":
                _count(available, from_json(event.data)["lines"], 1)


def _count(available: Counter[UUID], lines: Sequence[dict[str, Any]], sign: int) -> None:
    for line in lines:
        available[UUID(line["product_id"])] += sign * line["quantity"]

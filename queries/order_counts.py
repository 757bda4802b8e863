"""How many orders there are, from counts that are kept: nobody counts."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple
from uuid import UUID

import asyncpg

from queries.consistency import SQL
from queries.order_filter import OrderFilter

EVERYONE = UUID(int=0)
FACETS = ("status", "payment_status", "fulfillment_status")


class Standing(NamedTuple):
    """So many orders in one combination of statuses."""

    status: str
    payment_status: str
    fulfillment_status: str
    orders: int


class OrderCounts:
    """The orders of one user, or of all, by combination of statuses."""

    def __init__(self, standings: list[Standing]) -> None:
        self._standings = standings

    @classmethod
    async def read(cls, db: asyncpg.Pool, tenant: str, user_id: UUID | None) -> "OrderCounts":
        """As they are kept. `user_id` None: of everyone."""
        rows = await db.fetch(SQL.order_counts, tenant, user_id or EVERYONE)
        return cls([Standing(*row) for row in rows])

    def matching(self, wanted: OrderFilter, *, but: str = "") -> Iterator[Standing]:
        """The combinations of statuses that are asked for. `but`: whatever is asked of this kind of status."""
        asked = [(kind, statuses) for kind, statuses in wanted.standing.items() if kind != but]
        for one in self._standings:
            if all(getattr(one, kind) in statuses for kind, statuses in asked):
                yield one

    def total(self, wanted: OrderFilter) -> int:
        """How many orders have these statuses."""
        return sum(one.orders for one in self.matching(wanted))

    def facets(self, wanted: OrderFilter) -> dict[str, dict[str, int]]:
        """Facet → value → how many orders would be in the list, were it the value asked for."""
        told: dict[str, dict[str, int]] = {}
        for facet in FACETS:
            counted: Counter[str] = Counter()
            for one in self.matching(wanted, but=facet):
                counted[getattr(one, facet)] += one.orders
            told[facet] = dict(sorted(counted.items()))
        return told

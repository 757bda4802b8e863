"""What a customer, or the staff, sees in the list of orders."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
from pydantic_core import to_json

from events.caller import Caller
from events.opaque import Cursors, InvalidOpaque
from queries.order_counts import OrderCounts
from queries.order_filter import OrderFilter, Place
from queries.order_items import OrderItems
from queries.order_statements import BY_STATUS, LIST
from queries.search_orders import search_orders

CURSOR_SECONDS = 24 * 3600
"""A cursor that is older has expired."""

DEEPEST = 2_000
"""Orders that numbered pages reach; whoever wants more goes on by cursor, for which no page is deep."""


@dataclass(frozen=True, slots=True)
class OrderPage:
    """A page as ready-made JSON: `{items, next, total}`, and `page`, `pages` where pages were asked for."""

    json: bytes


class OrderList:
    """Lists one tenant's orders."""

    def __init__(
        self, db: asyncpg.Pool, tenant: str, cursors: Cursors, caller: Caller, clock: Callable[[], float] = time.time
    ) -> None:
        """`caller`: who reads, for each order tells what they may do with it. What they may see is the asker's to
        say. `clock`: seconds, by which cursors age."""
        self._items = OrderItems(caller)
        self._db = db
        self._tenant = tenant
        self._cursors = cursors
        self._clock = clock

    async def after_cursor(
        self, wanted: OrderFilter, cursor: str | None, limit: int, *, facets: bool = False
    ) -> OrderPage:
        """The page after `cursor`. Raises InvalidOpaque, SearchTooBroad."""
        after = None if cursor is None else self._opened(cursor, wanted)
        counts = await OrderCounts.read(self._db, self._tenant, wanted.user_id)
        if wanted.words:
            known = counts.total(OrderFilter())
            rows: Sequence[Any] = await search_orders(self._db, self._tenant, wanted, known, after, limit + 1)
        else:
            rows = await self._rows(wanted, counts, after, limit + 1, 0)
        orders = [row for row in rows if row["document"] is not None]
        last: Any = None
        if len(orders) > limit:
            orders = orders[:limit]
            last = orders[-1]
        elif len(orders) < len(rows):
            last = rows[-1]
        body = {"next": None if last is None else self.cursor_at(Place(last["key"], last["position"]), wanted)}
        return self._page(orders, body | _counted(counts, wanted, facets=facets))

    async def numbered(self, wanted: OrderFilter, page: int, per_page: int, *, facets: bool = False) -> OrderPage:
        """Page `page` (from 1) of pages of `per_page` orders; DEEPEST is for the asker to see to."""
        counts = await OrderCounts.read(self._db, self._tenant, wanted.user_id)
        rows = await self._rows(wanted, counts, None, per_page, (page - 1) * per_page)
        told = _counted(counts, wanted, facets=facets)
        total = told["total"]
        return self._page(
            rows, {"next": None, **told, "page": page, "pages": None if total is None else -(-total // per_page)}
        )

    async def _rows(
        self, wanted: OrderFilter, counts: OrderCounts, after: Place | None, limit: int, skip: int
    ) -> Sequence[Any]:
        way = ("everyone" if wanted.user_id is None else "user", wanted.sort)
        asked = (self._tenant, wanted.user_id, limit, skip, *wanted.bounds(after))
        if not wanted.standing:
            rows: list[Any] = await self._db.fetch(LIST[way], *asked)
            return rows
        standings = list(counts.matching(wanted))
        if not standings:
            return []
        columns = [list(column) for column in zip(*(one[:3] for one in standings), strict=True)]
        rows = await self._db.fetch(BY_STATUS[way], *asked, *columns)
        return rows

    def cursor_at(self, place: Place, wanted: OrderFilter) -> str:
        """A cursor from which this list goes on after this place."""
        key = place.key.isoformat() if isinstance(place.key, datetime) else place.key
        return self._cursors.seal(f"{int(self._clock())} {key} {place.position}", wanted.name)

    def _page(self, rows: Sequence[Any], rest: dict[str, Any]) -> OrderPage:
        items = ",".join(map(self._items.item, rows))
        return OrderPage(b'{"items":[' + items.encode() + b"]," + to_json(rest)[1:])

    def _opened(self, cursor: str, wanted: OrderFilter) -> Place:
        sealed_at, key, position = self._cursors.open(cursor, wanted.name).split(" ")
        if self._clock() - int(sealed_at) > CURSOR_SECONDS:
            raise InvalidOpaque(cursor)
        return Place(datetime.fromisoformat(key) if wanted.key == "placed_at" else int(key), int(position))


def _counted(counts: OrderCounts, wanted: OrderFilter, *, facets: bool) -> dict[str, Any]:
    """`total`, and `facets` where they are asked for; null where counts are not kept."""
    told: dict[str, Any] = {"total": counts.total(wanted) if wanted.counted else None}
    if facets:
        told["facets"] = counts.facets(wanted) if wanted.counted else None
    return told

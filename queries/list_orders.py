"""What a customer, or the staff, sees in the list of orders."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from pydantic_core import to_json

from events.caller import Caller
from events.domain.statuses import FULFILLMENT_STATUSES, NEXT_STATUSES, allowed_after
from events.opaque import Cursors, InvalidOpaque
from queries.consistency import SQL

_EVERYONE = UUID(int=0)
_ALLOWED = to_json(
    {status: {so_far: allowed_after(status, so_far) for so_far in FULFILLMENT_STATUSES} for status in NEXT_STATUSES}
).decode()


@dataclass(frozen=True, slots=True)
class OrderPage:
    """A page as ready-made JSON: `{items, next, total}`, and `page`, `pages` where pages were asked for."""

    json: bytes


class OrderList:
    """Lists one tenant's orders, newest first."""

    def __init__(self, db: asyncpg.Pool, tenant: str, cursors: Cursors, caller: Caller) -> None:
        """`caller`: who reads, for each order tells what they may do with it. What they may see is the asker's to
        say."""
        self._reader = (caller.subject, caller.may("orders:manage"), caller.may("payments:manage"))
        self._db = db
        self._tenant = tenant
        self._cursors = cursors

    async def after_cursor(self, user_id: UUID | None, status: str | None, cursor: str | None, limit: int) -> OrderPage:
        """The page after `cursor`; `user_id` None lists everyone's. Raises InvalidOpaque."""
        purpose = f"orders {user_id} {status}"
        placed_at, position = (None, None) if cursor is None else _place(self._cursors.open(cursor, purpose))
        rows = await self._rows(user_id, status, placed_at, position, limit + 1, 0)
        more, rows = rows[limit:], rows[:limit]
        last = f"{rows[-1]['placed_at'].isoformat()} {rows[-1]['position']}" if more else None
        body = {
            "next": None if last is None else self._cursors.seal(last, purpose),
            "total": await self._total(user_id, status),
        }
        return _page(rows, body)

    async def numbered(self, user_id: UUID | None, status: str | None, page: int, per_page: int) -> OrderPage:
        """Page `page` (from 1) of pages of `per_page` orders."""
        rows = await self._rows(user_id, status, None, None, per_page, (page - 1) * per_page)
        total = await self._total(user_id, status)
        return _page(rows, {"next": None, "total": total, "page": page, "pages": -(-total // per_page)})

    async def _rows(
        self,
        user_id: UUID | None,
        status: str | None,
        placed_at: datetime | None,
        position: int | None,
        limit: int,
        skip: int,
    ) -> list[Any]:
        statement = SQL.list_orders if user_id is None else SQL.list_orders_of_user
        rows: list[Any] = await self._db.fetch(
            statement, self._tenant, user_id, status, placed_at, position, limit, skip, _ALLOWED, *self._reader
        )
        return rows

    async def _total(self, user_id: UUID | None, status: str | None) -> int:
        return int(await self._db.fetchval(SQL.count_orders, self._tenant, user_id or _EVERYONE, status))


def _page(rows: list[Any], rest: dict[str, Any]) -> OrderPage:
    items = ",".join(row["item"] for row in rows)
    return OrderPage(b'{"items":[' + items.encode() + b"]," + to_json(rest)[1:])


def _place(text: str) -> tuple[datetime, int]:
    placed_at, _, position = text.partition(" ")
    try:
        return datetime.fromisoformat(placed_at), int(position)
    except ValueError:
        raise InvalidOpaque(text) from None

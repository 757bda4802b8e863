"""What was sold, by day, by product or by customer."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal
from uuid import UUID

import asyncpg
from pydantic_core import to_json

from events.opaque import Cursors
from queries.consistency import SQL

By = Literal["day", "product", "customer"]

LONGEST_RANGE = timedelta(days=31)
"""Products and customers are summed over a month at most: the work grows with the days, and with nothing else."""

_SUMS = (
    *("units", "gross_cents", "discount_cents", "shipping_cents"),
    *("cancelled_units", "cancelled_cents", "returned_units", "returned_cents"),
)
_NO_KEY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class SalesFilter:
    """Which sales: the days [begin, end) in UTC; None: from the first day on, or to the last."""

    by: By
    begin: date | None = None
    end: date | None = None

    @property
    def name(self) -> str:
        """Says all of it, for cursors."""
        return f"sales by {self.by} from {self.begin} to {self.end}"


async def sales(
    db: asyncpg.Pool, tenant: str, cursors: Cursors, wanted: SalesFilter, cursor: str | None, limit: int
) -> bytes:
    """A page `{items, next}` as JSON. Raises InvalidOpaque."""
    after = None if cursor is None else cursors.open(cursor, wanted.name).split(" ")
    if wanted.by == "day":
        place, currency = (wanted.begin or date.min, "") if after is None else (date.fromisoformat(after[0]), after[1])
        rows = await db.fetch(SQL.sales_by_day, tenant, place, currency, wanted.end or date.max, limit + 1)
    else:
        key, currency = (_NO_KEY, "") if after is None else (UUID(after[0]), after[1])
        asked = (tenant, wanted.by, key, currency, limit + 1)
        if wanted.begin is None or wanted.end is None:
            rows = await db.fetch(SQL.sales_ever, *asked)
        else:
            rows = await db.fetch(SQL.sales_between, *asked, wanted.begin, wanted.end)
    last = rows[limit - 1] if len(rows) > limit else None
    following = None if last is None else cursors.seal(f"{last[0]} {last['currency']}", wanted.name)
    return to_json({"items": [_item(wanted.by, row) for row in rows[:limit]], "next": following})


def _item(by: By, row: Any) -> dict[str, Any]:
    sums = {name: int(row[name]) for name in _SUMS}
    net = (
        *(sums["gross_cents"], -sums["discount_cents"], sums["shipping_cents"]),
        *(-sums["cancelled_cents"], -sums["returned_cents"]),
    )
    named = {"day": row["day"]} if by == "day" else {f"{by}_id": row["key"]}
    item = {**named, "currency": row["currency"], "orders": row["orders"], **sums, "net_cents": sum(net)}
    if by == "product":
        # What is no line's is no product's either.
        del item["shipping_cents"]
        return item
    return {**item, "refunded_cents": int(row["refunded_cents"])}

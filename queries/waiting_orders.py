"""Which orders wait for units of a product."""

from uuid import UUID

import asyncpg

from queries.consistency import SQL

MOST = 500


async def waiting_orders(db: asyncpg.Pool, tenant: str, product_id: UUID) -> list[UUID]:
    """The oldest first, at most 500 of them."""
    rows = await db.fetch(SQL.waiting_orders, tenant, product_id, MOST)
    return [row["order_id"] for row in rows]

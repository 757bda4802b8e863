"""The catalogue: a page of products, and one product."""

from uuid import UUID

import asyncpg
from pydantic_core import to_json

from events.domain.product import Product
from events.domain.refusal import NotFound
from events.log.reader import LogReader
from events.opaque import Cursors
from events.product_document import product_document
from events.repository import Repository
from queries.consistency import SQL
from queries.get_order import Document

_PURPOSE = "products"


async def list_products(db: asyncpg.Pool, tenant: str, cursors: Cursors, cursor: str | None, limit: int) -> bytes:
    """A page `{items, next}` as JSON, by SKU. Raises InvalidOpaque."""
    after = None if cursor is None else cursors.open(cursor, _PURPOSE)
    rows = await db.fetch(SQL.list_products, tenant, after, limit + 1)
    page = rows[:limit]
    following = cursors.seal(page[-1]["sku"], _PURPOSE) if len(rows) > limit else None
    items = ",".join(row["item"] for row in page)
    return b'{"items":[' + items.encode() + b'],"next":' + to_json(following) + b"}"


async def get_product(repository: Repository, reader: LogReader, product_id: UUID) -> Document:
    """One product, always current. Raises NotFound."""
    product = (await repository.refresh([product_id]))[product_id]
    if not isinstance(product, Product):
        raise NotFound("There is no such product.")
    available = await reader.available([product_id])
    return Document(to_json(product_document(product, available[product_id])), product.version)

"""Imports into a shop of a test's own, and a look at what came of them."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from commands.import_order import order_id_of
from daybook import importer
from daybook.settings import Settings
from daybook.shop import Shop, make_shop
from daybook.verify import findings
from events.domain.order import Order
from events.log.connect import create_pool
from events.log.tenants import add_tenant
from tests.databases import Database, NewDatabase

EXAMPLE = Path(__file__).parents[2] / "examples" / "orders.ndjson"

_numbers = count(1)


@pytest.fixture(scope="module")
async def database(new_database: NewDatabase) -> AsyncIterator[Database]:
    async with new_database() as database:
        yield database


@pytest.fixture(scope="module")
async def pool(database: Database) -> AsyncIterator[asyncpg.Pool]:
    async with await create_pool(database.url, "tests") as opened:
        yield opened


@pytest.fixture
def settings(database: Database) -> Settings:
    """No Redis answers there: an import needs none."""
    return Settings(
        database_url=database.url,
        database_owner_url=database.owner_url,
        redis_url="redis://127.0.0.1:1",
        secret="a secret of the tests, of more than thirty-two characters",
        master_key=bytes(n * n % 251 for n in range(32)),
    )


@pytest.fixture
async def shop(settings: Settings, pool: asyncpg.Pool) -> Shop:
    """A shop, and so a log, of this test's own."""
    tenant = f"import-{next(_numbers)}"
    owner = await asyncpg.connect(settings.database_owner_url)
    try:
        await add_tenant(owner, tenant)
    finally:
        await owner.close()
    return make_shop(tenant, pool, settings.database_url, settings.secret, settings.master_key, application="tests")


def past(reference: str, **changes: Any) -> dict[str, Any]:
    """A line."""
    return {
        "reference": reference,
        "customer": {"reference": "C-1", "name": "Ada Lovelace", "email": "ada@example.com"},
        "currency": "USD",
        "items": [{"sku": "PEN", "name": "Pen", "quantity": 2, "price_cents": 5000, "discount_cents": 500}],
        "shipping_cents": 700,
        "shipping_address": {"recipient": "Ada Lovelace", "line1": "12 Square", "city": "London", "country": "GB"},
        "history": [
            {"status": "pending", "at": "2019-02-11T09:15:00Z"},
            {"status": "confirmed", "at": "2019-02-11T11:40:12Z"},
        ],
    } | changes


def many(orders: int) -> Iterator[dict[str, Any]]:
    """Orders that share customers and products with their neighbours."""
    for n in range(orders):
        skus = dict.fromkeys(f"SKU-{(n * step) % 300}" for step in (1, 7, 11))
        yield past(
            f"M-{n}",
            customer={"reference": f"C-{n % 97}", "name": f"Person {n % 97}", "email": f"p{n % 97}@example.com"},
            items=[{"sku": sku, "name": sku, "quantity": n % 9 + 1, "price_cents": 100 + n % 13} for sku in skus],
        )


def written(path: Path, *lines: dict[str, Any] | bytes) -> Path:
    """A file of these lines."""
    path.write_bytes(
        b"".join((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines)
    )
    return path


class Importing:
    """Imports into a shop in this process, and what they say."""

    def __init__(self, settings: Settings, shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
        self._settings = settings
        self._shop = shop
        self._capsys = capsys
        self.said: list[str] = []
        self.status = -1

    async def __call__(self, file: Path) -> dict[str, int]:
        """Import a file; answers the figures."""
        self._capsys.readouterr()
        self.status = await asyncio.to_thread(importer.run, self._settings, file, self._shop.tenant)
        out, err = self._capsys.readouterr()
        self.said = err.splitlines()
        return figures(out)


def figures(out: str) -> dict[str, int]:
    """The last lines of an import: name → figure."""
    return {name.strip(): int(figure) for name, _, figure in (line.rpartition(" ") for line in out.splitlines())}


@pytest.fixture
def run(settings: Settings, shop: Shop, capsys: pytest.CaptureFixture[str]) -> Importing:
    return Importing(settings, shop, capsys)


async def one(shop: Shop, stream_id: UUID) -> object:
    """An aggregate as the log has it now."""
    return (await shop.repository.refresh([stream_id]))[stream_id]


async def an_order(shop: Shop, reference: str) -> Order:
    """The order that was imported under this reference."""
    order = await one(shop, order_id_of(shop.tenant, reference))
    assert isinstance(order, Order), reference
    return order


async def imported(pool: asyncpg.Pool, shop: Shop) -> list[UUID]:
    """The orders in the log, once for each time that one was imported."""
    rows = await pool.fetch(
        "SELECT stream_id FROM events WHERE tenant_id = $1 AND event_type = 'OrderImported'", shop.tenant
    )
    return [row["stream_id"] for row in rows]


async def all_is_well(shop: Shop, settings: Settings) -> None:
    """`daybook verify` has nothing to say against this shop."""
    connection = await asyncpg.connect(settings.database_url)
    try:
        async with connection.transaction(isolation="repeatable_read"):
            assert [found async for found in findings(connection, shop.tenant, shop.codec) if not found.holds] == []
    finally:
        await connection.close()

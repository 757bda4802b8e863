"""Processes of one shop: each with an appender, a memory and a handler of its own, on one log.

Each test has a shop, and so a log, of its own; they share a database.
"""

from collections.abc import AsyncIterator, Callable
from itertools import count

import asyncpg
import pytest

from daybook.shop import Shop, make_shop
from events.log.connect import create_pool
from events.log.tenants import add_tenant
from tests.databases import Database, NewDatabase

SECRET = "a secret of the tests, of more than thirty-two characters"
MASTER_KEY = bytes(range(32))

NewProcess = Callable[[], Shop]
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
async def tenant(database: Database) -> str:
    """A shop that has just been opened."""
    name = f"shop-{next(_numbers)}"
    owner = await asyncpg.connect(database.owner_url)
    try:
        await add_tenant(owner, name)
    finally:
        await owner.close()
    return name


@pytest.fixture
async def new_process(database: Database, pool: asyncpg.Pool, tenant: str) -> AsyncIterator[NewProcess]:
    """Makes the shop as one more process would have it."""
    made: list[Shop] = []

    def new_process() -> Shop:
        shop = make_shop(tenant, pool, database.url, SECRET, MASTER_KEY, application="tests")
        made.append(shop)
        return shop

    yield new_process
    for shop in made:
        await shop.appender.close()

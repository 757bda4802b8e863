"""A fresh book for each test, and servers and databases that a test may break."""

import itertools
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from redis.asyncio import Redis

from daybook.embedded import PostgresServer
from daybook.schema import DEFAULT_TENANT
from events.log.migrate import migrate
from events.log.tenants import add_tenant
from tests.databases import Database, NewDatabase
from tests.projections.book import Book, open_book


class Street:
    """A database in which shops open, one for each test: a tenant is quicker to make than a database."""

    def __init__(self, database: Database, owner: asyncpg.Connection) -> None:
        self.database = database
        self._owner = owner
        self._numbers = itertools.count(1)

    async def opens_a_shop(self) -> str:
        """A new tenant's name."""
        name = f"shop-{next(self._numbers)}"
        await add_tenant(self._owner, name)
        return name


@pytest.fixture(scope="session")
async def street(new_database: NewDatabase) -> AsyncIterator[Street]:
    async with new_database() as database:
        owner = await asyncpg.connect(database.owner_url)
        yield Street(database, owner)
        await owner.close()


@pytest.fixture
async def book(street: Street, redis: Redis) -> AsyncIterator[Book]:
    """The book of a shop that just opened, in a database with others."""
    async with open_book(street.database.url, redis, await street.opens_a_shop()) as opened:
        yield opened


@pytest.fixture
async def own_book(database: Database, redis: Redis) -> AsyncIterator[Book]:
    """The book of a shop in a database of its own, which a test may break."""
    async with open_book(database.url, redis) as opened:
        yield opened


@pytest.fixture
async def own_postgres() -> AsyncIterator[PostgresServer]:
    """A server of this test's own, with the shop `default`."""
    with (
        tempfile.TemporaryDirectory(prefix="killed-") as folder,
        PostgresServer(Path(folder), {"fsync": "off"}, say=lambda _: None) as server,
    ):
        await migrate(server.owner_url())
        owner = await asyncpg.connect(server.owner_url())
        await add_tenant(owner, DEFAULT_TENANT)
        await owner.close()
        yield server

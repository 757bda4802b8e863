"""A fresh book for each test, its database's owner, and a server that may be killed."""

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
from tests.databases import Database
from tests.projections.book import Book, open_book


@pytest.fixture
async def book(database: Database, redis: Redis) -> AsyncIterator[Book]:
    async with open_book(database.url, redis) as opened:
        yield opened


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[asyncpg.Connection]:
    """Who may change tables, as a migration does."""
    connection = await asyncpg.connect(database.owner_url)
    yield connection
    await connection.close()


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

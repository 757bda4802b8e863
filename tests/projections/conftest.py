"""A fresh book for each test, and its database's owner."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from redis.asyncio import Redis

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

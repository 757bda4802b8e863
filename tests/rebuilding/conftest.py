"""A shop in a database of its own, whose read models are rebuilt."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from daybook.settings import Settings
from tests.databases import Database
from tests.projections.book import MASTER_KEY, SECRET, Book, open_book


@pytest.fixture
def settings(database: Database) -> Settings:
    return Settings(
        database_url=database.url,
        database_owner_url=database.owner_url,
        redis_url="redis://127.0.0.1:1",
        secret=SECRET,
        master_key=MASTER_KEY,
    )


@pytest.fixture
async def book(database: Database, redis: Redis) -> AsyncIterator[Book]:
    async with open_book(database.url, redis) as opened:
        yield opened


@pytest.fixture
async def other_book(database: Database, redis: Redis) -> AsyncIterator[Book]:
    """Another shop in the same tables."""
    async with open_book(database.url, redis, "other") as opened:
        yield opened

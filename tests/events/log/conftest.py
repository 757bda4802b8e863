"""The log of a fresh database, written by appenders and read by readers of both tenants."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from events.log.connect import create_pool
from events.log.reader import LogReader
from tests.databases import Database


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[asyncpg.Pool]:
    pool = await create_pool(database.url, "test")
    yield pool
    await pool.close()


@pytest.fixture
def reader(pool: asyncpg.Pool) -> LogReader:
    """Reads the tenant `default`."""
    return LogReader(pool, "default")


@pytest.fixture
def other_reader(pool: asyncpg.Pool) -> LogReader:
    """Reads the tenant `other`."""
    return LogReader(pool, "other")

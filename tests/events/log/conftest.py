"""The log of a fresh database, written by appenders and read by readers of both tenants."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from events.log.appender import Appender
from events.log.connect import create_pool
from events.log.reader import LogReader
from tests.appenders import NewAppender, make_appenders
from tests.databases import Database


@pytest.fixture
async def new_appender(database: Database) -> AsyncIterator[NewAppender]:
    async with make_appenders(database.url) as new_appender:
        yield new_appender


@pytest.fixture
def appender(new_appender: NewAppender) -> Appender:
    """Appends to the tenant `default`."""
    return new_appender()


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


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[asyncpg.Connection]:
    """Owns the schema, and may do what the service may not."""
    connection = await asyncpg.connect(database.owner_url)
    yield connection
    await connection.close()

"""The servers that tests share, the same as `make run` starts, and what a single test gets of them afresh.

    postgres, valkey   the servers, started once
    new_database       makes a migrated database: `async with new_database() as database`
    database           one for this test, with the tenants `default` and `other`
    redis              a client of an empty Valkey
    new_appender       makes appenders to this test's database, and closes them

A test that kills a server, or that asks whether the disk keeps what it was given, starts its own.
"""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from redis.asyncio import Redis

from daybook.embedded import PostgresServer, ValkeyServer
from events.log.appender import Appender
from tests.appenders import NewAppender, make_appenders
from tests.databases import Database, NewDatabase, make_template

# No test on this server asks what a crash of the machine would leave.
QUICK = {"fsync": "off", "full_page_writes": "off", "max_connections": "200"}


@pytest.fixture(scope="session")
def servers_folder() -> Iterator[Path]:
    """Short, for the sockets in it, and apart from pytest's own, which it closes to the server's account."""
    with tempfile.TemporaryDirectory(prefix="daybook-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def postgres(servers_folder: Path) -> Iterator[PostgresServer]:
    with PostgresServer(servers_folder, QUICK, say=lambda _: None) as server:
        yield server


@pytest.fixture(scope="session")
def valkey(servers_folder: Path) -> Iterator[ValkeyServer]:
    with ValkeyServer(servers_folder) as server:
        yield server


@pytest.fixture(scope="session")
async def new_database(postgres: PostgresServer) -> NewDatabase:
    return await make_template(postgres)


@pytest.fixture
async def database(new_database: NewDatabase) -> AsyncIterator[Database]:
    async with new_database() as database:
        yield database


@pytest.fixture
async def redis(valkey: ValkeyServer) -> AsyncIterator[Redis]:
    client = Redis.from_url(valkey.url)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
async def new_appender(database: Database) -> AsyncIterator[NewAppender]:
    async with make_appenders(database.url) as new_appender:
        yield new_appender


@pytest.fixture
def appender(new_appender: NewAppender) -> Appender:
    """An appender to the tenant `default`."""
    return new_appender()


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[asyncpg.Connection]:
    """Owns the schema, and may do what the service may not."""
    connection = await asyncpg.connect(database.owner_url)
    yield connection
    await connection.close()

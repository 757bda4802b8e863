"""Fresh databases, copied from one that was migrated once."""

import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import asyncpg

from daybook.embedded import PostgresServer
from events.log.migrate import migrate
from events.log.tenants import add_tenant

TENANTS = ("default", "other")


@dataclass(frozen=True)
class Database:
    """A migrated database with the tenants `default` and `other`: `url` for the service, `owner_url` for its owner."""

    url: str
    owner_url: str


NewDatabase = Callable[[], AbstractAsyncContextManager[Database]]


async def make_template(server: PostgresServer, name: str = "template_daybook") -> NewDatabase:
    """Migrate a database once; what is answered makes copies of it, each dropped when its user is done."""
    maintenance = server.owner_url("postgres")
    await _execute(maintenance, f"CREATE DATABASE {name}")
    await migrate(server.owner_url(name))
    owner = await asyncpg.connect(server.owner_url(name))
    for tenant in TENANTS:
        await add_tenant(owner, tenant)
    await owner.close()
    numbers = itertools.count(1)

    @asynccontextmanager
    async def new_database() -> AsyncIterator[Database]:
        copy = f"test_{next(numbers)}"
        await _execute(maintenance, f"CREATE DATABASE {copy} TEMPLATE {name}")
        yield Database(url=server.url(copy), owner_url=server.owner_url(copy))
        await _execute(maintenance, f"DROP DATABASE {copy} WITH (FORCE)")

    return new_database


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()

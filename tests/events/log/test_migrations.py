"""Migrations: each applied once, whoever comes, however many at once."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from pogo_core.error import BadMigrationError
from pogo_core.util.migrate import apply

from daybook.embedded import PostgresServer
from events.domain import order_events as happened
from events.log.migrate import MIGRATIONS, migrate

APPLIED = "SELECT migration_id FROM _pogo_migration ORDER BY migration_id"
SCHEMA = """
SELECT c.relname, c.relkind::text, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull
FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
WHERE c.relnamespace = 'public'::regnamespace
ORDER BY c.relname, a.attnum
"""

DIES_AT_ORDER_LIST = """
CREATE FUNCTION die() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_identity = 'public.order_list') THEN
        PERFORM pg_terminate_backend(pg_backend_pid());
    END IF;
END $$;
CREATE EVENT TRIGGER dies ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION die();
"""
ALL = sorted(path.stem for path in MIGRATIONS.glob("*.sql"))


@pytest.fixture
async def empty(postgres: PostgresServer) -> AsyncIterator[asyncpg.Connection]:
    """A database with nothing in it."""
    maintenance = await asyncpg.connect(postgres.owner_url("postgres"))
    await maintenance.execute("CREATE DATABASE empty")
    connection = await asyncpg.connect(postgres.owner_url("empty"))
    yield connection
    await connection.close()
    await maintenance.execute("DROP DATABASE empty WITH (FORCE)")
    await maintenance.close()


@pytest.fixture
def empty_url(postgres: PostgresServer) -> str:
    return postgres.owner_url("empty")


async def applied(connection: asyncpg.Connection) -> list[str]:
    return [row["migration_id"] for row in await connection.fetch(APPLIED)]


async def test_migrators_at_once_apply_each_migration_once(empty: asyncpg.Connection, empty_url: str) -> None:
    await asyncio.gather(*(migrate(empty_url) for _ in range(4)))
    assert await applied(empty) == ALL


async def test_a_second_time_changes_nothing(empty: asyncpg.Connection, empty_url: str) -> None:
    await migrate(empty_url)
    before = await empty.fetch(SCHEMA)
    await empty.execute("INSERT INTO tenants VALUES ('kept')")
    await migrate(empty_url)
    assert await empty.fetch(SCHEMA) == before
    assert await empty.fetchval("SELECT tenant_id FROM tenants") == "kept"


async def test_one_that_dies_in_the_middle_leaves_no_half_of_a_migration(
    empty: asyncpg.Connection, empty_url: str
) -> None:
    await empty.execute(DIES_AT_ORDER_LIST)
    with pytest.raises(BadMigrationError):
        await migrate(empty_url)
    assert await applied(empty) == ALL[:2]
    assert not await empty.fetchval("SELECT to_regclass('checkpoints')"), "the table before it is gone as well"
    await empty.execute("DROP EVENT TRIGGER dies")
    await migrate(empty_url)
    assert await applied(empty) == ALL


async def test_orders_listed_before_get_the_statuses_that_follow_from_the_one_they_had(
    empty: asyncpg.Connection, empty_url: str, tmp_path: Path
) -> None:
    for name in ALL[:4]:
        shutil.copy(MIGRATIONS / f"{name}.sql", tmp_path)
    await apply(empty, tmp_path, schema_name="public")
    statuses = ["pending", "confirmed", "shipped", "delivered", "returned", "cancelled", "expired"]
    await empty.execute(
        "INSERT INTO order_list SELECT 'default', gen_random_uuid(), gen_random_uuid(), now(), 1, status, 1, now(), ''"
        " FROM unnest($1::text[]) AS status",
        statuses,
    )
    await migrate(empty_url)
    rows = await empty.fetch("SELECT status, fulfillment_status, return_status FROM order_list")
    of_version_1 = {
        kind.OF_VERSION_1["status"]: kind.OF_VERSION_1
        for kind in (
            happened.Confirmed,
            happened.Shipped,
            happened.Delivered,
            happened.Returned,
            happened.Cancelled,
            happened.Expired,
        )
    }
    for row in rows:
        if row["status"] != "pending":
            assert dict(row).items() <= of_version_1[row["status"]].items()
    assert {row["status"] for row in rows} == set(statuses)

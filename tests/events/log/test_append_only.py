"""The database itself keeps the log append-only: the service may add and read, and no one may change or remove."""

import contextlib
from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest

from events.log.appender import Appender
from events.log.connect import connect
from queries.history_reads import HistoryRead, record_read
from tests.databases import Database, NewDatabase
from tests.events.log.writing import appended, command, event

READ, ADD, CHANGE, REMOVE = "SELECT", "INSERT", "UPDATE", "DELETE"

ALLOWED: dict[str, set[str]] = {
    "tenants": {READ},
    "events": {READ, ADD},
    "stored_events": {READ},
    "history_reads": {READ, ADD},
    # Of a key, what it is wrapped to may be changed, and nothing else.
    "person_keys": {READ, ADD},
    "claim_keys": {READ, ADD, CHANGE},
    "erasures": {READ, ADD, CHANGE},
    "log_heads": {READ, CHANGE},
    "stock": {READ, ADD, CHANGE},
    "snapshots": {READ, ADD, CHANGE},
    "order_number_blocks": {READ, ADD, CHANGE},
    "checkpoints": {READ, ADD, CHANGE},
    "deliveries": {READ, ADD, CHANGE},
    "idempotency_keys": {READ, ADD, REMOVE},
    "parked_events": {READ, ADD, CHANGE, REMOVE},
    "order_list": {READ, ADD, CHANGE, REMOVE},
    "order_counts": {READ, ADD, CHANGE, REMOVE},
    # What an order was does not change.
    "order_versions": {READ, ADD},
    "order_search": {READ, ADD, CHANGE, REMOVE},
    "sales": {READ, ADD, CHANGE, REMOVE},
    "catalogue": {READ, ADD, CHANGE, REMOVE},
    "backorders": {READ, ADD, CHANGE, REMOVE},
    "expiry_timers": {READ, ADD, CHANGE, REMOVE},
    "accounts": {READ, ADD, CHANGE, REMOVE},
    "sessions": {READ, ADD, CHANGE, REMOVE},
    "seal_origins": {READ, ADD},
    "seal_tiles": {READ, ADD, CHANGE},
    "seal_checkpoints": {READ, ADD, CHANGE},
    # Which migrations were applied is no business of the service.
    "_pogo_migration": set(),
    "_pogo_version": set(),
}

VERBS = {
    READ: "SELECT count(*) FROM {table}",
    ADD: "INSERT INTO {table} SELECT * FROM {table} WHERE false",
    CHANGE: "UPDATE {table} SET {column} = {column}",
    REMOVE: "DELETE FROM {table}",
    "TRUNCATE": "TRUNCATE {table}",
    "REFERENCES": "CREATE TABLE other ({column} text REFERENCES {table})",
    "TRIGGER": "CREATE TRIGGER mine BEFORE INSERT ON {table} EXECUTE FUNCTION refuse_change()",
    "MAINTAIN": "REINDEX TABLE {table}",
    "ALTER": "ALTER TABLE {table} DISABLE TRIGGER ALL",
    "DROP": "DROP TABLE {table}",
}

SEALS = """
INSERT INTO seal_origins VALUES ('default', 1, 'shop.example/default', 'key', NULL);
INSERT INTO seal_tiles VALUES ('default', 1, 0, 0, sha256('a') || sha256('b'));
INSERT INTO seal_checkpoints VALUES ('default', 1, 2, sha256('root'), 'note', now(), true)
"""

REFUSED = (
    asyncpg.InsufficientPrivilegeError,
    # A view is not even asked whether one may.
    asyncpg.WrongObjectTypeError,
    asyncpg.ObjectNotInPrerequisiteStateError,
)


@pytest.fixture(scope="module")
async def database(new_database: NewDatabase) -> AsyncIterator[Database]:
    """One for all: nothing here changes anything."""
    async with new_database() as database:
        yield database


@pytest.fixture
async def service(database: Database, appender: Appender) -> AsyncIterator[asyncpg.Connection]:
    """The role that the service works as, where there is something to change."""
    await appended(appender, command(event(uuid4(), 1), stock={uuid4(): 1}))
    connection = await connect(database.url, "test")
    yield connection
    await connection.close()


class TestTheService:
    async def test_is_granted_exactly_this(self, service: asyncpg.Connection) -> None:
        rows = await service.fetch(
            """
            SELECT c.relname AS table, array_remove(array_agg(
                CASE WHEN has_table_privilege('daybook_app', c.oid, v) THEN v END), NULL) AS verbs
            FROM pg_class c
            CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER',
                                    'MAINTAIN']) AS v
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'p', 'f')
            GROUP BY c.relname
            """
        )
        assert {row["table"]: set(row["verbs"]) for row in rows} == ALLOWED

    async def test_owns_nothing(self, service: asyncpg.Connection) -> None:
        assert await service.fetch("SELECT relname FROM pg_class WHERE relowner = 'daybook_app'::regrole") == []
        who = await service.fetchrow("SELECT * FROM pg_roles WHERE rolname = current_user")
        assert who is not None
        assert who["rolname"] == "daybook_app"
        powers = ("rolsuper", "rolcreaterole", "rolcreatedb", "rolreplication", "rolbypassrls")
        assert not any(who[power] for power in powers)
        assert await service.fetch("SELECT 1 FROM pg_auth_members WHERE member = 'daybook_app'::regrole") == []
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await service.execute("CREATE TABLE mine (id int)")

    async def test_may_do_no_more_when_it_tries(self, service: asyncpg.Connection) -> None:
        first_columns = "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum = 1"
        done: dict[str, set[str]] = {table: set() for table in ALLOWED}
        for table in ALLOWED:
            column = await service.fetchval(first_columns, table)
            for verb, statement in VERBS.items():
                with contextlib.suppress(Undone, *REFUSED):
                    async with service.transaction():
                        await service.execute(statement.format(table=table, column=column))
                        done[table].add(verb)
                        raise Undone
        assert done == ALLOWED


class Undone(Exception):
    """Rolls back what worked."""


class TestTheOwner:
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE events SET data = 'forged'",
            "UPDATE events SET position = position",
            "DELETE FROM events",
            "TRUNCATE events",
            "TRUNCATE events, stock",
            "INSERT INTO events SELECT * FROM events ON CONFLICT (tenant_id, position) DO UPDATE SET data = 'forged'",
            "MERGE INTO events e USING events o ON e.position = o.position AND e.tenant_id = o.tenant_id"
            " WHEN MATCHED THEN DELETE",
            "DELETE FROM log_heads",
            "TRUNCATE log_heads",
            "UPDATE log_heads SET position = position - 1 WHERE position > 0",
            "UPDATE log_heads SET tenant_id = 'forged'",
            "UPDATE history_reads SET reason = 'forged'",
            "DELETE FROM history_reads",
            "TRUNCATE history_reads",
        ],
    )
    async def test_is_refused(self, service: asyncpg.Connection, owner: asyncpg.Connection, statement: str) -> None:
        await record_read(owner, "default", HistoryRead("someone", "auditor", {"from": 1}))
        everything = (
            "SELECT array_agg(e ORDER BY position)::text, (SELECT array_agg(h)::text FROM log_heads h),"
            " (SELECT array_agg(r ORDER BY read_id)::text FROM history_reads r) FROM events e"
        )
        before = await owner.fetchrow(everything)
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match=r"append-only|never goes back"):
            await owner.execute(statement)
        assert await owner.fetchrow(everything) == before

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE seal_tiles SET hashes = sha256('forged')",
            "UPDATE seal_tiles SET hashes = substr(hashes, 1, 32)",
            "UPDATE seal_tiles SET number = 1",
            "UPDATE seal_checkpoints SET root = sha256('forged')",
            "UPDATE seal_checkpoints SET size = 3",
            "UPDATE seal_checkpoints SET kept = false",
            "UPDATE seal_checkpoints SET note = 'forged'",
            "UPDATE seal_checkpoints SET sealed_at = 'epoch'",
            "UPDATE seal_origins SET reason = 'none'",
            *("DELETE FROM seal_tiles", "DELETE FROM seal_checkpoints", "DELETE FROM seal_origins"),
            *("TRUNCATE seal_tiles", "TRUNCATE seal_checkpoints", "TRUNCATE seal_origins"),
        ],
    )
    async def test_is_refused_on_seals(self, owner: asyncpg.Connection, statement: str) -> None:
        with contextlib.suppress(Undone):
            async with owner.transaction():
                await owner.execute(SEALS)
                with pytest.raises(asyncpg.InsufficientPrivilegeError, match="what was sealed stays"):
                    await owner.execute(statement)
                raise Undone

    async def test_may_let_tiles_and_notes_grow(self, owner: asyncpg.Connection) -> None:
        with contextlib.suppress(Undone):
            async with owner.transaction():
                await owner.execute(SEALS)
                for statement in (
                    "UPDATE seal_tiles SET hashes = hashes || sha256('c')",
                    "UPDATE seal_checkpoints SET kept = true, note = note || 'a witness'",
                ):
                    assert await owner.execute(statement) == "UPDATE 1"
                raise Undone

    async def test_finds_no_position_twice(self, service: asyncpg.Connection, owner: asyncpg.Connection) -> None:
        with pytest.raises(asyncpg.UniqueViolationError):
            await owner.execute("INSERT INTO events SELECT * FROM events")

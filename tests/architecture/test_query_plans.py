"""The plans inside the append walk indexes, from the first call on a nearly empty log to the last."""

import re
from uuid import UUID, uuid4

import asyncpg

from events.log.append import Append
from events.log.batch import Batch
from events.log.reader import SQL
from tests.databases import Database
from tests.events.log.writing import command, event, key

TABLES = ("log_heads", "events", "stock", "idempotency_keys")
EXPLAIN = """
LOAD 'auto_explain';
SET auto_explain.log_min_duration = 0;
SET auto_explain.log_nested_statements = on;
SET client_min_messages = log;
"""


def a_batch(stream: UUID, pen: UUID) -> list[Append]:
    """Commands that look up a stream, take stock and bind a key."""
    return [command(event(uuid4(), 1), reads={stream: 1}, stock={pen: -1}, key=key(uuid4().hex)) for _ in range(20)]


async def test_no_statement_of_the_append_scans_a_table(database: Database) -> None:
    stream, pen = uuid4(), uuid4()
    plans: list[str] = []
    connection = await asyncpg.connect(database.owner_url)
    try:
        first = Batch([command(event(stream, 1), stock={pen: 10_000})])
        await connection.fetch(SQL.append_commands, "default", *first.arguments())
        for _ in range(20):
            await connection.fetch(SQL.append_commands, "default", *Batch(a_batch(stream, pen)).arguments())
        await connection.execute(EXPLAIN)
        connection.add_log_listener(lambda _, message: plans.append(message.message))
        await connection.fetch(SQL.append_commands, "default", *Batch(a_batch(stream, pen)).arguments())
    finally:
        await connection.close()
    nested = [plan for plan in plans if "plan:" in plan]
    for table in TABLES:
        assert any(re.search(rf"\bon (public\.)?{table}\b", plan) for plan in nested), f"no plan touches {table}"
        assert not any(re.search(rf"Seq Scan on (public\.)?{table}\b", plan) for plan in nested), table

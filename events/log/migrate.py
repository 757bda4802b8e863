"""Bring a database to the current schema: plain SQL files, each applied once, one migrator at a time."""

from pathlib import Path

import asyncpg
from pogo_core.util.migrate import apply

MIGRATIONS = Path(__file__).parent / "migrations"

_LOCK = 0x6461_7962_6F6F_6B  # "daybook": the advisory lock that migrators share


async def migrate(url: str) -> None:
    """Apply what is missing, as the owner of the schema.

    Two migrators wait for each other. A migration that cannot get its locks in five seconds fails, rather than
    making every query behind it wait.
    """
    connection: asyncpg.Connection = await asyncpg.connect(url)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        await connection.execute("SET lock_timeout = '5s'; SET statement_timeout = '60s'")
        await apply(connection, MIGRATIONS, schema_name="public")
    finally:
        await connection.close()

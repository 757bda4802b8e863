"""Checkpoints: how far each projection has come, moved only from the value that was read."""

from collections.abc import Sequence
from pathlib import Path

from events.log.database import Database
from events.log.statements import load_statements

SQL = load_statements(Path(__file__).parent / "sql")


class CheckpointMoved(Exception):
    """Another runner has moved this checkpoint: what was about to be written is already there."""


class MadeByNewer(Exception):
    """A newer version of the projection made the rows: this one would not know what they mean."""


async def read_checkpoint(db: Database, tenant: str, projection: str, version: int = 1) -> int:
    """The position up to which a projection has applied the log; it is made at 0 where there is none.

    Raises MadeByNewer when its rows are of a later version than `version`.
    """
    row = await db.fetchrow(SQL.read_checkpoint, tenant, projection)
    if row is None:
        await db.execute(SQL.add_checkpoint, tenant, projection, version)
        row = await db.fetchrow(SQL.read_checkpoint, tenant, projection)
    if row is None or row["version"] > version:
        raise MadeByNewer(projection)
    return int(row["position"])


async def move_checkpoint(db: Database, tenant: str, projection: str, old: int, new: int, version: int = 1) -> bool:
    """Move it. The first statement of its transaction: a second runner waits here. Answers whether streams are parked.

    Raises CheckpointMoved, also when the rows have become those of a later version.
    """
    parked = await db.fetchval(SQL.move_checkpoint, tenant, projection, old, new, version)
    if parked is None:
        raise CheckpointMoved(projection)
    return bool(parked)


async def lowest_checkpoint(db: Database, tenant: str, projections: Sequence[str]) -> int:
    """How far all of these have come; 0 where one has not begun."""
    return int(await db.fetchval(SQL.lowest_checkpoint, tenant, list(projections)))

"""Checkpoints: how far each projection has come, moved only from the value that was read."""

from collections.abc import Sequence
from pathlib import Path

from events.log.database import Database
from events.log.statements import load_statements

SQL = load_statements(Path(__file__).parent / "sql")


class CheckpointMoved(Exception):
    """Another runner has moved this checkpoint: what was about to be written is already there."""


async def read_checkpoint(db: Database, tenant: str, projection: str) -> int:
    """The position up to which a projection has applied the log; it is made at 0 where there is none."""
    position = await db.fetchval(SQL.read_checkpoint, tenant, projection)
    if position is None:
        await db.execute(SQL.add_checkpoint, tenant, projection)
        position = await db.fetchval(SQL.read_checkpoint, tenant, projection)
    return int(position)


async def move_checkpoint(db: Database, tenant: str, projection: str, old: int, new: int) -> None:
    """Move it. The first statement of its transaction: a second runner waits here. Raises CheckpointMoved."""
    if await db.execute(SQL.move_checkpoint, tenant, projection, old, new) != "UPDATE 1":
        raise CheckpointMoved(projection)


async def lowest_checkpoint(db: Database, tenant: str, projections: Sequence[str]) -> int:
    """How far all of these have come; 0 where one has not begun."""
    return int(await db.fetchval(SQL.lowest_checkpoint, tenant, list(projections)))

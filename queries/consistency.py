"""Read your own writes: wait until a read model has come to the position that the reader has seen."""

import asyncio
from pathlib import Path

import asyncpg

from events.log.statements import load_statements

SQL = load_statements(Path(__file__).parent / "sql")


class ProjectionBehind(Exception):
    """The read model cannot show that position now: it is late, or an event before it is parked."""

    def __init__(self, projection: str) -> None:
        super().__init__(projection)
        self.projection = projection


async def wait_for_position(
    db: asyncpg.Pool, tenant: str, projection: str, position: int, *, patience: float = 5.0
) -> None:
    """Return once `projection` shows `position`, or raise ProjectionBehind after `patience` seconds.

    At once where the log itself ends before it: a position is told when it is in the log, so this one is from before a
    restore, and waiting will not bring it back.
    """
    deadline = asyncio.get_running_loop().time() + patience
    pause = 0.002
    while True:
        (row,) = await db.fetch(SQL.read_progress, tenant, projection, position)
        if row["parked"] or row["head"] < position:
            raise ProjectionBehind(projection)
        if row["position"] >= position:
            return
        if asyncio.get_running_loop().time() + pause > deadline:
            raise ProjectionBehind(projection)
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, 0.05)

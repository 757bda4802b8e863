"""What stands in read models, in one hash each: so that two databases can be compared without showing their rows."""

from hashlib import sha256
from pathlib import Path

import asyncpg
from pydantic import BaseModel, ConfigDict

from events.log.statements import load_statements

SQL = load_statements(Path(__file__).parent / "sql" / "digests")

READ_MODELS = ("orders", "catalogue")
STOCK = "stock"
"""Not a read model, and derived from the log all the same; it has come as far as the log, at any time."""

_CHUNK = 2_000


class Digest(BaseModel):
    """`rows` by id, each a text that the statements under sql/digests make, with a line feed after it, under SHA-256.

    `position`: what of the log they tell.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    position: int
    rows: int
    sha256: str


async def digest(connection: asyncpg.Connection, tenant: str, name: str, position: int) -> Digest:
    """Of READ_MODELS or STOCK, in the transaction that `connection` is in. `position`: up to which it was posted."""
    rows, hashed = 0, sha256()
    async for (row,) in connection.cursor(getattr(SQL, name), tenant, prefetch=_CHUNK):
        hashed.update(row.encode() + b"\n")
        rows += 1
    return Digest(position=position, rows=rows, sha256=hashed.hexdigest())

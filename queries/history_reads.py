"""Who read the history: written down before anything of it is told, and never changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json

from events.codec import rfc3339
from events.log.database import Database
from events.log.ids import new_id
from events.opaque import Cursors, InvalidOpaque
from queries.consistency import SQL

_PURPOSE = "reads of the history"


@dataclass(frozen=True, slots=True)
class HistoryRead:
    """One read. `subject`: an account's id, or an operator's name. `what`: which events, in which form; JSON values."""

    subject: str
    role: str
    what: Mapping[str, Any]
    reason: str | None = None
    correlation_id: str | None = None


async def record_read(db: Database, tenant: str, read: HistoryRead) -> None:
    """Write it down. What is read may leave only after this has returned."""
    what = to_json({name: value for name, value in read.what.items() if value is not None}).decode()
    row = (read.subject, read.role, what, read.reason, read.correlation_id)
    # Ids grow with time, and with them the list is in order.
    await db.execute(SQL.record_read, tenant, new_id(), *row)


async def list_reads(db: Database, tenant: str, cursors: Cursors, cursor: str | None, limit: int) -> bytes:
    """A page `{items, next}` as JSON, newest first. Raises InvalidOpaque."""
    before = None if cursor is None else _place(cursors.open(cursor, _PURPOSE))
    rows = await db.fetch(SQL.list_reads, tenant, before, limit + 1)
    items = [
        {
            "id": str(row["read_id"]),
            **{name: row[name] for name in ("subject", "role", "reason", "correlation_id")},
            "what": from_json(row["what"]),
            "read_at": rfc3339(row["read_at"]),
        }
        for row in rows[:limit]
    ]
    following = cursors.seal(str(rows[limit - 1]["read_id"]), _PURPOSE) if len(rows) > limit else None
    return to_json({"items": items, "next": following})


def _place(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidOpaque(text) from None

"""Reads of the log: by position, by stream, by owner."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from asyncpg import Record

from events.log.append import Replayed, StoredAnswer
from events.log.database import Database
from events.log.recorded import RecordedEvent
from events.log.statements import load_statements

SQL = load_statements(Path(__file__).parent / "sql")

SNAPSHOT = "Snapshot"
"""The type of a row that is no event but a snapshot."""

# Of a named tuple this is all that its constructor does, and of many rows it is most of the work.
_as_tuple = tuple.__new__

END = 2**63 - 1
"""A position after every event."""


class LogReader:
    """One tenant's log, read through `db` (a pool, or a connection in a transaction of one's own)."""

    def __init__(self, db: Database, tenant: str) -> None:
        self._db = db
        self.tenant = tenant

    async def head(self) -> int:
        """The position of the last event; 0 where there is none."""
        return int(await self._db.fetchval(SQL.read_head, self.tenant) or 0)

    async def after(self, position: int, limit: int, *, until: int = END) -> list[RecordedEvent]:
        """At most `limit` events with `position < event.position <= until`, in order."""
        return recorded(await self._db.fetch(SQL.read_log, self.tenant, position, until, limit))

    async def filtered(
        self, position: int, limit: int, *, type: str | None = None, stream_id: UUID | None = None
    ) -> list[RecordedEvent]:
        """At most `limit` events after `position`, in order, of one type or stream only where that is given."""
        return recorded(await self._db.fetch(SQL.read_log_filtered, self.tenant, position, limit, type, stream_id))

    async def owned(self, owner: UUID, position: int, limit: int, *, until: int) -> list[RecordedEvent]:
        """At most `limit` events about this person's orders after `position`, up to `until`, in order."""
        return recorded(await self._db.fetch(SQL.read_owned, self.tenant, str(owner), position, until, limit))

    async def streams(self, after: Mapping[UUID, int]) -> list[RecordedEvent]:
        """The events of several streams after a version of each (0: from the start), each stream in order."""
        return recorded(await self._db.fetch(SQL.read_streams, self.tenant, list(after), list(after.values())))

    async def since_snapshots(self, after: Mapping[UUID, int]) -> list[RecordedEvent]:
        """As `streams`, but where a snapshot is newer than the known version: the snapshot, as SNAPSHOT, and what
        follows it. In version order."""
        return recorded(await self._db.fetch(SQL.read_since_snapshots, self.tenant, list(after), list(after.values())))

    async def save_snapshot(self, stream_id: UUID, version: int, state: bytes) -> None:
        """Keep the state of a stream's aggregate at a version, unless a later one is kept."""
        await self._db.execute(SQL.save_snapshot, self.tenant, stream_id, version, state)

    async def available(self, products: Sequence[UUID]) -> dict[UUID, int]:
        """Product → units that can be ordered; 0 where none ever came in."""
        rows = await self._db.fetch(SQL.read_stock, self.tenant, list(products))
        found = {row["product_id"]: row["available"] for row in rows}
        return {product: found.get(product, 0) for product in products}

    async def stored_answer(self, subject: UUID, key: str) -> tuple[UUID, Replayed] | None:
        """The fingerprint and answer that an idempotency key is bound to, if it is."""
        row = await self._db.fetchrow(SQL.find_stored_answers, self.tenant, [subject], [key])
        return None if row is None else (row["fingerprint"], replayed(row))


def replayed(row: Record) -> Replayed:
    """A row of `find_stored_answers` as the outcome it stands for."""
    answer = StoredAnswer(row["status"], row["version"], row["location"], row["body"])
    return Replayed(answer, row["position"])


def recorded(rows: list[Any]) -> list[RecordedEvent]:
    """Rows of any statement that reads the log, as events."""
    return [_as_tuple(RecordedEvent, row) for row in rows]

"""Reads of the log: by position, by stream, by owner, by what led to what."""

from collections.abc import Mapping, Sequence
from datetime import datetime
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

    async def last_recorded_by(self, moment: datetime) -> int:
        """A position that was the last at this moment of the database's clock: it was recorded by then, the next was
        not; 0 where none was."""
        return int(await self._db.fetchval(SQL.last_recorded_by, self.tenant, moment))

    async def after(self, position: int, limit: int, *, until: int = END) -> list[RecordedEvent]:
        """At most `limit` events with `position < event.position <= until`, in order."""
        return recorded(await self._db.fetch(SQL.read_log, self.tenant, position, until, limit))

    async def filtered(
        self,
        position: int,
        limit: int,
        *,
        until: int = END,
        types: Sequence[str] | None = None,
        recorded_from: datetime | None = None,
        recorded_before: datetime | None = None,
    ) -> list[RecordedEvent]:
        """As `after`, of these types and from `recorded_from <= recorded_at < recorded_before` only where that is
        given. Looks at every event in between: bound them with `until`."""
        given = (position, until, limit, types, recorded_from, recorded_before)
        return recorded(await self._db.fetch(SQL.read_log_filtered, self.tenant, *given))

    async def lines(
        self,
        position: int,
        until: int,
        source: str,
        public_types: str,
        *,
        types: Sequence[str] | None = None,
        recorded_from: datetime | None = None,
        recorded_before: datetime | None = None,
        with_metadata: bool = False,
        opening: Sequence[str] | None = None,
    ) -> tuple[list[str], list[RecordedEvent | None]]:
        """What `filtered` finds, as CloudEvents ready-made, one a line.

        `source`, `public_types`: JSON, see `events.cloud.line_parts`. `with_metadata`: lines tell the metadata, too.
        `opening`: of these types each that holds sealed fields comes as the line before its opened fields, and beside
        it the event; for the others the second list holds None.
        """
        given = (types, recorded_from, recorded_before, source, public_types, with_metadata, opening)
        rows = await self._db.fetch(SQL.read_lines, self.tenant, position, until, *given)
        lines = [row[0] for row in rows]
        if opening is None:
            return lines, [None] * len(lines)
        return lines, [None if row[1] is None else RecordedEvent(*row[1:]) for row in rows]

    async def stream(self, stream_id: UUID, position: int, limit: int, *, until: int = END) -> list[RecordedEvent]:
        """As `after`, of one stream."""
        return recorded(await self._db.fetch(SQL.read_stream, self.tenant, stream_id, position, until, limit))

    async def correlated(
        self, correlation_id: str, position: int, limit: int, *, until: int = END
    ) -> list[RecordedEvent]:
        """As `after`, of what happened under one correlation id."""
        return recorded(await self._db.fetch(SQL.read_correlated, self.tenant, correlation_id, position, until, limit))

    async def about(self, stream_id: UUID, position: int, limit: int, *, until: int = END) -> list[RecordedEvent]:
        """As `after`, of what happened on other streams because of this one."""
        return recorded(await self._db.fetch(SQL.read_about, self.tenant, str(stream_id), position, until, limit))

    async def recorded_at(self, position: int) -> datetime:
        """When the event at a position was recorded. Raises LookupError."""
        moment: datetime | None = await self._db.fetchval(SQL.read_recorded_at, self.tenant, position)
        if moment is None:
            raise LookupError(position)
        return moment

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

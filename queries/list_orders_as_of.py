"""The list of orders as it was: at a position of the log, or at a business time.

Which orders there were, and in which version, the order history knows; what of an order never changes is in the orders
read model. The address of then is in neither where the order goes elsewhere now: it is read from the log.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from pydantic_core import from_json, to_json

from events.codec import Codec
from events.log.reader import END, LogReader
from events.opaque import Cursors, InvalidOpaque
from queries.consistency import SQL, ProjectionBehind, wait_for_position
from queries.moments import AtPosition, AtTime, RecordedBy

LOOK_AT = 1_000
"""Orders that a page looks at for those in one status. So many, and it ends, full or not, and says where to go on."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the next page starts: after this order. `at`: the position that the list is as of; 0: it is of a time."""

    at: int
    placed_at: datetime
    position: int

    @classmethod
    def parse(cls, text: str) -> "_Place":
        try:
            at, placed_at, position = text.split(" ")
            return cls(int(at), datetime.fromisoformat(placed_at), int(position))
        except ValueError:
            raise InvalidOpaque(text) from None

    def __str__(self) -> str:
        return f"{self.at} {self.placed_at.isoformat()} {self.position}"


class PastOrderList:
    """Lists one tenant's orders as they were, the newest of then first."""

    def __init__(
        self, db: asyncpg.Pool, reader: LogReader, codec: Codec, cursors: Cursors, *, patience: float = 5.0
    ) -> None:
        """`patience`: seconds to wait for each read model that is behind."""
        self._db = db
        self._reader = reader
        self._tenant = reader.tenant
        self._codec = codec
        self._cursors = cursors
        self._patience = patience

    async def page(
        self,
        moment: AtPosition | AtTime | RecordedBy,
        user_id: UUID | None,
        status: str | None,
        cursor: str | None,
        limit: int,
        *,
        look_at: int = LOOK_AT,
    ) -> bytes:
        """A page `{items, next, total: null}` as JSON; `user_id` None lists everyone's. Raises InvalidOpaque,
        ProjectionBehind.

        As of a position (or a recorded time, which is one) the last recorded order comes first, as of a business time
        the last placed. With a status, a page may have less than `limit`, and others follow all the same.
        """
        purpose = f"orders as of {moment} {user_id} {status}"
        after = None if cursor is None else _Place.parse(self._cursors.open(cursor, purpose))
        if isinstance(moment, AtTime):
            at = 0
            # What was recorded just now may have happened then.
            await self._reach(await self._reader.head())
            rows = await self._at_time(moment.time, after, user_id, status, limit + 1, look_at)
        else:
            at = await self._position_of(moment, after)
            await self._reach(at)
            rows = await self._at_position(at, after, user_id, status, limit + 1, look_at)
        shown = [row for row in rows if row["shown"]]
        page, last = shown[:limit], None
        if len(shown) > limit:
            last = page[-1]
        elif rows and rows[-1]["place"] == look_at:
            last = rows[-1]
        following = None
        if last is not None:
            following = self._cursors.seal(str(_Place(at, last["placed_at"], last["position"])), purpose)
        items = b",".join(await self._items(page))
        return b'{"items":[' + items + b"]," + to_json({"next": following, "total": None})[1:]

    async def _position_of(self, moment: AtPosition | RecordedBy, after: _Place | None) -> int:
        """The same on every page, whatever is recorded meanwhile."""
        if after is not None:
            return after.at
        if isinstance(moment, RecordedBy):
            return await self._reader.last_recorded_by(moment.time)
        return moment.position

    async def _reach(self, position: int) -> None:
        for projection in ("order_history", "orders"):
            await wait_for_position(self._db, self._tenant, projection, position, patience=self._patience)

    async def _at_position(
        self, at: int, after: _Place | None, user_id: UUID | None, status: str | None, rows: int, look_at: int
    ) -> Sequence[Any]:
        statement = SQL.past_orders_at_position if user_id is None else SQL.past_orders_of_user_at_position
        before = at + 1 if after is None else after.position
        found: list[Any] = await self._db.fetch(statement, self._tenant, at, user_id, before, status, rows, look_at)
        return found

    async def _at_time(
        self, at: datetime, after: _Place | None, user_id: UUID | None, status: str | None, rows: int, look_at: int
    ) -> Sequence[Any]:
        statement = SQL.past_orders_at_time if user_id is None else SQL.past_orders_of_user_at_time
        before = (at, END) if after is None else (after.placed_at, after.position)
        found: list[Any] = await self._db.fetch(statement, self._tenant, at, user_id, *before, status, rows, look_at)
        return found

    async def _items(self, page: Sequence[Mapping[str, Any]]) -> list[bytes]:
        if not page:
            return []
        ids, versions = [row["order_id"] for row in page], [row["version"] for row in page]
        rows = await self._db.fetch(SQL.show_order_versions, self._tenant, ids, versions)
        if any(row["item"] is None for row in rows):
            raise ProjectionBehind("orders")
        elsewhere = {row["order_id"]: row["address_version"] for row in rows if not row["address_then"]}
        addresses = await self._addresses(elsewhere) if elsewhere else {}
        return [_item(row["item"], row["order_id"], addresses) for row in rows]

    async def _addresses(self, told_by: Mapping[UUID, int]) -> dict[UUID, Any]:
        """The address that each of these orders had, by the version that told it; None where its key is gone."""
        events = await self._reader.streams({order_id: version - 1 for order_id, version in told_by.items()})
        telling = [event for event in events if event.version == told_by[event.stream_id]]
        opened = await self._codec.open_all(telling)
        return {event.stream_id: state["shipping_address"] for event, state in zip(telling, opened, strict=True)}


def _item(item: str, order_id: UUID, addresses: Mapping[UUID, Any]) -> bytes:
    if order_id not in addresses:
        return item.encode()
    return to_json({**from_json(item), "shipping_address": addresses[order_id]})

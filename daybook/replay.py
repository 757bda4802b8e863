"""The log told again beside what was made of it: the orders and catalogue read models, and the guarded stock.

One pass over the log, stream after stream, merged with the orders read model in the same order: in memory are one
stream's aggregate, one chunk of events, and a few numbers per product.
"""

from collections import Counter
from collections.abc import AsyncIterable, AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
from eventsourcing.domain import Aggregate, EventSourcingError
from pydantic_core import from_json

from events.codec import Codec
from events.domain.account import Account
from events.domain.money_ledger import NOTHING_PAID
from events.domain.order import Order
from events.domain.product import Product
from events.domain.statuses import Statuses
from events.erased import ERASED, mail_address_of
from events.held_stock import HeldStock, units_moved
from events.log.recorded import RecordedEvent
from events.log.statements import load_statements
from events.order_document import moving_part, order_document
from events.types import DomainEvent

SQL = load_statements(Path(__file__).parent / "sql" / "verify")

_CHUNK = 2_000
_UNREADABLE = (EventSourcingError, ValueError, TypeError, LookupError, AttributeError, AssertionError)
"""What decoding or applying an event can raise, when it is not as it should be."""


@dataclass(slots=True)
class Tally:
    """How many were compared, how many of them were wrong, and the first of these."""

    compared: int = 0
    wrong: int = 0
    example: str | None = None

    def count(self, example: object, *, right: bool) -> None:
        """Count one more."""
        self.compared += 1
        if not right:
            self.fault(example)

    def add(self, other: "Tally") -> None:
        """Count what another one has counted."""
        self.compared += other.compared
        self.wrong += other.wrong
        self.example = self.example or other.example

    def fault(self, example: object) -> None:
        """One that was counted is wrong after all."""
        self.wrong += 1
        self.example = self.example or str(example)


class Part(NamedTuple):
    """One of so many parts of the streams, from 0."""

    number: int
    of: int


class Replay:
    """One tenant's log, told again in the transaction that `connection` is in. Run it once, then read the tallies."""

    def __init__(
        self,
        connection: asyncpg.Connection,
        tenant: str,
        codec: Codec,
        *,
        orders_until: int = 0,
        catalogue_until: int = 0,
        accounts_until: int = 0,
        part: Part | None = None,
    ) -> None:
        """`orders_until` and so on: the positions up to which these read models have come.

        `part`: tell a part of the streams only, and nothing but orders, which are the only ones that can be compared
        each by itself.
        """
        self.accounts = Tally()
        self.events, self.orders, self.products, self.stock = Tally(), Tally(), Tally(), Tally()
        self._connection = connection
        self._tenant = tenant
        self._codec = codec
        self._until = {"Order": orders_until, "Product": catalogue_until, "Account": accounts_until}
        self._catalogue_until = catalogue_until
        self._part = part or Part(0, 1)
        self._orders_only = part is not None
        self._aggregate: Aggregate | None = None
        self._began_at = 0
        self._kind = ""
        self._held = HeldStock()
        self._catalogue: dict[UUID, tuple[Any, ...]] = {}
        self._accounts: dict[UUID, tuple[Any, ...]] = {}
        self._stock_by_log: Counter[UUID] = Counter()
        self._shown_by_log: Counter[UUID] = Counter()
        self.waiting = Tally()
        self._waiting: set[tuple[Any, ...]] = set()

    async def run(self) -> None:
        """Compare everything."""
        rows = _Rows(self._connection.cursor(SQL.order_rows, self._tenant, *self._part, prefetch=_CHUNK), self.orders)
        await rows.begin()
        stream_id: UUID | None = None
        async for recorded, event in self._log():
            if recorded.stream_id != stream_id:
                await self._end_stream(rows)
                stream_id = recorded.stream_id
            try:
                if not self._orders_only:
                    self._post(recorded, event)
                self._apply(recorded, event)
            except _UNREADABLE:
                # The rest of the stream cannot be told either, and its row, if there is one, stands for nothing.
                self.events.fault(f"position {recorded.position}")
                self._aggregate = None
        await self._end_stream(rows)
        await rows.end()
        if not self._orders_only:
            await self._compare_catalogue()
            await self._compare_stock()
            await self._compare_accounts()

    async def _log(self) -> AsyncIterator[tuple[RecordedEvent, DomainEvent]]:
        """Every event that can be read; the others are counted as wrong."""
        cursor = await self._connection.cursor(SQL.log_by_stream, self._tenant, *self._part)
        while rows := await cursor.fetch(_CHUNK):
            chunk = [RecordedEvent(*row) for row in rows]
            for recorded, event in zip(chunk, await self._decoded(chunk), strict=True):
                self.events.count(f"position {recorded.position}", right=event is not None)
                if event is not None:
                    yield recorded, event

    async def _decoded(self, chunk: Sequence[RecordedEvent]) -> Sequence[DomainEvent | None]:
        try:
            return await self._codec.decode_all(chunk)
        except _UNREADABLE:
            if len(chunk) == 1:
                return [None]
        middle = len(chunk) // 2
        return [*await self._decoded(chunk[:middle]), *await self._decoded(chunk[middle:])]

    def _post(self, recorded: RecordedEvent, event: DomainEvent) -> None:
        """Count what the event moves into the stock and out of it."""
        if recorded.version == 1:
            self._held = HeldStock()
        for product_id, units in units_moved(self._held, recorded.type, recorded.stream_id, vars(event)):
            self._count_units(recorded.position, product_id, units)

    def _count_units(self, position: int, product_id: UUID, units: int) -> None:
        self._stock_by_log[product_id] += units
        if position <= self._catalogue_until:
            self._shown_by_log[product_id] += units

    def _apply(self, recorded: RecordedEvent, event: DomainEvent) -> None:
        """Bring the stream's aggregate on, as far as its read model has come."""
        if recorded.version == 1:
            self._began_at = recorded.position
            self._kind = type(event).__qualname__.partition(".")[0]
        if recorded.position > self._until.get(self._kind, 0):
            return
        self._aggregate = event.mutate(self._aggregate)

    async def _end_stream(self, rows: "_Rows") -> None:
        aggregate, self._aggregate = self._aggregate, None
        if isinstance(aggregate, Order):
            row = await rows.at(aggregate.id)
            self.orders.count(aggregate.id, right=row is not None and _shows(row, aggregate, self._began_at))
            self._waiting.update(_what_waits(aggregate, self._began_at))
        elif isinstance(aggregate, Product):
            self._catalogue[aggregate.id] = (
                *(aggregate.sku, aggregate.name, aggregate.price_cents, aggregate.currency),
                *(aggregate.version, aggregate.backorder_limit),
            )
        elif isinstance(aggregate, Account):
            email = aggregate.email or mail_address_of(aggregate.account_id)
            name = ERASED if aggregate.name is None else aggregate.name
            self._accounts[UUID(aggregate.account_id)] = (
                *(aggregate.id, email, name, aggregate.roles),
                *(aggregate.status, self._began_at, aggregate.version),
            )

    async def _compare_catalogue(self) -> None:
        async for product_id, *shown, available in self._connection.cursor(SQL.catalogue_rows, self._tenant):
            told = self._catalogue.pop(product_id, None)
            right = told == tuple(shown) and available == self._shown_by_log[product_id]
            self.products.count(product_id, right=right)
        for product_id in self._catalogue:
            self.products.count(product_id, right=False)

    async def _compare_stock(self) -> None:
        async for product_id, available in self._connection.cursor(SQL.stock_rows, self._tenant):
            self.stock.count(product_id, right=available == self._stock_by_log.pop(product_id, 0))
        for product_id, units in self._stock_by_log.items():
            self.stock.count(product_id, right=units == 0)

    async def _compare_accounts(self) -> None:
        """Rows without a position were made beside the log, and are still to be overtaken by it."""
        async for account_id, *shown in self._connection.cursor(SQL.account_rows, self._tenant):
            self.accounts.count(account_id, right=self._accounts.pop(account_id, None) == tuple(shown))
        for account_id in self._accounts:
            self.accounts.count(account_id, right=False)

    async def compare_waiting(self) -> None:
        """What waits for payment or stock, as of `orders_until`; only where the tables are of that position."""
        async for row in self._connection.cursor(SQL.waiting_rows, self._tenant):
            self.waiting.count(row["order_id"], right=tuple(row) in self._waiting)
            self._waiting.discard(tuple(row))
        for order_id, *_ in self._waiting:
            self.waiting.count(order_id, right=False)


class _Rows:
    """The rows of the orders read model, taken in the order of their ids; whoever is passed by is one too many."""

    def __init__(self, rows: AsyncIterable[asyncpg.Record], tally: Tally) -> None:
        self._rows = aiter(rows)
        self._tally = tally
        self._next: asyncpg.Record | None = None

    async def begin(self) -> None:
        self._next = await anext(self._rows, None)

    async def at(self, order_id: UUID) -> asyncpg.Record | None:
        """The row of this order, if there is one."""
        while self._next is not None and self._next["order_id"] < order_id:
            await self._pass_by(self._next)
        if self._next is None or self._next["order_id"] != order_id:
            return None
        row, self._next = self._next, await anext(self._rows, None)
        return row

    async def end(self) -> None:
        while self._next is not None:
            await self._pass_by(self._next)

    async def _pass_by(self, row: asyncpg.Record) -> None:
        self._tally.count(row["order_id"], right=False)
        self._next = await anext(self._rows, None)


def _shows(row: asyncpg.Record, order: Order, began_at: int) -> bool:
    """Whether a row of the read model says what the log says of the order."""
    try:
        shown = from_json(f"{{{row['document']}}}")
    except ValueError:
        return False
    statuses = Statuses(*(row[name] for name in Statuses._fields))
    shown |= moving_part(statuses, from_json(row["holds"]), row["version"], row["updated_at"])
    keys = (row["user_id"], row["placed_at"], row["position"], row["payment_terms"], row["total_cents"])
    told = (UUID(order.user_id), order.created_on, began_at, order.payment_terms, order.total_cents)
    return bool(shown == order_document(order) and keys == told)


def _what_waits(order: Order, began_at: int) -> Iterator[tuple[Any, ...]]:
    """The rows that the waiting read model has of an order."""
    statuses = order.statuses
    if order.expires_at is not None and statuses.status == "pending":
        expires_at = datetime.fromisoformat(order.expires_at)
        due_at = expires_at if statuses.payment_status in NOTHING_PAID else None
        yield order.id, expires_at, due_at, None, None, None, None
    for line in order.lines:
        units = order.ledger.lines[line["id"]].backordered
        if units:
            yield order.id, None, None, UUID(line["product_id"]), began_at, UUID(line["id"]), units

"""A shop's log and what is posted from it: `given` events, `then` rows."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, LiteralString
from uuid import UUID, uuid4

import asyncpg
from eventsourcing.domain import Aggregate
from pydantic_core import to_json
from redis.asyncio import Redis

from commands.append_of import encode_changes
from daybook.projector_process import make_runners
from daybook.read_models import make_deferred_read_models
from daybook.shop import Shop, make_shop
from events.domain.account import Account
from events.domain.customer import Customer
from events.domain.order import Order
from events.log.append import Append, Appended, NewEvent
from events.log.connect import create_pool
from projections.feed import Feed
from projections.runner import Runner

SECRET = "a secret of the tests, of more than thirty-two characters"
MASTER_KEY = bytes(range(32))

Catcher = Callable[[str, Sequence[UUID]], Awaitable[None]]


class EveryoneLeads:
    """The worst case of leadership: each process believes that it is the one."""

    async def holds(self, name: str) -> bool:
        return True

    async def gives_up(self, name: str) -> None:
        """In vain."""


class Book:
    """One tenant. Nothing is posted before a test says so, and then all of it."""

    def __init__(self, pool: asyncpg.Pool, shop: Shop, redis: Redis, enqueue: Catcher | None = None) -> None:
        self.pool = pool
        self.shop = shop
        self.tenant = shop.tenant
        self.redis = redis
        self.enqueued: list[UUID] = []
        self._enqueue = enqueue or self._note
        self.runners = self.new_runners()

    def new_runners(self) -> dict[str, Runner]:
        """Runners of all projections but the sealing, as processes that start now have them."""
        parts = (self.pool, self.tenant, self.shop.codec, self.redis, self._enqueue, EveryoneLeads())
        feed = Feed(self.shop.reader)
        deferred = (
            Runner(self.tenant, projection, self.pool, feed, EveryoneLeads())
            for projection in make_deferred_read_models(self.tenant, self.shop.codec)
        )
        return {runner.projection.name: runner for runner in (*make_runners(*parts), *deferred)}

    async def append(self, *changed: Aggregate) -> int:
        """Append the new events of these aggregates, one command for each; answers the position of the last."""
        position = 0
        for aggregate in changed:
            person = _person(aggregate)
            if person is not None:
                await self.shop.codec.keyring.ensure((person,))
            owner = person if isinstance(aggregate, Order) else None
            position = await self.append_events(*encode_changes(self.shop.codec, [aggregate], person), owner=owner)
        return position

    async def append_events(self, *events: NewEvent, owner: UUID | None = None) -> int:
        """Append events as they are, also such as no command would write."""
        command_id = uuid4()
        about = {} if owner is None else {"owner": str(owner)}
        meta = {"subject": str(owner or UUID(int=0)), "role": "system", "command_id": str(command_id)} | about
        outcome = await self.shop.appender.append(Append(command_id, events, to_json(meta).decode()))
        assert isinstance(outcome, Appended), outcome
        return outcome.position

    async def given(self, *changed: Aggregate) -> int:
        """Append, and post to every projection; answers the position of the last event."""
        position = await self.append(*changed)
        await self.post()
        return position

    async def post(self) -> None:
        """Bring every projection to the end of the log."""
        for runner in self.runners.values():
            await runner.catch_up()

    async def then_order(self, order: Order, **expected: Any) -> None:
        """The order's row in the list has these values."""
        row = await self.pool.fetchrow(
            "SELECT * FROM order_list WHERE tenant_id = $1 AND order_id = $2", self.tenant, order.id
        )
        assert row is not None, "the order is not in the list"
        assert {name: row[name] for name in expected} == expected

    async def then_counts(self, user_id: UUID, **expected: int) -> None:
        """The user has so many orders in these statuses, and none in others; the nil UUID stands for everyone."""
        rows = await self.rows(
            "SELECT status, sum(orders) FROM order_counts WHERE tenant_id = $1 AND user_id = $2 AND orders <> 0 "
            "GROUP BY status",
            user_id,
        )
        assert dict(rows) == expected

    async def then_product(self, product_id: UUID, **expected: Any) -> None:
        """The product's row in the catalogue has these values."""
        row = await self.pool.fetchrow(
            "SELECT * FROM catalogue WHERE tenant_id = $1 AND product_id = $2", self.tenant, product_id
        )
        assert row is not None, "the product is not in the catalogue"
        assert {name: row[name] for name in expected} == expected

    async def then_parked(self, projection: str, *expected: tuple[UUID, str]) -> None:
        """These events wait, in order: stream and reason."""
        rows = await self.rows(
            "SELECT stream_id, error FROM parked_events WHERE tenant_id = $1 AND projection = $2 ORDER BY position",
            projection,
        )
        assert rows == list(expected)

    async def rows(self, statement: LiteralString, *arguments: Any) -> list[tuple[Any, ...]]:
        """The rows of a statement whose first argument is the tenant."""
        return [tuple(row) for row in await self.pool.fetch(statement, self.tenant, *arguments)]

    async def read_models(self) -> dict[str, list[tuple[Any, ...]]]:
        """All that the projections have written; counts that came to nothing are left out."""
        return {
            "orders": await self.rows("SELECT * FROM order_list WHERE tenant_id = $1 ORDER BY order_id"),
            "counts": await self.rows(
                "SELECT * FROM order_counts WHERE tenant_id = $1 AND orders <> 0 "
                "ORDER BY user_id, status, payment_status, fulfillment_status"
            ),
            "search": await self.rows("SELECT * FROM order_search WHERE tenant_id = $1 ORDER BY position, word"),
            "sales": await self.rows(
                "SELECT * FROM sales WHERE tenant_id = $1 AND orders <> 0 ORDER BY dimension, day, key, currency"
            ),
            "catalogue": await self.rows("SELECT * FROM catalogue WHERE tenant_id = $1 ORDER BY product_id"),
            "deliveries": await self.rows(
                "SELECT delivery_id, kind, order_id, customer_id FROM deliveries "
                "WHERE tenant_id = $1 ORDER BY delivery_id"
            ),
        }

    async def _note(self, _tenant: str, deliveries: Sequence[UUID]) -> None:
        self.enqueued += deliveries


@asynccontextmanager
async def open_book(
    database_url: str,
    redis: Redis,
    tenant: str = "default",
    enqueue: Catcher | None = None,
    master_key: bytes = MASTER_KEY,
) -> AsyncIterator[Book]:
    """The book of a shop, closed at the end."""
    async with await create_pool(database_url, "test") as pool:
        shop = make_shop(tenant, pool, database_url, SECRET, master_key, application="test")
        try:
            yield Book(pool, shop, redis, enqueue)
        finally:
            await shop.appender.close()


def _person(aggregate: Aggregate) -> UUID | None:
    if isinstance(aggregate, Order):
        return UUID(aggregate.user_id)
    if isinstance(aggregate, Account):
        return UUID(str(aggregate.account_id))
    return aggregate.id if isinstance(aggregate, Customer) else None

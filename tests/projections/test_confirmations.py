"""Confirmations and fan-out: given what happened, what leaves the service, and only after the read models have it."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from redis.asyncio import Redis

from events.domain.delivery import Confirmation, confirmation_id
from events.domain.order import Order
from projections.checkpoints import read_checkpoint
from projections.fanout import fanout_channel
from tests.projections.book import Book, open_book
from tests.projections.business import moved, placed, product

DELIVERIES = "SELECT delivery_id, kind, order_id, customer_id, status, attempts FROM deliveries WHERE tenant_id = $1"


class TestADelivery:
    async def test_is_due_when_an_order_is_placed(self, book: Book) -> None:
        order = placed()
        await book.given(order)
        due = confirmation_id(order.id)
        assert await book.rows(DELIVERIES) == [(due, "order_confirmation", order.id, UUID(order.user_id), "pending", 0)]
        assert book.enqueued == [due]

    async def test_is_one_an_order_whatever_comes_after(self, book: Book) -> None:
        order = moved(placed(), "confirmed", "shipped")
        sent = Confirmation.sent(order.id, message_id="<1@daybook.example>", attempts=1)
        await book.given(order, sent)
        assert len(await book.rows(DELIVERIES)) == 1

    async def test_is_none_for_history_from_elsewhere(self, book: Book) -> None:
        sample = placed()
        imported = Order.import_from(
            sample.id,
            sample.created_on,
            number="N-1",
            user_id=sample.user_id,
            currency="USD",
            lines=sample.lines,
            shipping_cents=0,
            shipping_address=sample.shipping_address,
            reference="1",
            fingerprint="0" * 32,
        )
        await book.given(imported)
        assert await book.rows(DELIVERIES) == []
        assert book.enqueued == []

    async def test_is_there_when_the_projector_dies_between_commit_and_broker(
        self, database: Any, redis: Redis
    ) -> None:
        at_the_broker = asyncio.Event()

        async def hang(_tenant: str, _deliveries: Sequence[UUID]) -> None:
            at_the_broker.set()
            await asyncio.Event().wait()

        async with open_book(database.url, redis, enqueue=hang) as dying:
            position = await dying.append(placed(), placed())
            post = asyncio.create_task(dying.post())
            async with asyncio.timeout(5):
                await at_the_broker.wait()
            post.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await post
        async with open_book(database.url, redis) as next_one:
            assert await read_checkpoint(next_one.pool, "default", "confirmations") == position
            third = placed()
            await next_one.given(third)
            assert len(await next_one.rows(DELIVERIES)) == 3
            assert next_one.enqueued == [confirmation_id(third.id)]


class TestFanOut:
    async def test_never_overtakes_a_read_model(self, book: Book) -> None:
        await book.append(product(), placed(), placed())
        names = ("orders", "catalogue", "accounts", "fanout", "confirmations")
        orders, catalogue, accounts, fanout, confirmations = map(book.runners.__getitem__, names)
        assert (await fanout.catch_up(), await confirmations.catch_up()) == (0, 0)
        reached = await orders.catch_up()
        assert await fanout.catch_up() == 0, "the catalogue does not have it yet"
        assert await catalogue.catch_up() == reached
        assert await fanout.catch_up() == reached
        assert await confirmations.catch_up() == 0, "the accounts are behind"
        assert await accounts.catch_up() == reached
        assert await confirmations.catch_up() == reached

    async def test_tells_how_far_streams_may_read(self, book: Book) -> None:
        async with book.redis.pubsub() as listener:
            await listener.subscribe(fanout_channel(book.tenant))
            position = await book.given(placed())
            async with asyncio.timeout(5):
                async for message in listener.listen():
                    if message["type"] == "message":
                        assert int(message["data"]) == position
                        return

    async def test_goes_on_without_redis(self, database: Any) -> None:
        nowhere = Redis.from_url("unix:///nowhere/valkey.sock")
        async with open_book(database.url, nowhere) as book:
            position = await book.given(placed())
            assert await read_checkpoint(book.pool, "default", "fanout") == position
        await nowhere.aclose()

"""The runner: each event counts once, whoever runs, however often, and wherever it was cut off."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from events.domain.customer import Customer
from events.log.database import Connection
from events.log.reader import LogReader
from events.log.recorded import RecordedEvent
from projections.catalogue import CatalogueProjection
from projections.checkpoints import CheckpointMoved, move_checkpoint, read_checkpoint
from projections.feed import Feed
from projections.orders import EVERYONE, OrdersProjection
from projections.runner import Runner
from tests.projections.book import Book, EveryoneLeads, open_book
from tests.projections.business import moved, placed
from tests.projections.eventually import eventually


@contextlib.asynccontextmanager
async def running(*runners: Runner) -> AsyncIterator[None]:
    """These runners at work."""
    tasks = [asyncio.create_task(runner.run()) for runner in runners]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until_at(book: Book, projection: str, position: int) -> None:
    async def reached() -> bool:
        return await read_checkpoint(book.pool, book.tenant, projection) >= position

    await eventually(reached)


def orders_runner(book: Book, projection: OrdersProjection | None = None, batch: int = 1_000) -> Runner:
    return Runner(
        book.tenant,
        projection or OrdersProjection(book.tenant, book.shop.codec),
        book.pool,
        Feed(LogReader(book.pool, book.tenant)),
        EveryoneLeads(),
        batch=batch,
        poll=0.01,
    )


class TestTwoRunnersAtOnce:
    async def test_count_each_event_once(self, book: Book) -> None:
        position = 0
        async with running(*(orders_runner(book, batch=3) for _ in range(3))):
            for _ in range(40):
                position = await book.append(placed(), moved(placed(), "confirmed"))
            await until_at(book, "orders", position)
        await book.then_counts(EVERYONE, pending=40, confirmed=40)

    async def test_of_which_one_was_asleep_write_nothing_twice(self, book: Book) -> None:
        first, second = orders_runner(book), orders_runner(book)
        await book.append(placed())
        await first.catch_up()
        await second.catch_up()
        await book.append(placed())
        await first.catch_up()
        with pytest.raises(CheckpointMoved):
            await second._step()
        await book.then_counts(EVERYONE, pending=2)

    async def test_agree_on_the_checkpoint_before_they_write(self, book: Book) -> None:
        await book.append(placed())
        await read_checkpoint(book.pool, book.tenant, "orders")
        async with book.pool.acquire() as connection, connection.transaction():
            await move_checkpoint(connection, book.tenant, "orders", 0, 1)
            second = asyncio.create_task(orders_runner(book).catch_up())
            done, _ = await asyncio.wait((second,), timeout=0.3)
            assert not done, "it waits at the checkpoint, where it holds no other row"
        with pytest.raises(CheckpointMoved):
            await second


class Dying(OrdersProjection):
    """Writes, and is then cut off before the commit, or after it."""

    cut_before_commit = False
    cut_after_commit = False

    async def apply(self, transaction: Connection, events: Sequence[RecordedEvent]) -> None:
        await super().apply(transaction, events)
        if self.cut_before_commit:
            raise asyncio.CancelledError

    async def applied(self, events: Sequence[RecordedEvent]) -> None:
        if self.cut_after_commit:
            raise asyncio.CancelledError


class TestARunnerThatDies:
    async def test_before_the_commit_has_done_nothing(self, book: Book) -> None:
        dying = Dying(book.tenant, book.shop.codec)
        dying.cut_before_commit = True
        position = await book.append(placed(), placed())
        with pytest.raises(asyncio.CancelledError):
            await orders_runner(book, dying).catch_up()
        assert await read_checkpoint(book.pool, book.tenant, "orders") == 0
        await book.then_counts(EVERYONE)
        assert await orders_runner(book).catch_up() == position
        await book.then_counts(EVERYONE, pending=2)

    async def test_between_commit_and_wake_has_done_it_once(self, book: Book) -> None:
        dying = Dying(book.tenant, book.shop.codec)
        dying.cut_after_commit = True
        position = await book.append(placed(), placed())
        with pytest.raises(asyncio.CancelledError):
            await orders_runner(book, dying).catch_up()
        assert await read_checkpoint(book.pool, book.tenant, "orders") == position
        # Nobody was woken. Those that follow look for themselves.
        followers = [book.runners[name] for name in ("catalogue", "accounts", "fanout", "confirmations")]
        async with running(orders_runner(book), *followers):
            await until_at(book, "fanout", position)
            await until_at(book, "confirmations", position)
        await book.then_counts(EVERYONE, pending=2)
        assert len(book.enqueued) == 2

    async def test_is_continued_where_it_was(self, book: Book) -> None:
        for _ in range(3):
            await book.given(placed(), moved(placed(), "confirmed"))
            book.runners = book.new_runners()
        await book.then_counts(EVERYONE, pending=3, confirmed=3)


class Deaf(OrdersProjection):
    """Tells others by a library that swallows a cancellation."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.telling = asyncio.Event()

    async def applied(self, events: Sequence[RecordedEvent]) -> None:
        self.telling.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(60)


class Failing(OrdersProjection):
    """Tells others, and fails at that."""

    async def applied(self, events: Sequence[RecordedEvent]) -> None:
        raise ValueError("nobody can be told")


class TestTellingOthers:
    async def test_never_takes_back_what_was_committed(self, book: Book) -> None:
        position = await book.append(placed(), placed(), placed())
        with contextlib.suppress(ValueError):
            await orders_runner(book, Failing(book.tenant, book.shop.codec)).catch_up()
        assert await orders_runner(book).catch_up() == position
        await book.then_parked("orders")
        await book.then_counts(EVERYONE, pending=3)


class TestWaking:
    async def test_a_runner_that_nobody_wakes_looks_for_itself(self, book: Book) -> None:
        async with running(orders_runner(book)):
            await until_at(book, "orders", await book.append(placed()))

    async def test_those_that_follow_are_woken_at_once(self, book: Book) -> None:
        position = await book.append(placed())
        async with running(*book.runners.values()):
            await until_at(book, "confirmations", position)
            # Once they are asleep, nothing but a wake-up lets them act in the time that this test has.
            for runner in book.runners.values():
                runner._poll = 60.0
            await asyncio.sleep(0.3)
            position = await book.append(placed())
            for name in ("orders", "catalogue", "accounts"):
                book.runners[name].wake()
            await until_at(book, "confirmations", position)

    async def test_and_one_that_is_told_to_stop_as_it_is_woken_stops(self, book: Book) -> None:
        runner = orders_runner(book)
        task = asyncio.create_task(runner.run())
        await until_at(book, "orders", await book.append(placed()))
        runner._poll = 60.0
        await asyncio.sleep(0.3)
        runner.wake()
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=5)
        task.cancel()
        assert done

    async def test_and_one_whose_library_swallows_that_stops(self, book: Book) -> None:
        deaf = Deaf(book.tenant, book.shop.codec)
        task = asyncio.create_task(orders_runner(book, deaf).run())
        await book.append(placed())
        async with asyncio.timeout(10):
            await deaf.telling.wait()
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=5)
        task.cancel()
        assert done
        assert task.cancelled()


class TestTwoShops:
    async def test_are_posted_apart(self, database: Any, redis: Redis) -> None:
        async with open_book(database.url, redis) as one, open_book(database.url, redis, "other") as other:
            ada = uuid4()
            for _ in range(3):
                await one.append(placed(ada))
                await other.append(placed(ada), moved(placed(ada), "confirmed"))
            assert await one.runners["orders"].catch_up() == 3
            assert await other.runners["orders"].catch_up() == 9
            await one.then_counts(ada, pending=3)
            await other.then_counts(ada, pending=3, confirmed=3)


async def test_a_checkpoint_comes_past_events_that_mean_nothing_to_its_projection(book: Book) -> None:
    feed = Feed(LogReader(book.pool, book.tenant))
    runner = Runner(book.tenant, CatalogueProjection(book.tenant), book.pool, feed, EveryoneLeads(), poll=0.01)
    customers = [Customer.add(uuid4(), name="Ada", email="ada@example.com") for _ in range(5)]
    async with running(runner):
        for customer in customers:
            # One after the other: only the first of them is written down at once.
            await until_at(book, "catalogue", await book.append(customer))

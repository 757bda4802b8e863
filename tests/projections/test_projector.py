"""The projector: all projections of all shops, woken over Redis, through what happens to its servers."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from redis.asyncio import Redis

from daybook.embedded import PostgresServer
from daybook.projector_process import make_runners
from events.log.connect import connect, create_pool
from events.log.tenants import add_tenant, all_tenants
from events.log.wakeups import Waker
from projections.checkpoints import read_checkpoint
from projections.leadership import AdvisoryLeadership
from projections.orders import EVERYONE
from projections.projector import Projector
from tests.projections.book import Book, open_book
from tests.projections.business import placed
from tests.projections.eventually import eventually


@pytest.fixture
def book(own_book: Book) -> Book:
    return own_book


@contextlib.asynccontextmanager
async def projecting(book: Book, url: str, poll: float = 0.25) -> AsyncIterator[asyncio.Task[None]]:
    """A projector, as its process runs one."""
    leadership = AdvisoryLeadership(lambda: connect(url, "test leader"))
    async with await create_pool(url, "test projector") as pool:

        def build(tenant: str) -> Any:
            runners = make_runners(pool, tenant, book.shop.codec, book.redis, book._note, leadership)
            for runner in runners:
                runner._poll = poll
            return runners

        projector = Projector(book.redis, lambda: all_tenants(pool), build, look_every=0.05)
        task = asyncio.create_task(projector.run())
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.wait((task,))
            await leadership.close()


async def until_posted(book: Book, position: int, tenant: str = "default", patience: float = 10.0) -> None:
    """Wait until all projections are there."""

    async def posted() -> bool:
        names = ("orders", "catalogue", "fanout", "confirmations")
        return all([await read_checkpoint(book.pool, tenant, name) >= position for name in names])

    await eventually(posted, patience)


class TestTheProjector:
    async def test_posts_every_shop(self, book: Book, database: Any, redis: Redis) -> None:
        async with open_book(database.url, redis, "other") as other, projecting(book, database.url):
            await until_posted(book, await book.append(placed()))
            await until_posted(other, await other.append(placed(), placed()), "other")
            await other.then_counts(EVERYONE, pending=2)

    async def test_finds_a_shop_that_opens_later(self, book: Book, database: Any, owner: asyncpg.Connection) -> None:
        async with projecting(book, database.url):
            await add_tenant(owner, "late")
            async with open_book(database.url, book.redis, "late") as late:
                await until_posted(late, await late.append(placed()), "late")

    async def test_is_woken_by_a_commit_long_before_it_would_look(self, book: Book, database: Any) -> None:
        async with projecting(book, database.url, poll=60.0):
            await eventually(book.redis.pubsub_numpat)
            waker = Waker(book.redis)
            for _ in range(5):
                await asyncio.sleep(0.05)
                position = await book.append(placed())
                waker.tell(book.tenant, position)
                await until_posted(book, position)
            await waker.close()

    async def test_and_another_one_beside_it_are_harmless(self, book: Book, database: Any) -> None:
        async with projecting(book, database.url), projecting(book, database.url):
            position = 0
            for _ in range(30):
                position = await book.append(placed())
            await until_posted(book, position)
        await book.then_counts(EVERYONE, pending=30)

    async def test_is_followed_by_the_other_one_when_it_goes(self, book: Book, database: Any) -> None:
        async with contextlib.AsyncExitStack() as first:
            await first.enter_async_context(projecting(book, database.url))
            await until_posted(book, await book.append(placed()))
            async with projecting(book, database.url):
                await first.aclose()
                await until_posted(book, await book.append(placed()))
        await book.then_counts(EVERYONE, pending=2)


async def test_a_postgres_that_dies_under_it_is_waited_out(own_postgres: PostgresServer, redis: Redis) -> None:
    owner = await asyncpg.connect(own_postgres.owner_url())
    url = own_postgres.url()
    async with open_book(url, redis) as book, projecting(book, url) as projector:
        await until_posted(book, await book.append(placed()))
        # Its questions hang at this lock, so that the kill meets each of them under way.
        await owner.execute("BEGIN; LOCK TABLE tenants, checkpoints")
        await asyncio.sleep(0.3)
        await asyncio.to_thread(own_postgres.kill)
        await asyncio.sleep(0.3)
        await asyncio.to_thread(own_postgres.start)
        posted = asyncio.create_task(until_posted(book, await book.append(placed()), patience=20))
        await asyncio.wait((posted, projector), return_when=asyncio.FIRST_COMPLETED)
        assert not projector.done(), projector.exception()
        await posted
        await book.then_counts(EVERYONE, pending=2)
    owner.terminate()

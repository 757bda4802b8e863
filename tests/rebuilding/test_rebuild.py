"""A read model that is rebuilt beside the one that serves is the same, and serves afterwards."""

import random

import asyncpg

from daybook.rebuilding.progress import Reporter
from daybook.rebuilding.rebuild import rebuild
from daybook.settings import Settings
from tests.projections.book import Book
from tests.projections.test_replay import a_busy_day


async def test_first(book: Book, other_book: Book, settings: Settings, owner: asyncpg.Connection) -> None:
    await a_busy_day(book, random.Random(1))
    await a_busy_day(other_book, random.Random(2))
    before = await book.read_models(), await other_book.read_models()
    for name in ("orders", "catalogue", "waiting"):
        await rebuild(settings, name, Reporter())
    assert (await book.read_models(), await other_book.read_models()) == before
    print(await owner.fetch("select tenant_id, projection, position, version from checkpoints"))
    print(
        await owner.fetch("select schemaname, indexname from pg_indexes where tablename in ('order_list', 'catalogue')")
    )
    await a_busy_day(book, random.Random(4))
    await book.post()

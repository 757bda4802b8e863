"""A rebuild, or a swap, that dies at any moment changes nothing of what serves, and can be gone on with."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
import pytest

from daybook.rebuilding.rebuild import rebuild, rollback
from daybook.settings import Settings
from tests.projections.book import Book
from tests.projections.business import line, moved, placed, product
from tests.rebuilding.conftest import Heard, rows_of

ASKING = ("execute", "executemany", "fetch", "fetchrow", "fetchval")


class Died(Exception):
    """The process ends here, in the middle."""


@contextmanager
def dying_at(call: int) -> Iterator[list[str]]:
    """Within, the call of this number to the database never happens, nor any after it: from 1; yields those made."""
    made: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        for name in ASKING:
            asked = getattr(asyncpg.Connection, name)

            async def ask(self: asyncpg.Connection, query: str, *args: Any, _asked: Any = asked, **options: Any) -> Any:
                made.append(query)
                if len(made) >= call:
                    # Nothing is tidied up by who is dead: the server finds the connection gone.
                    self.terminate()
                    raise Died
                return await _asked(self, query, *args, **options)

            patch.setattr(asyncpg.Connection, name, ask)
        yield made


async def a_little_happens(book: Book) -> None:
    pen = product(stock=50)
    await book.given(pen, placed(None, line(pen)), moved(placed(None, line(pen)), "confirmed"))


async def calls_of_a_rebuild(settings: Settings, reporter: Heard) -> list[str]:
    with dying_at(10**9) as made:
        await rebuild(settings, "orders", reporter)
    return made


async def test_a_rebuild_dies_anywhere(
    book: Book, settings: Settings, reporter: Heard, owner: asyncpg.Connection
) -> None:
    await a_little_happens(book)
    calls = await calls_of_a_rebuild(settings, reporter)
    swapping = next(n for n, call in enumerate(calls) if call.startswith("LOCK TABLE tenants"))
    points = {*range(swapping, len(calls) + 1, 3), *random.sample(range(1, swapping), 12)}
    for point in sorted(points):
        serving = await owner.fetchval("SELECT 'order_list'::regclass::oid")
        before = await rows_of(book, "orders")
        with dying_at(point), pytest.raises((Died, asyncpg.InterfaceError)):
            await rebuild(settings, "orders", reporter)
        assert await rows_of(book, "orders") == before, calls[point - 1]
        assert await owner.fetchval("SELECT 'order_list'::regclass::oid") == serving, calls[point - 1]
        await book.given(moved(placed(), "confirmed"))
        after = await rows_of(book, "orders")
        # Unless it died before there was anything to go on with.
        begun = await owner.fetchval("SELECT to_regnamespace('rebuild_orders') IS NOT NULL")
        await rebuild(settings, "orders", reporter, resume=begun)
        assert await rows_of(book, "orders") == after, calls[point - 1]
        assert await owner.fetchval("SELECT 'order_list'::regclass::oid") != serving, calls[point - 1]


async def test_a_rollback_dies_anywhere(book: Book, settings: Settings, reporter: Heard) -> None:
    await a_little_happens(book)
    await rebuild(settings, "orders", reporter)
    with dying_at(10**9) as calls:
        await rollback(settings, "orders", reporter)
    for point in range(1, len(calls) + 1, 4):
        await book.given(moved(placed(), "confirmed"))
        before = await rows_of(book, "orders")
        with dying_at(point), pytest.raises((Died, asyncpg.InterfaceError)):
            await rollback(settings, "orders", reporter)
        assert await rows_of(book, "orders") == before, calls[point - 1]
        await rollback(settings, "orders", reporter)
        assert await rows_of(book, "orders") == before, calls[point - 1]

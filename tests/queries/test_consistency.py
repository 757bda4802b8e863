"""A read that names a write waits until it can show it, or says that it cannot."""

import asyncio
import time

import pytest

from projections.orders import EVERYONE
from queries.consistency import ProjectionBehind, wait_for_position
from tests.projections.book import Book
from tests.projections.business import line, placed, product


async def test_what_is_posted_is_shown_at_once(book: Book) -> None:
    position = await book.given(placed())
    await wait_for_position(book.pool, book.tenant, "orders", position, patience=0)


async def test_what_is_not_posted_yet_is_waited_for(book: Book) -> None:
    position = await book.append(placed())
    reading = asyncio.create_task(wait_for_position(book.pool, book.tenant, "orders", position))
    done, _ = await asyncio.wait((reading,), timeout=0.2)
    assert not done
    await book.post()
    async with asyncio.timeout(1):
        await reading
    await book.then_counts(EVERYONE, pending=1)


async def test_each_read_model_answers_for_itself(book: Book) -> None:
    pen = product(stock=1)
    position = await book.append(pen, placed(None, line(pen)))
    await book.runners["catalogue"].catch_up()
    await wait_for_position(book.pool, book.tenant, "catalogue", position)
    with pytest.raises(ProjectionBehind, match="orders"):
        await wait_for_position(book.pool, book.tenant, "orders", position, patience=0.05)


async def test_patience_ends(book: Book) -> None:
    position = await book.append(placed())
    started = time.monotonic()
    with pytest.raises(ProjectionBehind) as behind:
        await wait_for_position(book.pool, book.tenant, "orders", position, patience=0.3)
    assert 0.1 < time.monotonic() - started < 2
    assert behind.value.projection == "orders"


async def test_a_projection_that_never_ran_is_behind_everything(book: Book) -> None:
    await wait_for_position(book.pool, book.tenant, "orders", 0)
    with pytest.raises(ProjectionBehind):
        await wait_for_position(book.pool, book.tenant, "orders", 1, patience=0.05)

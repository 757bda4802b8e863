"""A shop in a database of its own, whose read models are rebuilt."""

import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis

from daybook.rebuilding.progress import Reporter
from daybook.settings import Settings
from events.domain.order import Order
from events.domain.order_parts import Line
from tests.databases import Database
from tests.projections.book import MASTER_KEY, SECRET, Book, open_book
from tests.projections.business import line, moved, placed, product
from tests.projections.test_replay import a_busy_day
from tests.projections.test_waiting import online

REBUILT = {
    "orders": ("order_list", "order_counts"),
    "catalogue": ("catalogue",),
    "waiting": ("expiry_timers", "backorders"),
}
"""Projections that can be rebuilt, and their tables."""


@pytest.fixture
def settings(database: Database) -> Settings:
    return Settings(
        database_url=database.url,
        database_owner_url=database.owner_url,
        redis_url="redis://127.0.0.1:1",
        secret=SECRET,
        master_key=MASTER_KEY,
    )


@pytest.fixture
async def book(database: Database, redis: Redis) -> AsyncIterator[Book]:
    async with open_book(database.url, redis) as opened:
        yield opened


@pytest.fixture
async def other_book(database: Database, redis: Redis) -> AsyncIterator[Book]:
    """Another shop in the same tables."""
    async with open_book(database.url, redis, "other") as opened:
        yield opened


@pytest.fixture
def reporter() -> "Heard":
    return Heard()


class Heard(Reporter):
    """What was said."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


async def everything_happens(book: Book, seed: int = 1) -> None:
    """Orders come and go, wait for payment and for stock, are held, go elsewhere, and come from elsewhere."""
    await a_busy_day(book, random.Random(seed))
    pen = product("INK", stock=50)
    unpaid, late, held, elsewhere = (
        *(online(line(pen, 2)), online(line(pen, 5), backordered=2)),
        *(placed(None, line(pen)), placed(None, line(pen))),
    )
    hold_id = held.place_hold("ship", "fraud_review", "looks odd")
    held.place_hold("confirm", "stock_check", None)
    held.release_hold(hold_id)
    held.add_note("rings twice")
    elsewhere.readdress({"recipient": "Ben", "line1": "1 Quay", "city": "Bristol", "country": "GB"})
    await book.append(pen, unpaid, late, held, moved(elsewhere, "confirmed"), moved(past(line(pen, 1)), "confirmed"))
    unpaid.authorize("psp", 10, "USD")
    await book.given(unpaid)


def past(*lines: Line) -> Order:
    """An order that was placed elsewhere."""
    return Order.import_from(
        uuid4(),
        datetime(2019, 5, 1, tzinfo=UTC),
        number="7K3M9QF",
        user_id=str(UUID(int=7)),
        currency="USD",
        lines=list(lines),
        shipping_cents=0,
        shipping_address={"recipient": "Ada", "line1": "1 Quay", "city": "Bristol", "country": "GB"},
        reference=uuid4().hex,
        fingerprint="f",
    )


async def rows_of(book: Book, *projections: str) -> dict[str, list[str]]:
    """The rows that these projections serve, as text, in some order that is always the same."""
    return {
        table: sorted(
            str(tuple(row))
            for row in await book.pool.fetch(f"SELECT * FROM {table}")  # noqa: S608  # one of ours
            if row.get("orders") != 0
        )
        for projection in projections
        for table in REBUILT[projection]
    }

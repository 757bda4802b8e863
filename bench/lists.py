"""`GET /orders` and `GET /stats/sales` in the server, without HTTP: database and rendering, with 250,000 orders.

Each list is read at its first page and after places anywhere in it, in turns with the others. A page has
50 orders, unless said otherwise.
"""

import random
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from uuid import UUID

import asyncpg
import uvloop

from bench.servers import describe
from bench.stack import Stack
from events.caller import Caller
from events.log.connect import create_pool
from events.opaque import Cursors
from queries.list_orders import DEEPEST, OrderList
from queries.order_filter import OrderFilter, Place, asked_words
from queries.sales import SalesFilter, sales

ROUNDS = 400
_PAGES = DEEPEST // 50
AIM_MS = 10.0
TENANT = "default"
BIG = UUID(int=1)
"""A customer with 20,000 orders."""
A_MONTH = {"placed_from": datetime(2025, 6, 1, tzinfo=UTC), "placed_to": datetime(2025, 7, 1, tzinfo=UTC)}
MAY = (date(2025, 5, 1), date(2025, 6, 1))
FILL = Path(__file__).with_name("lists.sql")

Read = Callable[[bool], Awaitable[object]]


def _one(*statuses: str) -> frozenset[str]:
    return frozenset(statuses)


FILTERS = {
    "all": OrderFilter(),
    "all, oldest first": OrderFilter(sort="placed_at"),
    "all, by total": OrderFilter(sort="-total_cents"),
    "a month": OrderFilter(**A_MONTH),  # type: ignore[arg-type]
    "delivered": OrderFilter(statuses=_one("delivered")),
    "expired (250)": OrderFilter(statuses=_one("expired")),
    "four statuses": OrderFilter(statuses=_one("pending", "confirmed", "shipped", "cancelled")),
    "refunded": OrderFilter(payment_statuses=_one("refunded")),
    "delivered, unpaid": OrderFilter(statuses=_one("delivered"), payment_statuses=_one("unpaid")),
    "unfulfilled in a month": OrderFilter(fulfillment_statuses=_one("unfulfilled"), **A_MONTH),  # type: ignore[arg-type]
    "a customer's": OrderFilter(UUID(int=4711)),
    "a big customer's": OrderFilter(BIG),
    "a big customer's, expired": OrderFilter(BIG, statuses=_one("expired")),
    "a big customer's, by total": OrderFilter(BIG, sort="total_cents"),
    "number": OrderFilter(words=asked_words("N-1e240")),
    "mail": OrderFilter(words=asked_words("c4711@example.com")),
    "name": OrderFilter(words=asked_words("first7 last4707")),
    "in every order": OrderFilter(words=asked_words("fountain pen")),
    "in every order, expired": OrderFilter(words=asked_words("fountain ink"), statuses=_one("expired")),
    "in none together": OrderFilter(words=asked_words("first7 sku8 bottle")),
    "beginning": OrderFilter(words=asked_words("1z00ab*")),
    "a big customer's, word": OrderFilter(BIG, words=asked_words("ink sku77")),
}


def run(rounds: int = ROUNDS) -> None:
    """Measure and print."""
    data = Path(tempfile.mkdtemp(prefix="bench-lists-")).resolve()
    try:
        with Stack(data) as stack:
            begin = time.perf_counter()
            stack.tell(FILL.read_text())
            stack.tell("VACUUM ANALYZE order_list, order_counts, order_search, sales")
            print(
                f"lists of 250,000 orders (made in {time.perf_counter() - begin:.0f} s),"
                f" {rounds} of each; {describe(stack.postgres.owner_url())}"
            )
            taken = uvloop.run(_measure(stack.settings.database_url, rounds))
    finally:
        shutil.rmtree(data)
    print(f"  {'':36} {'first page':>20} {'anywhere in it':>20}   in ms; aim: p99 ≤ {AIM_MS:.0f}")
    print(f"  {'':36} {'p50':>10}{'p99':>10} {'p50':>10}{'p99':>10}")
    for name, (first, anywhere) in taken.items():
        missed = "  MISSED" if max(_p99(first), _p99(anywhere)) > AIM_MS else ""
        print(f"  {name:36} {_shown(first)} {_shown(anywhere)}{missed}")


def _p99(seconds: list[float]) -> float:
    return quantiles(seconds, n=100)[-1] * 1000 if seconds else 0.0


def _shown(seconds: list[float]) -> str:
    return f"{median(seconds) * 1000:10.2f}{_p99(seconds):10.2f}" if seconds else f"{'':20}"


async def _measure(url: str, rounds: int) -> dict[str, tuple[list[float], list[float]]]:
    pool = await create_pool(url, "bench lists")
    reads = _reads(pool)
    taken: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in reads}
    for n in range(rounds + 10):
        for name, (read, deep) in reads.items():
            for anywhere in (False, True)[: 1 + deep]:
                begin = time.perf_counter()
                await read(anywhere)
                if n >= 10:
                    taken[name][anywhere].append(time.perf_counter() - begin)
    await pool.close()
    return taken


def _reads(pool: asyncpg.Pool) -> dict[str, tuple[Read, bool]]:
    """Name → what reads a page, and whether it can begin anywhere."""
    cursors = Cursors(b"x" * 32, TENANT)
    orders = OrderList(pool, TENANT, cursors, Caller(UUID(int=9), TENANT, ("staff",)))

    def listed(wanted: OrderFilter, limit: int = 50) -> Read:
        async def read(anywhere: bool) -> object:
            cursor = orders.cursor_at(_somewhere(wanted), wanted) if anywhere else None
            return await orders.after_cursor(wanted, cursor, limit, facets=True)

        return read

    def numbered(wanted: OrderFilter) -> Read:
        return lambda anywhere: orders.numbered(wanted, random.randint(1, _PAGES) if anywhere else _PAGES, 50)

    def summed(wanted: SalesFilter) -> Read:
        return lambda _: sales(pool, TENANT, cursors, wanted, None, 50)

    return {
        **{name: (listed(wanted), True) for name, wanted in FILTERS.items()},
        "200 of all": (listed(OrderFilter(), 200), True),
        "200 of four statuses": (listed(FILTERS["four statuses"], 200), True),
        "the last numbered page, any page": (numbered(OrderFilter()), True),
        "the same of delivered": (numbered(FILTERS["delivered"]), True),
        "sales by day": (summed(SalesFilter("day")), False),
        "sales by product": (summed(SalesFilter("product")), False),
        "sales by product in a month": (summed(SalesFilter("product", *MAY)), False),
        "sales by customer in a month": (summed(SalesFilter("customer", *MAY)), False),
    }


def _somewhere(wanted: OrderFilter) -> Place:
    if wanted.key == "total_cents":
        return Place(random.randint(1_000, 91_000), 0)
    begin = wanted.placed_from or datetime(2024, 11, 24, tzinfo=UTC)
    days = 30 if wanted.placed_from else 730
    return Place(begin + timedelta(days=days * random.random()), 0)


if __name__ == "__main__":
    run()

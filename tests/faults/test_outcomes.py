"""The outcomes of an append, asked for through one, two and four API processes that share nothing but the log.

appended, replayed   of duplicates under one key one acts, wherever it lands
key_reused           the same key with another request
refused              a stock that many want at once
conflict             writers that expect a version, and writers of which only one can be right
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import uuid4

import pytest

from bench.client import Answer, Client
from bench.stack import Api
from tests.faults.running import Running
from tests.faults.test_races import add_product, place

AT_ONCE = 24
STOCK = 20
ROUNDS = 5


class Doors:
    """The same service through so many processes: who asks next asks the next process."""

    def __init__(self, running: Running, apis: list[Api]) -> None:
        self.running = running
        self.shopper = running.market.shoppers[0]
        self.customers = [running.client(api) for api in apis]
        self.staff = [running.client(api, "staff") for api in apis]

    def customer(self, number: int) -> Client:
        return self.customers[number % len(self.customers)]

    def clerk(self, number: int) -> Client:
        return self.staff[number % len(self.staff)]

    async def product(self, *, stock: int = 1_000) -> str:
        return await add_product(self.staff[0], stock=stock)

    async def order(self, product_id: str, quantity: int = 1) -> str:
        """A pending order of the shopper's; its id."""
        body = {
            "items": [{"product_id": product_id, "quantity": quantity}],
            "shipping_address_id": str(self.shopper.address_id),
        }
        answer = await self.customers[0].post("/orders", body, token=self.shopper.token)
        assert answer.status == 201, answer
        return str(answer.json()["id"])

    async def sets(self, number: int, order_id: str, status: str, headers: dict[str, str] | None = None) -> Answer:
        path = f"/orders/{order_id}/status"
        return await self.clerk(number).send("PATCH", path, {"status": status}, headers=headers)

    async def cancels(self, number: int, order_id: str) -> Answer:
        return await self.clerk(number).post(f"/orders/{order_id}/cancellation", {"reason": "a mistake"})

    async def available(self, product_id: str) -> set[int]:
        """What each process says is available."""
        answers = [await clerk.get(f"/products/{product_id}") for clerk in self.staff]
        return {answer.json()["available"] for answer in answers}

    def history(self, order_id: str) -> list[str]:
        rows = self.running.stack.ask(
            "SELECT event_type FROM events WHERE tenant_id = 'default' AND stream_id = %s ORDER BY stream_version",
            order_id,
        )
        return [event_type for (event_type,) in rows]


@pytest.fixture(scope="module", params=[1, 2, 4], ids=lambda processes: f"{processes} processes")
def apis(request: pytest.FixtureRequest, service: Running) -> Iterator[list[Api]]:
    """So many processes: the service's own, and others that end with these tests."""
    service.mend()
    begun = [service.stack.begin_api() for _ in range(request.param - len(service.apis))]
    for api in begun:
        api.wait_until_ready()
    yield [*service.apis, *begun][: request.param]
    for api in begun:
        api.end()


@pytest.fixture
def doors(running: Running, apis: list[Api]) -> Doors:
    return Doors(running, apis)


def codes(answers: Sequence[Answer]) -> Counter[Any]:
    """How often each outcome came: its status, or the code of its problem."""
    return Counter(one.status if one.status < 400 else one.json()["code"] for one in answers)


async def test_of_duplicates_under_one_key_exactly_one_acts(doors: Doors) -> None:
    product_id = await doors.product()
    for _ in range(ROUNDS):
        key, before = uuid4().hex, doors.running.head()
        answers = await asyncio.gather(
            *(place(doors.customer(n), product_id, doors.shopper, key) for n in range(AT_ONCE))
        )
        assert {(one.status, one.body) for one in answers} == {(201, answers[0].body)}
        for header in ("etag", "consistency-token", "location"):
            assert len({one.headers[header] for one in answers}) == 1
        assert Counter(one.headers.get("idempotent-replayed") for one in answers) == {None: 1, "true": AT_ONCE - 1}
        assert doors.running.placed_after(before) == [answers[0].json()["id"]]
    assert await doors.available(product_id) == {1_000 - ROUNDS}


async def test_one_key_for_two_requests_is_bound_to_one_of_them(doors: Doors) -> None:
    products = [await doors.product(), await doors.product()]
    for _ in range(ROUNDS):
        key, before = uuid4().hex, doors.running.head()
        # Both requests are asked for at every process.
        answers = await asyncio.gather(
            *(place(doors.customer(n // 2), products[n % 2], doors.shopper, key) for n in range(AT_ONCE))
        )
        assert codes(answers) == {201: AT_ONCE // 2, "idempotency_key_reused": AT_ONCE // 2}
        [order_id] = doors.running.placed_after(before)
        done = [one for one in answers if one.status == 201]
        assert {one.body for one in done} == {done[0].body}
        assert done[0].json()["id"] == order_id
        assert {one.status for one in answers if one.status != 201} == {422}


async def test_a_stock_that_more_want_is_sold_out_exactly(doors: Doors) -> None:
    product_id = await doors.product(stock=STOCK)
    before = doors.running.head()
    answers = await asyncio.gather(
        *(place(doors.customer(n), product_id, doors.running.market.shoppers[n]) for n in range(3 * STOCK))
    )
    assert codes(answers) == {201: STOCK, "insufficient_stock": 2 * STOCK}
    refused = [one.json() for one in answers if one.status == 422]
    assert {(one["product_id"], one["asked"], one["available"]) for one in refused} == {(product_id, 1, 0)}
    assert len(doors.running.placed_after(before)) == STOCK
    assert await doors.available(product_id) == {0}


async def test_of_writers_that_expect_one_version_exactly_one_is_right(doors: Doors) -> None:
    product_id = await doors.product()
    version = 2
    for turn in range(ROUNDS):
        headers = {"If-Match": f'"{version}"'}
        answers = await asyncio.gather(
            *(
                doors.clerk(n).send(
                    "PATCH", f"/products/{product_id}", {"price_cents": 1 + n + 100 * turn}, headers=headers
                )
                for n in range(AT_ONCE)
            )
        )
        assert codes(answers) == {200: 1, "version_mismatch": AT_ONCE - 1}
        version += 1
        assert {one.json()["current_version"] for one in answers if one.status == 412} == {version}
        [right] = [one.json() for one in answers if one.status == 200]
        for clerk in doors.staff:
            assert (await clerk.get(f"/products/{product_id}")).json() == right


async def test_writers_that_expect_no_version_are_all_served_or_put_off(doors: Doors) -> None:
    product_id = await doors.product(stock=0)
    path = f"/products/{product_id}/stock"
    answers = await asyncio.gather(
        *(doors.clerk(n).post(path, {"quantity": 1, "reason": "a delivery"}) for n in range(AT_ONCE))
    )
    done = codes(answers)
    assert done.keys() <= {200, "contention"}
    assert done[200] >= AT_ONCE / 2
    assert await doors.available(product_id) == {done[200]}


async def test_an_order_is_cancelled_or_shipped_and_never_both(doors: Doors) -> None:
    product_id = await doors.product()
    won = Counter[str]()
    for turn in range(2 * ROUNDS):
        order_id = await doors.order(product_id, 2)
        assert (await doors.sets(turn, order_id, "confirmed")).status == 200
        # Who is asked first has a head start: each in turn.
        moves = [doors.cancels(turn, order_id), doors.sets(turn + 1, order_id, "shipped")]
        if turn % 2:
            moves.reverse()
        answers = await asyncio.gather(*moves)
        assert codes(answers) == {200: 1, "illegal_transition": 1}
        placed, confirmed, last = doors.history(order_id)
        assert (placed, confirmed) == ("OrderPlaced", "OrderConfirmed")
        assert last in ("OrderCancelled", "OrderShipped")
        [right] = [one.json() for one in answers if one.status == 200]
        assert right["status"] == {"OrderCancelled": "cancelled", "OrderShipped": "shipped"}[last]
        won[last] += 1
    assert await doors.available(product_id) == {1_000 - 2 * won["OrderShipped"]}


async def test_confirming_and_cancelling_many_times_at_once_each_happens_once(doors: Doors) -> None:
    product_id = await doors.product()
    for _ in range(ROUNDS):
        order_id = await doors.order(product_id, 3)
        answers = await asyncio.gather(*(doors.sets(n, order_id, "confirmed") for n in range(8)))
        assert codes(answers) == {200: 8}
        assert {one.json()["version"] for one in answers} == {2}
        assert doors.history(order_id) == ["OrderPlaced", "OrderConfirmed"]
        answers = await asyncio.gather(*(doors.cancels(n, order_id) for n in range(8)))
        assert codes(answers) == {200: 8}
        assert doors.history(order_id) == ["OrderPlaced", "OrderConfirmed", "OrderCancelled"]
    assert await doors.available(product_id) == {1_000}


async def test_units_shipped_through_all_processes_are_never_more_than_ordered(doors: Doors) -> None:
    product_id = await doors.product()
    order_id = await doors.order(product_id, 5)
    confirmed = await doors.sets(0, order_id, "confirmed")
    part = {"item_id": confirmed.json()["items"][0]["id"], "quantity": 1}
    answers = await asyncio.gather(
        *(doors.clerk(n).post(f"/orders/{order_id}/shipments", {"items": [part]}) for n in range(12))
    )
    outcomes = codes(answers)
    assert outcomes.keys() <= {201, "exceeds_open", "illegal_transition", "contention"}
    assert outcomes[201] == min(5, 12 - outcomes["contention"])
    assert len({one.json()["shipment_id"] for one in answers if one.status == 201}) == outcomes[201]
    assert doors.history(order_id) == ["OrderPlaced", "OrderConfirmed", *["OrderShipped"] * outcomes[201]]


async def test_afterwards_every_ledger_agrees_with_the_log(running: Running) -> None:
    await asyncio.to_thread(running.stack.wait_until_projected)
    await running.verify()

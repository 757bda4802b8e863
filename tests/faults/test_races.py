"""Many at once, through two API processes that know nothing of each other but the log."""

import asyncio
from collections import Counter
from itertools import cycle
from typing import Any
from uuid import uuid4

from bench.client import Answer, Client
from bench.shoppers import Shopper
from tests.faults.running import Running

STOCK = 50
RUSHES = 5
BUYERS = 200
DUPLICATES = 50
PRICE_CHANGES = 30


async def add_product(staff: Client, *, stock: int, price_cents: int = 1_000) -> str:
    sku = f"RACE-{uuid4().hex[:12]}"
    answer = await staff.post(
        "/products", {"sku": sku, "name": "Raced for", "price_cents": price_cents, "stock": stock}
    )
    assert answer.status == 201, answer
    return str(answer.json()["id"])


def order_of(product_id: str, shopper: Shopper) -> dict[str, Any]:
    return {
        "items": [{"product_id": product_id, "quantity": 1}],
        "shipping_address_id": str(shopper.address_id),
    }


async def place(client: Client, product_id: str, shopper: Shopper, key: str | None = None) -> Answer:
    headers = {} if key is None else {"Idempotency-Key": key}
    return await client.post("/orders", order_of(product_id, shopper), token=shopper.token, headers=headers)


async def test_two_hundred_want_fifty_and_fifty_get_one(running: Running) -> None:
    for _ in range(RUSHES):
        served = await rush(running)
        if all(served):
            break
    else:
        raise AssertionError("one process served all of them, every time")
    await asyncio.to_thread(running.stack.wait_until_projected)
    await running.verify()


async def rush(running: Running) -> tuple[int, ...]:
    """So many want one at once, through both processes; answers how many of them each process served."""
    staff = running.client(running.apis[0], "staff")
    product_id = await add_product(staff, stock=STOCK)
    clients = [running.client(api) for api in running.apis]
    shoppers = cycle(running.market.shoppers)

    answers = await asyncio.gather(
        *(place(clients[n % len(clients)], product_id, next(shoppers)) for n in range(BUYERS))
    )

    assert Counter(answer.status for answer in answers) == {201: STOCK, 422: BUYERS - STOCK}
    refused = [answer.json() for answer in answers if answer.status == 422]
    assert {(one["code"], one["asked"], one["available"]) for one in refused} == {("insufficient_stock", 1, 0)}
    assert len({answer.json()["id"] for answer in answers if answer.status == 201}) == STOCK
    for client in clients:
        product = await client.get(f"/products/{product_id}", token=running.market.shoppers[0].token)
        assert product.json()["available"] == 0
    return tuple(sum(answer.status == 201 for answer in answers[n::2]) for n in (0, 1))


async def test_fifty_duplicates_of_one_key_are_one_order(running: Running) -> None:
    staff = running.client(running.apis[0], "staff")
    product_id = await add_product(staff, stock=DUPLICATES)
    clients = [running.client(api) for api in running.apis]
    shopper, key, before = running.market.shoppers[0], uuid4().hex, running.head()

    answers = await asyncio.gather(
        *(place(clients[n % len(clients)], product_id, shopper, key) for n in range(DUPLICATES))
    )

    assert {(answer.status, answer.body) for answer in answers} == {(201, answers[0].body)}
    assert Counter(answer.headers.get("idempotent-replayed") for answer in answers) == {None: 1, "true": DUPLICATES - 1}
    order_id = answers[0].json()["id"]
    assert running.placed_after(before) == [order_id]
    product = await staff.get(f"/products/{product_id}")
    assert product.json()["available"] == DUPLICATES - 1

    # The order moves on; its key still gets the first answer, from either process.
    moved = await staff.send("PATCH", f"/orders/{order_id}/status", {"status": "confirmed"})
    assert moved.json()["status"] == "confirmed"
    for client in clients:
        again = await place(client, product_id, shopper, key)
        assert (again.status, again.body) == (201, answers[0].body)
        assert again.headers["idempotent-replayed"] == "true"
        assert again.headers["etag"] == answers[0].headers["etag"]
        assert again.headers["consistency-token"] == answers[0].headers["consistency-token"]
    assert running.placed_after(before) == [order_id]


async def test_a_price_changed_through_one_process_holds_at_once_in_the_other(running: Running) -> None:
    staff, other = running.client(running.apis[0], "staff"), running.client(running.apis[1])
    shopper = running.market.shoppers[0]
    product_id = await add_product(staff, stock=10_000, price_cents=1_000)
    for price_cents in range(1_001, 1_001 + PRICE_CHANGES):
        changed = await staff.send("PATCH", f"/products/{product_id}", {"price_cents": price_cents})
        assert changed.status == 200, changed
        placed = await place(other, product_id, shopper)
        assert placed.json()["items"][0]["price_cents"] == price_cents


async def test_every_order_has_the_price_that_held_where_it_stands_in_the_log(running: Running) -> None:
    staff = running.client(running.apis[0], "staff")
    clients = [running.client(api) for api in running.apis]
    before = running.head()
    product_id = await add_product(staff, stock=10_000, price_cents=1_000)
    selling = True

    async def buy(client: Client, shopper: Shopper) -> None:
        while selling:
            answer = await place(client, product_id, shopper)
            assert answer.status == 201, answer

    async with asyncio.TaskGroup() as buyers:
        for n, shopper in enumerate(running.market.shoppers[:8]):
            buyers.create_task(buy(clients[n % len(clients)], shopper))
        for price_cents in range(1_001, 1_001 + PRICE_CHANGES):
            changed = await staff.send("PATCH", f"/products/{product_id}", {"price_cents": price_cents})
            assert changed.status == 200, changed
            await asyncio.sleep(0.01)
        selling = False

    rows = running.stack.ask(
        "SELECT event_type, convert_from(data, 'UTF8')::jsonb FROM events"
        " WHERE tenant_id = 'default' AND position > %s ORDER BY position",
        before,
    )
    price, sold = 1_000, Counter[int]()
    for event_type, data in rows:
        if event_type == "ProductPriceChanged":
            price = data["price_cents"]
        elif event_type == "OrderPlaced" and data["lines"][0]["product_id"] == product_id:
            assert data["lines"][0]["price_cents"] == price
            sold[price] += 1
    assert len(sold) > PRICE_CHANGES / 2, f"the changes did not fall between orders: {sold}"

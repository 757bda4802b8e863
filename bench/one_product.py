"""Orders for one product, against orders spread over many: what it costs that all want the same guarded quantity.

With one API process and with two, 32 connections in all, side by side in rounds that take turns. The projector is at
rest, for what is measured is the append.
"""

import asyncio
import random
import shutil
import tempfile
import time
from pathlib import Path
from statistics import median
from uuid import UUID

from bench.client import Client
from bench.shoppers import Market, make_market
from bench.stack import Api, Stack

CONNECTIONS = 32
ROUNDS = 5
SECONDS = 4
AIM = 0.9


def run(rounds: int = ROUNDS, seconds: float = SECONDS) -> None:
    """Measure and print."""
    data = Path(tempfile.mkdtemp(prefix="bench-one-product-")).resolve()
    try:
        with Stack(data) as stack:
            market = make_market(stack.settings, products=200)
            apis = [stack.api(), stack.api()]
            print(f"orders of one product against {len(market.products)}, {CONNECTIONS} connections; {rounds} rounds")
            for number in (1, 2):
                _compare(apis[:number], market, rounds, seconds)
    finally:
        shutil.rmtree(data)


def _compare(apis: list[Api], market: Market, rounds: int, seconds: float) -> None:
    contestants = {"one": market.products[:1], "many": market.products}
    taken: dict[str, list[float]] = {name: [] for name in contestants}
    for products in contestants.values():
        asyncio.run(_orders_per_second(apis, market, products, 1))
    for turn in range(rounds):
        # Who goes first changes, so that neither always finds the machine as the other left it.
        for name in sorted(contestants, reverse=bool(turn % 2)):
            taken[name].append(asyncio.run(_orders_per_second(apis, market, contestants[name], seconds)))
    ratio = median(one / many for one, many in zip(taken["one"], taken["many"], strict=True))
    each = ", ".join(
        f"{name} {median(rates):,.0f}/s ({' '.join(f'{rate:,.0f}' for rate in rates)})" for name, rates in taken.items()
    )
    processes = "one API process" if len(apis) == 1 else f"{len(apis)} API processes"
    print(f"  {processes:17} ratio {ratio:.2f} (aim: ≥ {AIM})  {each}")


async def _orders_per_second(apis: list[Api], market: Market, products: list[UUID], seconds: float) -> float:
    clients = [Client(api.port) for api in apis]
    begin = time.perf_counter()

    async def shop(client: Client) -> int:
        placed = 0
        while time.perf_counter() - begin < seconds:
            shopper = random.choice(market.shoppers)
            item = {"product_id": str(random.choice(products)), "quantity": 1}
            order = {"items": [item], "shipping_address_id": str(shopper.address_id)}
            answer = await client.post("/orders", order, token=shopper.token)
            assert answer.status == 201, answer.body[:500]
            placed += 1
        return placed

    placed = sum(await asyncio.gather(*(shop(clients[n % len(clients)]) for n in range(CONNECTIONS))))
    taken = time.perf_counter() - begin
    for client in clients:
        client.close()
    return placed / taken


if __name__ == "__main__":
    run()

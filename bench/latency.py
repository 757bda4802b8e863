"""From the order to the frame: how long after a customer sends an order its event arrives on their WebSocket.

An open loop: orders leave at their times, whatever became of those before, so that a stall is measured by every order
that fell into it. The load is made by this process, which is none of the service's.
"""

import asyncio
import contextlib
import json
import random
import shutil
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

import uvloop
from websockets.asyncio.client import ClientConnection, connect

from bench.client import Client, Unanswered
from bench.shoppers import Market, Shopper, make_market
from bench.stack import Api, Stack

PER_SECOND = 200
SECONDS = 30
WARM_UP_SECONDS = 5
SHOPPERS = 25
PATIENCE = 10.0


class Watch:
    """When each order was sent, and when its event came. Seconds of one clock."""

    def __init__(self) -> None:
        self.sent: dict[str, float] = {}
        self.came: dict[str, float] = {}
        self.failed = 0
        self._news = asyncio.Event()

    def arrived(self, order_id: str, at: float) -> None:
        """The event of this order came."""
        self.came[order_id] = at
        self._news.set()

    async def all_came(self) -> None:
        """Return when there is nothing left to wait for."""
        while not self.sent.keys() <= self.came.keys():
            self._news.clear()
            await self._news.wait()

    def latencies(self) -> list[float]:
        """Of every order whose event came, sorted."""
        return sorted(self.came[order] - sent for order, sent in self.sent.items() if order in self.came)


def run(seconds: int = SECONDS) -> None:
    """Measure and print."""
    data = Path(tempfile.mkdtemp(prefix="bench-latency-")).resolve()
    try:
        with Stack(data) as stack:
            market = make_market(stack.settings, shoppers=SHOPPERS)
            stack.run("mail")
            stack.run("work")
            stack.run("project")
            watch = uvloop.run(_measure(stack.api(), market, seconds))
    finally:
        shutil.rmtree(data)
    taken = watch.latencies()
    lost = len(watch.sent) - len(taken)
    print(f"place to frame at {PER_SECOND} orders/s for {seconds} s, {SHOPPERS} customers with a WebSocket each")
    print(
        f"  p50 {_ms(taken, 0.5)} ms, p99 {_ms(taken, 0.99)} ms (aim: ≤ 50), longest {_ms(taken, 1.0)} ms;"
        f" {len(taken)} orders, {watch.failed} failed, {lost} without a frame"
    )


async def _measure(api: Api, market: Market, seconds: int) -> Watch:
    watch, client = Watch(), Client(api.port)
    async with AsyncExitStack() as sockets:
        for shopper in market.shoppers:
            socket = await sockets.enter_async_context(
                connect(
                    f"ws://127.0.0.1:{api.port}/ws/orders",
                    additional_headers={"Authorization": f"Bearer {shopper.token}"},
                    compression=None,
                )
            )
            assert json.loads(await socket.recv())["type"] == "ready"
            listener = asyncio.create_task(_listen(socket, watch))
            sockets.callback(listener.cancel)
        await _place(client, market, Watch(), WARM_UP_SECONDS)
        await _place(client, market, watch, seconds)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await watch.all_came()
    client.close()
    return watch


async def _place(client: Client, market: Market, watch: Watch, seconds: int) -> None:
    """Send orders at a constant rate, and wait until all are answered."""
    begin = time.perf_counter()
    async with asyncio.TaskGroup() as orders:
        for number in range(PER_SECOND * seconds):
            await asyncio.sleep(max(begin + number / PER_SECOND - time.perf_counter(), 0))
            shopper = market.shoppers[number % len(market.shoppers)]
            orders.create_task(_order(client, market, shopper, watch))


async def _order(client: Client, market: Market, shopper: Shopper, watch: Watch) -> None:
    products = random.sample(market.products, 2)
    content = {
        "items": [{"product_id": str(product), "quantity": random.randint(1, 3)} for product in products],
        "shipping_address_id": str(shopper.address_id),
    }
    sent = time.perf_counter()
    try:
        answer = await client.post("/orders", content, token=shopper.token)
    except Unanswered:
        watch.failed += 1
        return
    if answer.status == 201:
        watch.sent[answer.json()["id"]] = sent
    else:
        watch.failed += 1


async def _listen(socket: ClientConnection, watch: Watch) -> None:
    async for text in socket:
        now = time.perf_counter()
        frame = json.loads(text)
        if frame["type"] == "event" and frame["event"]["type"] == "daybook.order.placed.v1":
            watch.arrived(frame["event"]["subject"], now)


def _ms(sorted_seconds: list[float], share: float) -> str:
    if not sorted_seconds:
        return "?"
    place = min(int(len(sorted_seconds) * share), len(sorted_seconds) - 1)
    return f"{sorted_seconds[place] * 1000:.1f}"


if __name__ == "__main__":
    run()

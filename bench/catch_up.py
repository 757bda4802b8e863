"""A projection that starts from nothing: how fast it comes to the end of a log of 200,000 events.

The log is written by the production append from the domain's own events, addresses sealed. Then a projection runs in a
process of its own (`python -m bench.catch_up NAME`), wired as the projector wires it. Projections take turns.
"""

import asyncio
import json
import random
import shutil
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from statistics import median
from uuid import UUID

import uvloop

from bench.shoppers import TENANT, Market, make_market
from bench.stack import Stack
from commands.append_of import encode_changes
from consumers.broker import make_broker
from consumers.enqueue import Enqueuer
from daybook.projector_process import make_runners
from daybook.settings import Settings, load
from daybook.wiring import connect_redis, open_service
from events.codec import Codec
from events.domain.order import Order
from events.domain.order_parts import Address, Line
from events.log.append import Append, Appended
from events.log.connect import connect, create_pool
from events.log.ids import new_id
from events.personal import Keyring
from projections.leadership import AdvisoryLeadership

EVENTS = 200_000
ROUNDS = 3
PROJECTIONS = ("orders", "catalogue")
AIMS = {"orders": "(≥ 20,000)"}
# Of a hundred orders so many go on; they do so while the next ones arrive.
CONFIRMED, SHIPPED = 0.85, 0.65
CONFIRMED_AFTER, SHIPPED_AFTER = 400, 3_000
ADDRESS: Address = {
    "recipient": "Ada Lovelace",
    "line1": "12 St James's Square",
    "city": "London",
    "postal_code": "SW1Y 4JH",
    "country": "GB",
}


def run(events: int = EVENTS, rounds: int = ROUNDS) -> None:
    """Measure and print."""
    data = Path(tempfile.mkdtemp(prefix="bench-catch-up-")).resolve()
    taken: dict[str, list[float]] = {name: [] for name in PROJECTIONS}
    try:
        with Stack(data) as stack:
            market = make_market(stack.settings)
            begin = time.perf_counter()
            uvloop.run(write_log(stack.settings, market, events))
            written = time.perf_counter() - begin
            head = int(stack.ask("SELECT position FROM log_heads WHERE tenant_id = %s", TENANT)[0][0])
            orders = int(stack.ask("SELECT count(*) FROM events WHERE event_type = 'OrderPlaced'")[0][0])
            # What a server does with so much that is new is done before, and not during, what is measured.
            stack.tell("VACUUM ANALYZE events")
            for _ in range(rounds):
                stack.tell("TRUNCATE order_list, order_counts, catalogue, checkpoints")
                stack.tell("CHECKPOINT")
                for name in PROJECTIONS:
                    taken[name].append(head / _seconds_of(stack, name))
                assert stack.ask("SELECT count(*) FROM order_list")[0][0] == orders
    finally:
        shutil.rmtree(data)
    print(f"catch-up over {head:,} events (written in {written:.0f} s), a process of its own; medians of {rounds}")
    for name, rates in taken.items():
        each = " ".join(f"{rate:,.0f}" for rate in rates)
        print(f"  {name:10} {median(rates):9,.0f} events/s  {AIMS.get(name, ''):10}  {each}")


def _seconds_of(stack: Stack, projection: str) -> float:
    child = stack.child(f"catch-up-{projection}", ["-m", "bench.catch_up", projection])
    assert child.process.wait(300) == 0, child.output()
    return float(child.output().splitlines()[-1])


async def write_log(settings: Settings, market: Market, events: int) -> None:
    """Append so many events of orders under way."""
    async with open_service(settings, "bench catch-up") as service:
        shop = await service.shop(TENANT)
        await shop.codec.keyring.load(shopper.id for shopper in market.shoppers)
        steps = islice(_steps(shop.codec, market), events)
        while batch := list(islice(steps, 2_000)):
            outcomes = await asyncio.gather(*(shop.appender.append(append) for append in batch))
            assert all(isinstance(outcome, Appended) for outcome in outcomes)


def _steps(codec: Codec, market: Market) -> Iterator[Append]:
    """Orders for ever, each placed, and later perhaps confirmed and shipped, among the others."""
    confirming: deque[Order] = deque()
    shipping: deque[Order] = deque()
    while True:
        order = _order(market)
        yield _append(codec, order)
        if random.random() < CONFIRMED:
            confirming.append(order)
        if len(confirming) > CONFIRMED_AFTER:
            order = confirming.popleft()
            order.change_status("confirmed")
            yield _append(codec, order)
            if random.random() < SHIPPED:
                shipping.append(order)
        if len(shipping) > SHIPPED_AFTER:
            order = shipping.popleft()
            order.change_status("shipped")
            yield _append(codec, order)


def _order(market: Market) -> Order:
    lines: list[Line] = [
        {
            "id": str(new_id()),
            "product_id": str(product),
            "product_name": "Ware",
            "quantity": random.randint(1, 3),
            "price_cents": 1_495,
            "discount_cents": 0,
        }
        for product in random.sample(market.products, 2)
    ]
    return Order.place(
        new_id(),
        number="7K3M9QF",
        user_id=str(random.choice(market.shoppers).id),
        currency="USD",
        lines=lines,
        shipping_cents=0,
        shipping_address=ADDRESS,
        payment_terms="offline",
    )


def _append(codec: Codec, order: Order) -> Append:
    command_id, owner = new_id(), UUID(order.user_id)
    metadata = {
        "subject": order.user_id,
        "role": "customer",
        "command_id": str(command_id),
        "correlation_id": command_id.hex,
        "owner": order.user_id,
    }
    return Append(command_id, encode_changes(codec, [order], owner), json.dumps(metadata))


async def _catch_up(settings: Settings, projection: str) -> float:
    """Seconds from the start of the log to its end."""
    pool = await create_pool(settings.database_url, "bench catch-up", max_size=8, synchronous_commit="off")
    redis = connect_redis(settings.redis_url)
    leadership = AdvisoryLeadership(lambda: connect(settings.database_url, "bench catch-up leader"))
    codec = Codec(Keyring(pool, TENANT, settings.master_keys))
    runners = make_runners(pool, TENANT, codec, redis, Enqueuer(make_broker(settings.redis_url)), leadership)
    runner = next(runner for runner in runners if runner.projection.name == projection)
    begin = time.perf_counter()
    await runner.catch_up()
    seconds = time.perf_counter() - begin
    await redis.aclose()
    await pool.close()
    return seconds


if __name__ == "__main__":
    if len(sys.argv) == 1:
        run()
    else:
        print(uvloop.run(_catch_up(load(Settings), sys.argv[1])))

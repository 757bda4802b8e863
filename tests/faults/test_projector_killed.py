"""The projector dies in the middle of its work: orders go on, reads that must see them say that they cannot yet."""

import asyncio

from bench.client import Client
from bench.shoppers import Shopper
from tests.faults.running import CALM, Running

READERS = 8


async def test_killed_it_goes_on_where_it_was(running: Running) -> None:
    readers = [Client(running.apis[n % 2].port) for n in range(READERS)]
    seen: list[tuple[int, str]] = []

    async def read_own_writes(client: Client, shopper: Shopper) -> None:
        """Place an order, and ask for the list that shows it, until one is not shown."""
        while not seen or seen[-1][0] == 200:
            product = running.market.products[0]
            placed = await client.post(
                "/orders",
                {
                    "items": [{"product_id": str(product), "quantity": 1}],
                    "shipping_address_id": str(shopper.address_id),
                },
                token=shopper.token,
            )
            assert placed.status == 201, placed
            token = {"Consistency-Token": placed.headers["consistency-token"]}
            listed = await client.get("/orders?limit=20", token=shopper.token, headers=token)
            if listed.status == 200:
                assert placed.json()["id"] in {order["id"] for order in listed.json()["items"]}
            seen.append((listed.status, listed.json().get("code", "")))

    async with running.load() as load:
        reading = [
            asyncio.create_task(read_own_writes(client, shopper))
            for client, shopper in zip(readers, running.market.shoppers[-READERS:], strict=True)
        ]
        await load.until_more(100)
        await load.until(lambda: len(seen) > READERS)
        running.projector.kill()
        before = len(seen)
        load.pause = CALM
        # What waits for a read model that does not move gives up in time, and says why.
        await asyncio.gather(*reading)
        assert (503, "projection_behind") in seen[before:]
        assert behind(running) > 0, "there was nothing left to project when it died"
        # Nobody who orders noticed.
        await load.until_more(50)
        assert not load.failed
        assert not load.failed_reads
        await asyncio.to_thread(running.mend)
        await load.until_more(50)

    for client in readers:
        client.close()
    others = len(running.placed_after(load.begun_at)) - len(load.acknowledged)
    assert others == len(seen)
    await asyncio.to_thread(running.stack.wait_until_projected)
    await running.verify()
    await running.all_mails_came(running.placed_after(load.begun_at))


def behind(running: Running) -> int:
    """Events that the orders projection has not applied."""
    question = "SELECT position FROM checkpoints WHERE tenant_id = 'default' AND projection = 'orders'"
    return running.head() - int(running.stack.ask(question)[0][0])

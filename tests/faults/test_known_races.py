"""Races that other systems are known to have lost, run here with real processes. Which fact is proven where:

positions taken before commit        tests/events/log/test_positions.py: writers in several processes
readers behind an open transaction   here: nobody waits for a transaction that writes elsewhere
versions checked before the lock     test_outcomes.py: writers that expect a version, and writers that do not
a checkpoint past what was read      tests/projections/test_runner.py; here: two projectors that both believe to lead
an answer lost in a commit           test_way_to_postgres.py, at every point of a request
a commit cancelled by its caller     here: clients hang up while their order is being committed
plans cached before a change of DDL  here: tables change under load
a timeout of the client's            test_way_to_postgres.py: silence
oversold stock                       test_outcomes.py, test_races.py
keys read, run, written              test_outcomes.py: of duplicates under one key exactly one acts
prices and names that change later   test_races.py: the price that held where the order stands
published before the commit          tests/api/live/test_read_models_first.py
missed wake-ups                      test_redis_killed.py
a killed worker's messages           test_worker_killed.py
"""

import asyncio
import contextlib
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg

from bench.stack import Child
from tests.faults.running import CALM, Running
from tests.faults.test_races import add_product, place

HANGING_UP = 60
TABLES = ("events", "idempotency_keys", "stock", "order_list", "catalogue", "log_heads")


async def test_nobody_waits_for_a_transaction_that_writes_elsewhere(running: Running) -> None:
    client, shopper = running.client(running.apis[0]), running.market.shoppers[0]
    with psycopg.connect(running.stack.postgres.owner_url()) as elsewhere:
        # It has a transaction id, and older ones than it are not visible to a reader that goes by those.
        elsewhere.execute("CREATE TABLE written_elsewhere (x int)")
        placed = await place(client, str(running.market.products[0]), shopper)
        token = {"Consistency-Token": placed.headers["consistency-token"]}
        listed = await client.get("/orders?limit=1", token=shopper.token, headers=token)
        assert listed.status == 200
        assert listed.json()["items"][0]["id"] == placed.json()["id"]
        await asyncio.to_thread(running.stack.wait_until_projected)
        elsewhere.rollback()


@contextmanager
def another_projector(running: Running) -> Iterator[Child]:
    child = running.stack.run("project")
    try:
        yield child
    finally:
        child.end()


async def test_two_projectors_that_both_believe_to_lead_post_each_event_once(running: Running) -> None:
    async with running.load(pause=CALM) as load:
        await load.until_more(20)
        first = running.projector
        first.process.send_signal(signal.SIGSTOP)
        try:
            # The server gives up its sessions, and its locks with them, and it cannot know.
            running.stack.ask(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name ~ 'projector'"
            )
            with another_projector(running):
                await asyncio.to_thread(running.stack.wait_until_projected)
                first.process.send_signal(signal.SIGCONT)
                await load.until_more(40)
        finally:
            first.process.send_signal(signal.SIGCONT)
        await load.until_more(20)
    assert first.alive()
    assert not load.failed
    await running.reckon(load)


async def test_clients_that_hang_up_during_the_commit_have_one_order_each(running: Running) -> None:
    staff = running.client(running.apis[0], "staff")
    product_id, before = await add_product(staff, stock=HANGING_UP), running.head()
    clients = [running.client(api) for api in running.apis]
    keys = [uuid4().hex for _ in range(HANGING_UP)]

    async def hang_up_and_ask_again(number: int, key: str) -> str:
        shopper = running.market.shoppers[number]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.0005 * (number % 20)):
                await place(clients[number % 2], product_id, shopper, key)
        answer = await place(clients[(number + 1) % 2], product_id, shopper, key)
        assert answer.status == 201, answer
        return str(answer.json()["id"])

    orders = await asyncio.gather(*(hang_up_and_ask_again(number, key) for number, key in enumerate(keys)))
    assert sorted(running.placed_after(before)) == sorted(orders)
    assert (await staff.get(f"/products/{product_id}")).json()["available"] == 0


async def test_tables_that_change_under_load_are_noticed_by_no_client(running: Running) -> None:
    async with running.load(pause=CALM) as load:
        await load.until_more(20)
        for table in TABLES:
            for change in ("ADD COLUMN later int", "DROP COLUMN later"):
                await asyncio.to_thread(alter, running, table, change)
                await load.until_more(5)
    assert not load.failed
    assert not load.failed_reads
    for api in running.apis:
        assert "internal error" not in api.output(), api.output()
    await running.reckon(load)


def alter(running: Running, table: str, change: str) -> None:
    """As a migration does it: with patience for those who read, but not for ever."""
    with psycopg.connect(running.stack.postgres.owner_url(), autocommit=True) as owner:
        owner.execute("SET lock_timeout = '5s'")
        owner.execute(f"ALTER TABLE {table} {change}".encode())

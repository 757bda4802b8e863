"""The way between an API process and PostgreSQL breaks, at every point: whoever waits learns what really happened.

dropped, delayed, cut    one append at a chosen point of its way: the client that waits gets its 201
at random                appends, reads and all else, under load, from a seed
silent                   nothing is heard any more, for longer than the service has patience
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from bench.client import Answer, Client
from bench.stack import Api
from tests.faults.load import Load
from tests.faults.proxy import Fault, Proxy, Strike, Whims, no_fault
from tests.faults.running import Running
from tests.faults.test_races import add_product, place
from tests.projections.eventually import eventually

CLIENTS = 16
PAUSE = 0.03
TOLD_TO_TRY_AGAIN = {"503 unavailable", "503 log_unavailable", "503 outcome_unknown", "503 contention"}
STOCK, BUYERS, DUPLICATES = 10, 30, 10
READERS = 8
STRUCK_UNDER_LOAD = 40


@asynccontextmanager
async def behind(running: Running, proxy: Proxy, processes: int) -> AsyncIterator[list[Api]]:
    """So many API processes that reach PostgreSQL through the proxy. They fall over nothing: their logs say so."""
    apis = [running.stack.begin_api({"DATABASE_URL": proxy.url}) for _ in range(processes)]
    try:
        await asyncio.gather(*(asyncio.to_thread(api.wait_until_ready) for api in apis))
        yield apis
        for api in apis:
            assert "internal error" not in api.output(), api.output()
            assert "Traceback" not in api.output(), api.output()
    finally:
        proxy.cut()
        await asyncio.gather(*(asyncio.to_thread(api.end) for api in apis))


@pytest.fixture(scope="module")
async def proxy(service: Running) -> AsyncIterator[Proxy]:
    service.mend()
    async with Proxy(service.stack.postgres.url()) as proxy:
        yield proxy


@pytest.fixture(scope="class")
async def api(service: Running, proxy: Proxy) -> AsyncIterator[Api]:
    """One API process behind the proxy."""
    async with behind(service, proxy, 1) as [api]:
        yield api


@pytest.fixture
async def staff(running: Running) -> Client:
    """A member of the staff whose way is sound."""
    return running.client(running.apis[0], "staff")


def receipts_of(running: Running, product_id: str) -> int:
    """How often the log says that units of a product came in."""
    question = "SELECT count(*) FROM events WHERE stream_id = %s AND event_type = 'ProductStockReceived'"
    return int(running.stack.ask(question, product_id)[0][0])


class TestOneAppend:
    @pytest.mark.parametrize("key", [None, "a key"])
    @pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.SILENCE])
    async def test_is_answered_with_what_happened_whatever_became_of_its_answer(
        self, running: Running, proxy: Proxy, api: Api, staff: Client, fault: Fault, key: str | None
    ) -> None:
        product_id = await add_product(staff, stock=STOCK)
        client, shopper, before = running.client(api), running.market.shoppers[0], running.head()
        key = key and uuid4().hex
        # What it decides on is in memory: the append is all that is left to be done.
        strike = proxy.choose = Strike(fault)

        answer = await place(client, product_id, shopper, key)

        assert strike.done
        assert answer.status == 201, answer
        await asyncio.sleep(2 * proxy.late if fault is Fault.ARRIVES_LATE else 0)
        assert running.placed_after(before) == [answer.json()["id"]]
        assert await available(staff, product_id) == STOCK - 1
        if key is not None:
            for asked in (client, running.client(running.apis[0])):
                again = await place(asked, product_id, shopper, key)
                assert (again.status, again.body) == (201, answer.body)
                assert again.headers["idempotent-replayed"] == "true"
                for header in ("etag", "consistency-token", "location"):
                    assert again.headers[header] == answer.headers[header]

    @pytest.mark.parametrize("fault", [Fault.CUT_IN_COMMIT, Fault.ARRIVES_LATE, Fault.ANSWER_LOST])
    async def test_of_a_change_without_a_key_is_made_once(
        self, running: Running, proxy: Proxy, api: Api, staff: Client, fault: Fault
    ) -> None:
        product_id = await add_product(staff, stock=STOCK)
        client, before = running.client(api, "staff"), receipts_of(running, product_id)
        proxy.choose = Strike(fault)
        path = f"/products/{product_id}/stock"
        answer = await client.post(path, {"quantity": 5, "reason": "a delivery"})
        assert (answer.status, answer.json()["available"]) == (200, STOCK + 5)
        await asyncio.sleep(2 * proxy.late if fault is Fault.ARRIVES_LATE else 0)
        assert receipts_of(running, product_id) == before + 1
        assert await available(staff, product_id) == STOCK + 5


class TestABatch:
    @pytest.mark.parametrize("fault", [Fault.CUT_BEFORE, Fault.CUT_IN_COMMIT, Fault.ARRIVES_LATE, Fault.ANSWER_CUT])
    async def test_whose_answer_is_lost_has_an_outcome_for_each(
        self, running: Running, proxy: Proxy, api: Api, staff: Client, fault: Fault
    ) -> None:
        product_id = await add_product(staff, stock=STOCK + 1)
        client, shoppers, before = running.client(api), running.market.shoppers, running.head()
        key = uuid4().hex
        proxy.choose = Strike(fault)

        duplicates, others = await asyncio.gather(
            asyncio.gather(*(place(client, product_id, shoppers[0], key) for _ in range(DUPLICATES))),
            asyncio.gather(*(place(client, product_id, shopper) for shopper in shoppers[1 : BUYERS + 1])),
        )

        await asyncio.sleep(2 * proxy.late if fault is Fault.ARRIVES_LATE else 0)
        assert {(one.status, one.body) for one in duplicates} == {(201, duplicates[0].body)}
        assert Counter(one.status for one in others) == {201: STOCK, 422: BUYERS - STOCK}
        assert {one.json()["code"] for one in others if one.status == 422} == {"insufficient_stock"}
        told = {one.json()["id"] for one in [*duplicates, *others] if one.status == 201}
        assert sorted(running.placed_after(before)) == sorted(told)
        assert await available(staff, product_id) == 0


@pytest.mark.parametrize("seed", [1, 2])
async def test_breaking_at_random_under_load_it_loses_and_doubles_nothing(
    running: Running, proxy: Proxy, seed: int
) -> None:
    proxy.choose = no_fault
    async with behind(running, proxy, 2) as apis:
        whims = Whims(seed, one_in=25)
        load = Load(lambda: [one.port for one in apis], running.market, clients=CLIENTS, pause=PAUSE, stubborn=True)
        load.begun_at = running.head()
        async with load:
            await load.until_more(20)
            proxy.choose = whims
            for _ in range(3):
                # From time to time all of it at once, as when a load balancer restarts.
                enough = sum(whims.struck.values()) + STRUCK_UNDER_LOAD // 3
                await load.until(lambda enough=enough: sum(whims.struck.values()) >= enough)  # type: ignore[misc]
                proxy.cut()
            proxy.choose = no_fault
            await load.until_more(20)
        assert set(load.failed.values()) | set(load.put_off) | set(load.failed_reads) <= TOLD_TO_TRY_AGAIN
        running.apis, sound = apis, running.apis
        try:
            await running.reckon(load, mail_seconds=90.0)
            await load.repeat_all()
        finally:
            running.apis = sound


async def test_silent_for_longer_than_its_patience_it_says_so_and_comes_back(
    running: Running, proxy: Proxy, staff: Client
) -> None:
    """Nothing refuses a connection, nothing ends one: only time tells."""
    product_id = await add_product(staff, stock=STOCK)
    shopper, key = running.market.shoppers[0], uuid4().hex
    proxy.choose = no_fault
    async with behind(running, proxy, 1) as [api]:
        client = running.client(api)
        assert (await place(client, product_id, shopper)).status == 201
        before = running.head()
        # The next append is committed, and nobody is told; the way is lost with its answer.
        proxy.choose = Strike(Fault.ANSWER_LOST)
        ordering = asyncio.create_task(place(client, product_id, shopper, key))
        while running.head() == before:  # noqa: ASYNC110
            await asyncio.sleep(0.002)
        proxy.fall_silent()
        reading = [asyncio.create_task(client.get("/orders", token=shopper.token)) for _ in range(READERS)]
        answers = [await ordering, *await asyncio.gather(*reading)]
        for answer in answers:
            told_to_try_again(answer)
        assert answers[0].json()["code"] in ("outcome_unknown", "log_unavailable")
        proxy.silent, proxy.choose = False, no_fault
        async with asyncio.timeout(30):
            while (again := await place(client, product_id, shopper, key)).status != 201:
                told_to_try_again(again)
                await asyncio.sleep(0.1)
        assert again.headers.get("idempotent-replayed") == "true"
        assert running.placed_after(before) == [again.json()["id"]]
        # None of the pool's connections waits for ever for what will not come.
        await eventually(lambda: is_ready(client), 30)
        reads = [client.get("/orders", token=shopper.token) for _ in range(2 * READERS)]
        assert {answer.status for answer in await asyncio.gather(*reads)} == {200}
    await asyncio.to_thread(running.stack.wait_until_projected)
    await running.verify()


def told_to_try_again(answer: Answer) -> None:
    """It is a 503 that says when to come again, and why."""
    assert answer.status == 503, answer
    assert answer.headers["retry-after"] == "1"
    assert f"503 {answer.json()['code']}" in TOLD_TO_TRY_AGAIN


async def is_ready(client: Client) -> bool:
    """Whether it can reach its database."""
    return (await client.get("/readyz")).status == 200


async def available(staff: Client, product_id: str) -> int:
    """Units that can be ordered, by a process whose way is sound."""
    return int((await staff.get(f"/products/{product_id}")).json()["available"])

"""The sweep finds what is due, and nothing else."""

import asyncio
from uuid import UUID, uuid4

import asyncpg
import pytest
from dramatiq.brokers.redis import RedisBroker

from consumers.broker import waiting
from consumers.deliver import SQL, Deliverer
from consumers.enqueue import AT_ONCE, Enqueuer
from consumers.sweep import Sweep
from daybook.wiring import Service
from events.log.tenants import all_tenants
from tests.consumers.corner_shop import CornerShop
from tests.consumers.test_enqueue import queued
from tests.plans import plans_of


@pytest.fixture
def sweep(service: Service, broker: RedisBroker) -> Sweep:
    return Sweep(service.pool, Enqueuer(broker), lambda: all_tenants(service.pool), grace=0.0)


async def add(
    db: asyncpg.Pool | asyncpg.Connection,
    count: int,
    due: str = "now() - interval '1 minute'",
    status: str = "pending",
    tenant: str = "default",
) -> list[UUID]:
    """Deliveries of orders that are not there: the sweep looks at the rows alone."""
    rows = await db.fetch(
        f"""
        INSERT INTO deliveries (tenant_id, delivery_id, kind, order_id, customer_id, status, due_at)
        SELECT $1, gen_random_uuid(), 'order_confirmation', gen_random_uuid(), gen_random_uuid(), $2,
               {due} + n * interval '1 millisecond'
        FROM generate_series(1, $3) n
        RETURNING delivery_id
        """,  # noqa: S608
        tenant, status, count,
    )  # fmt: skip
    return [row["delivery_id"] for row in rows]


async def test_it_brings_what_is_due_oldest_first_and_for_every_tenant(
    service: Service, broker: RedisBroker, sweep: Sweep
) -> None:
    newer = await add(service.pool, 2)
    older = await add(service.pool, 2, due="now() - interval '1 hour'", status="leased")
    foreign = await add(service.pool, 1, tenant="other")
    await add(service.pool, 2, due="now() + interval '1 minute'")
    await add(service.pool, 2, due="now() + interval '1 minute'", status="leased")
    await add(service.pool, 2, status="done")
    await add(service.pool, 2, status="dead")
    assert await sweep.once() == 5
    assert queued(broker) == [*(("default", one) for one in older + newer), ("other", foreign[0])]


async def test_it_leaves_alone_what_is_only_just_due(service: Service, broker: RedisBroker) -> None:
    await add(service.pool, 3, due="now()")
    patient = Sweep(service.pool, Enqueuer(broker), lambda: all_tenants(service.pool), grace=5.0)
    assert await patient.once() == 0


async def test_it_waits_until_the_queue_is_short(service: Service, broker: RedisBroker) -> None:
    await add(service.pool, 9 * AT_ONCE)
    enqueue = Enqueuer(broker, longest=10)
    sweep = Sweep(service.pool, enqueue, lambda: all_tenants(service.pool), grace=0.0, short=5)
    await enqueue("default", [uuid4() for _ in range(6 * AT_ONCE)])
    assert await sweep.once() == 0
    queued(broker)
    assert await sweep.once() == 5 * AT_ONCE, "half of the room for each of two tenants"
    assert waiting(broker) == 5


async def test_a_flushed_redis_loses_nothing(
    shop: CornerShop, broker: RedisBroker, sweep: Sweep, deliverer: Deliverer
) -> None:
    await shop.place()
    await shop.project(Enqueuer(broker))
    assert waiting(broker) == 1
    broker.client.flushall()
    assert await sweep.once() == 1
    ((tenant, delivery_id),) = queued(broker)
    await deliverer.deliver(tenant, [delivery_id])
    assert (await shop.row(delivery_id))["status"] == "done"
    assert await sweep.once() == 0


async def test_it_outlives_a_lost_database(service: Service, broker: RedisBroker, owner: asyncpg.Connection) -> None:
    sweep = Sweep(service.pool, Enqueuer(broker), lambda: all_tenants(service.pool), every=0.02, grace=0.0)
    running = asyncio.create_task(sweep.run())
    await owner.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tests'")
    # Not through the pool, whose connections are dead and may not know it yet.
    await add(owner, 1)
    while not waiting(broker):
        await asyncio.sleep(0.02)
        assert not running.done()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_however_many_are_done_it_reads_only_what_is_due(service: Service, owner: asyncpg.Connection) -> None:
    await add(service.pool, 30_000, status="done")
    await add(service.pool, 20)
    await add(service.pool, 3, status="dead")
    await owner.execute("ANALYZE deliveries")
    counts = {row["status"]: row["deliveries"] for row in await service.pool.fetch(SQL.count_deliveries, "default")}
    assert counts == {"pending": 20, "dead": 3}
    async with service.pool.acquire() as connection:
        due = await plans_of(connection, SQL.find_due_deliveries, "text, float8, int", "'default', 0, 100")
        counted = await plans_of(connection, SQL.count_deliveries, "text", "'default'")
    for plan in due.values():
        assert "deliveries_due" in plan
        assert "Sort" not in plan
    for plan in counted.values():
        assert "deliveries_due" in plan
        assert "deliveries_dead" in plan
    assert not any("Seq Scan" in plan for plan in (*due.values(), *counted.values()))

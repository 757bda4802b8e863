"""What goes wrong inside: the client learns that it did, and whether to try again, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from structlog.testing import capture_logs

from api.order_schemas import OrderAnswer, OrderListPage
from daybook.embedded import PostgresServer, ValkeyServer
from tests.api.answer import INSIDE, Answer
from tests.api.running import Running, running
from tests.databases import Database
from tests.projections.eventually import eventually


@pytest.fixture
async def own_service(database: Database, valkey: ValkeyServer) -> AsyncIterator[Running]:
    """One whose database may be broken."""
    async with running(database.url, valkey.url) as started:
        yield started


class TestADefect:
    async def test_is_a_500_that_shows_nothing_of_the_inside(self, own_service: Running, database: Database) -> None:
        ada = await own_service.customer()
        owner = await asyncpg.connect(database.owner_url)
        await owner.execute("ALTER TABLE order_list RENAME TO orders_elsewhere")
        with capture_logs() as logs:
            broken = (await ada.gets("/orders")).refused(500, "internal_error")
        assert not INSIDE.search(str(broken.response.headers))
        assert "orders_elsewhere" not in broken.response.text
        written_down = [entry for entry in logs if entry["event"] == "internal error"]
        assert [entry["path"] for entry in written_down] == ["/orders"]
        assert "order_list" in str(written_down[0]["exc_info"])
        assert ada.token not in str(logs)
        await owner.execute("ALTER TABLE orders_elsewhere RENAME TO order_list")
        await owner.close()
        (await ada.gets("/orders")).then(200, OrderListPage)

    async def test_in_a_command_is_one_too_and_changes_nothing(self, own_service: Running, database: Database) -> None:
        staff, ada = await own_service.person("staff"), await own_service.customer()
        pen = await staff.adds_product()
        owner = await asyncpg.connect(database.owner_url)
        await owner.execute("ALTER TABLE stock RENAME TO stock_elsewhere")
        for answer in (await ada.orders((pen, 1)), await staff.patches(f"/products/{pen['id']}", {"price_cents": 1})):
            assert answer.status in (500, 503)
            answer.refused(answer.status, answer.body["code"])
        await owner.execute("ALTER TABLE stock_elsewhere RENAME TO stock")
        await owner.close()
        (await ada.orders((pen, 1))).then(201, OrderAnswer)


class TestARequestThatIsHeldUp:
    async def test_by_a_lock_is_told_to_try_again(self, own_service: Running, database: Database) -> None:
        ada = await own_service.customer()
        owner = await asyncpg.connect(database.owner_url)
        await owner.execute("BEGIN; LOCK TABLE order_counts")
        reading = asyncio.create_task(ada.gets("/orders"))
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        await eventually(lambda: own_service.pool.fetchval(waiting))
        await owner.execute(
            "SELECT pg_cancel_backend(pid) FROM pg_locks WHERE NOT granted AND relation = 'order_counts'::regclass"
        )
        (await reading).refused(503, "unavailable")
        await owner.close()


class TestALogThatTakesNoMore:
    async def test_because_too_much_waits_says_so(self, own_service: Running) -> None:
        ada, staff = await own_service.customer(), await own_service.person("staff")
        pen = await staff.adds_product()
        (await own_service.shop()).appender._max_waiting = 0
        (await ada.orders((pen, 1))).refused(503, "overloaded")

    async def test_because_the_server_stops_says_so(self, own_service: Running) -> None:
        ada, staff = await own_service.customer(), await own_service.person("staff")
        pen = await staff.adds_product()
        await (await own_service.shop()).appender.close()
        (await ada.orders((pen, 1))).refused(503, "shutting_down")


@asynccontextmanager
async def away(postgres: PostgresServer) -> AsyncIterator[None]:
    """Postgres is killed, and back afterwards."""
    await asyncio.to_thread(postgres.kill)
    try:
        yield
    finally:
        await asyncio.to_thread(postgres.start)


async def is_ready(service: Running) -> bool:
    return (await service.client.get("/readyz")).status_code == 200


async def test_while_postgres_is_away_one_is_told_so_and_afterwards_all_is_well(
    own_postgres: PostgresServer, valkey: ValkeyServer
) -> None:
    async with running(own_postgres.url(), valkey.url) as service:
        ada, staff = await service.customer(), await service.person("staff")
        pen = await staff.adds_product(stock=10)
        order = await ada.places(pen)
        headers = {"Authorization": f"Bearer {ada.token}"}
        async with away(own_postgres):
            for path in ("/orders", "/products", f"/orders/{order['id']}", "/addresses", "/auth/me"):
                Answer(await service.client.get(path, headers=headers)).refused(503, "unavailable")
            Answer(await service.client.get("/readyz")).refused(503, "not_ready")
            assert (await service.client.get("/livez")).status_code == 200
            cheaper = await service.client.patch(
                f"/products/{pen['id']}", json={"price_cents": 1}, headers={"Authorization": f"Bearer {staff.token}"}
            )
            Answer(cheaper).refused(503, "unavailable")
            body = ada.order_of((pen, 1))
            waiting = asyncio.create_task(service.client.post("/orders", json=body, headers=headers))
            await asyncio.sleep(0.2)
            assert not waiting.done(), "a command waits a while for its log"
        Answer(await waiting).then(201, OrderAnswer)
        await eventually(lambda: is_ready(service))
        token = (await ada.orders((pen, 1))).token
        listed = (await ada.gets("/orders", headers={"Consistency-Token": token})).then(200, OrderListPage)
        assert listed.body["total"] == 3, "the one that waited is there once"

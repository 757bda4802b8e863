"""Customers order and look while read models are rebuilt, swapped and rolled back: no read fails, no event is lost or
counted twice, and who ordered sees the order."""

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg

from daybook.embedded import ValkeyServer
from daybook.rebuilding.rebuild import rebuild, rollback
from daybook.settings import Settings
from daybook.verify import findings
from events.codec import Codec
from events.personal import Keyring
from tests.api.person import Json, Person
from tests.api.running import MASTER_KEY, running
from tests.databases import Database
from tests.projections.eventually import eventually
from tests.rebuilding.conftest import REBUILT, Heard


class Customers:
    """Who orders and who looks, without pause, until they are told to stop."""

    def __init__(self) -> None:
        self.placed: list[str] = []
        self.reads = 0
        self._stopping = False

    async def are_busy(self) -> bool:
        return len(self.placed) > 20

    def stop(self) -> None:
        self._stopping = True

    async def order_and_look(self, person: Person, staff: Person, product: Json) -> None:
        """Each order is in the list of who placed it, and what was taken is no longer available."""
        while not self._stopping:
            answer = await person.orders((product, 1))
            assert answer.status == 201, answer.response.text
            seen = {"Consistency-Token": answer.token}
            listed = await person.gets("/orders", headers=seen, limit=1)
            assert (listed.status, listed.body["items"][0]["id"]) == (200, answer.body["id"]), listed.response.text
            self.placed.append(answer.body["id"])
            assert listed.body["total"] <= len(self.placed)
            if len(self.placed) % 3 == 0:
                await staff.moves(answer.body, "confirmed")

    async def look(self, look: Callable[[], Awaitable[None]]) -> None:
        while not self._stopping:
            await look()
            self.reads += 1


async def test_nobody_notices(database: Database, settings: Settings, valkey: ValkeyServer) -> None:
    async with running(database.url, valkey.url) as service:
        staff = await service.person("staff")
        customers = Customers()
        product = await staff.adds_product(stock=100_000)

        async def all_orders() -> None:
            answer = await staff.gets("/orders", status="pending", limit=5)
            assert answer.status == 200, answer.response.text

        async def all_products() -> None:
            answer = await staff.gets("/products", limit=5)
            assert (answer.status, len(answer.body["items"])) == (200, 1), answer.response.text

        async with asyncio.TaskGroup() as tasks:
            for _ in range(3):
                tasks.create_task(customers.order_and_look(await service.customer(), staff, product))
            tasks.create_task(customers.look(all_orders))
            tasks.create_task(customers.look(all_products))
            await eventually(customers.are_busy)
            try:
                for name in REBUILT:
                    await rebuild(settings, name, Heard())
                await rollback(settings, "orders", Heard())
                await rebuild(settings, "orders", Heard())
            finally:
                customers.stop()
        assert customers.reads > 20
        shop = await service.shop()
        seen = {"Consistency-Token": shop.positions.seal(await shop.reader.head())}
        listed = await staff.gets("/orders", headers=seen)
        assert listed.body["total"] == len(customers.placed) == len(set(customers.placed))
    await _holds(settings)


async def _holds(settings: Settings) -> None:
    """What `daybook verify` looks at is as it should be."""
    connection = await asyncpg.connect(settings.database_url)
    async with connection.transaction(isolation="repeatable_read"):
        codec = Codec(Keyring(connection, "default", MASTER_KEY))
        wrong = [one async for one in findings(connection, "default", codec) if not one.holds]
    await connection.close()
    assert [one for one in wrong if one.check != "confirmations"] == []

"""Forgetting a customer: nothing of them can be read any more, anywhere, and no byte of the log has changed."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest
from redis.asyncio import Redis

from api.limits import Limits
from api.order_schemas import OrderAnswer
from api.schemas import AccountAnswer, ErasureAnswer
from daybook.embedded import ValkeyServer
from daybook.verify import findings
from daybook.wiring import open_service
from events.codec import Codec
from events.domain.order import Order
from events.erased import ERASED_ADDRESS
from events.order_document import order_document
from events.personal import Keyring
from tests.api.person import ADDRESS, Json, Person
from tests.api.readable import in_redis, is_told, read_routes, tables
from tests.api.running import MASTER_KEY, Running, running
from tests.api.test_accounts import PASSWORD, accepts
from tests.api.test_login import logs_in, me
from tests.api.zenobia import Zenobia, erases
from tests.databases import Database, NewDatabase
from tests.projections.eventually import eventually


@pytest.fixture(scope="module")
async def database(new_database: NewDatabase) -> AsyncIterator[Database]:
    async with new_database() as database:
        yield database


@pytest.fixture(scope="module")
async def service(database: Database, valkey: ValkeyServer) -> AsyncIterator[Running]:
    limits = Limits(logins_per_account=1_000, logins_per_address=1_000)
    async with running(database.url, valkey.url, limits=limits) as started:
        yield started
        # Others log in from the same address, and are counted in the same minute.
        counted = await started.service.redis.keys("daybook:logins:*")
        if counted:
            await started.service.redis.delete(*counted)


@pytest.fixture
async def redis_of_service(valkey: ValkeyServer) -> AsyncIterator[Redis]:
    """What is in it stays."""
    client = Redis.from_url(valkey.url)
    yield client
    await client.aclose()


@pytest.fixture(scope="module")
async def admin(service: Running) -> Person:
    return await service.person("admin")


@pytest.fixture
async def zenobia(service: Running, admin: Person, staff: Person, pen: Json) -> Zenobia:
    zenobia = await Zenobia.joins(service, admin)
    await zenobia.has_orders(staff, pen)
    return zenobia


def document_of(order: object) -> Json:
    assert isinstance(order, Order)
    return order_document(order)


class TestNothingOfAForgottenPerson:
    async def test_is_told_anywhere(
        self,
        capsys: pytest.CaptureFixture[str],
        service: Running,
        redis_of_service: Redis,
        owner: asyncpg.Connection,
        admin: Person,
        zenobia: Zenobia,
        pen: Json,
    ) -> None:
        mark = zenobia.mark
        before = await tables(owner)
        assert {"accounts", "order_list"} <= set(is_told(mark, before.items())), "there is something to forget"
        assert is_told(mark, (await read_routes(service, admin, zenobia, pen)).items()), "and it is in the memory"

        (await erases(admin, zenobia.id)).then(200, ErasureAnswer)

        assert is_told(mark, (await tables(owner)).items()) == []
        assert is_told(mark, [("redis", await in_redis(redis_of_service))]) == []
        assert is_told(mark, (await read_routes(service, admin, zenobia, pen)).items()) == []
        assert is_told(mark, [("logs", "".join(capsys.readouterr()))]) == []

    async def test_changes_a_byte_of_the_log(self, owner: asyncpg.Connection, admin: Person, zenobia: Zenobia) -> None:
        statement = "SELECT * FROM events WHERE tenant_id = 'default' AND position <= $1 ORDER BY position"
        head = await admin.shop.reader.head()
        before = await owner.fetch(statement, head)
        await erases(admin, zenobia.id)
        assert await owner.fetch(statement, head) == before

    async def test_looks_wrong_to_verify(self, owner: asyncpg.Connection, admin: Person, zenobia: Zenobia) -> None:
        answer = (await erases(admin, zenobia.id)).then(200, ErasureAnswer)
        for path in ("/orders", "/accounts", "/products"):
            await admin.gets(path, headers={"Consistency-Token": answer.token})
        async with owner.transaction(isolation="repeatable_read", readonly=True):
            codec = Codec(Keyring(owner, "default", MASTER_KEY))
            found = [finding async for finding in findings(owner, "default", codec)]
        assert {one.check for one in found} >= {"erasures", "orders", "accounts"}
        assert [one for one in found if not one.holds] == []


class TestWhatIsWrittenMeanwhile:
    async def test_cannot_be_read_whoever_comes_first(
        self, owner: asyncpg.Connection, admin: Person, staff: Person, zenobia: Zenobia, pen: Json
    ) -> None:
        """Orders, notes and addresses of hers, and her erasure, all at once."""
        person, mark = zenobia.person, zenobia.mark
        path = f"/orders/{zenobia.orders[0]['id']}"
        answers = await asyncio.gather(
            *(person.orders((pen, 1), key=f"{zenobia.id}-{n}") for n in range(4)),
            *(staff.posts(f"{path}/notes", {"text": f"{mark} {n}"}, key=f"{zenobia.id}-{n}") for n in range(4)),
            erases(admin, zenobia.id, force=True),
            *(person.orders((pen, 1)) for _ in range(4)),
            *(person.posts("/addresses", {"recipient": mark} | ADDRESS) for _ in range(4)),
        )
        assert {answer.status for answer in answers} <= {200, 201, 401, 422}, [answer.body for answer in answers]
        head = await admin.shop.reader.head()
        for route in ("/orders", "/accounts"):
            await admin.gets(route, headers={"Consistency-Token": admin.shop.positions.seal(head)})
        assert is_told(mark, (await tables(owner)).items()) == []

    async def test_is_told_to_no_one_in_a_batch_either(
        self, service: Running, admin: Person, zenobia: Zenobia, pen: Json
    ) -> None:
        batch = {"orders": [zenobia.person.order_of((pen, 1)) for _ in range(3)]}
        first = await zenobia.person.posts("/orders/batch", batch, key=f"batch-{zenobia.id}")
        assert [result["status"] for result in first.body["results"]] == [201] * 3
        await erases(admin, zenobia.id, force=True)
        anew = await service.person("customer", account_id=zenobia.id)
        again = await anew.posts("/orders/batch", batch, key=f"batch-{zenobia.id}")
        assert [result["problem"]["code"] for result in again.body["results"]] == ["answer_erased"] * 3
        assert again.news == []


class TestAnotherProcess:
    """It has Zenobia's key and her orders in its memory, and reads nothing new of them."""

    @pytest.mark.parametrize("redis_url", ["as it is", "redis://127.0.0.1:1"], ids=["told", "without Redis"])
    async def test_drops_what_it_knew(self, service: Running, admin: Person, zenobia: Zenobia, redis_url: str) -> None:
        settings = service.service.settings
        if redis_url != "as it is":
            settings = settings.model_copy(update={"redis_url": redis_url})
        async with open_service(settings, "another process") as other:
            shop = await other.shop("default")
            order_id = UUID(zenobia.orders[0]["id"])

            async def address() -> object:
                return document_of((await shop.repository.get([order_id]))[order_id])["shipping_address"]

            assert zenobia.mark in str(await address())
            (await erases(admin, zenobia.id)).then(200, ErasureAnswer)

            async def erased() -> bool:
                return await address() == ERASED_ADDRESS

            await eventually(erased)


class TestAForgottenPerson:
    async def test_is_shown_as_erased(self, admin: Person, zenobia: Zenobia) -> None:
        await erases(admin, zenobia.id)
        for order in zenobia.orders:
            shown = (await admin.gets(f"/orders/{order['id']}")).then(200, OrderAnswer)
            assert shown.body["shipping_address"] == ERASED_ADDRESS
        listed = (await admin.gets("/orders", user_id=str(zenobia.id))).body["items"]
        assert [order["shipping_address"] for order in listed] == [ERASED_ADDRESS] * 2
        history = (await admin.gets(f"/orders/{zenobia.orders[1]['id']}/events")).body["events"]
        assert history[-1]["reason"] == "erased"
        account = (await admin.gets(f"/accounts/{zenobia.id}")).then(200, AccountAnswer, status="disabled")
        assert (account.body["email"], account.body["name"]) == ("erased", "erased")
        page = (await admin.gets("/accounts", limit=200)).body["items"]
        assert [one["email"] for one in page if one["id"] == str(zenobia.id)] == ["erased"]

    async def test_is_logged_out_and_cannot_log_in(self, service: Running, admin: Person, zenobia: Zenobia) -> None:
        await erases(admin, zenobia.id)

        async def logged_out() -> bool:
            return (await me(service, zenobia.access)).status == 401

        await eventually(logged_out)
        (await logs_in(service, zenobia.email)).refused(401, "invalid_credentials")

    async def test_can_come_back_as_another(self, service: Running, admin: Person, zenobia: Zenobia) -> None:
        await erases(admin, zenobia.id)
        again = {"email": zenobia.email, "name": "Zenobia", "roles": ["customer"]}
        invited = (await admin.posts("/accounts", again)).then(201, AccountAnswer, email=zenobia.email)
        invited.appended("MailAddressReclaimed", "AccountInvited", "CustomerAdded")
        assert invited.body["id"] != str(zenobia.id)
        await admin.gets("/accounts", headers={"Consistency-Token": invited.token})
        await accepts(service, service.backend.invitations.make("default", UUID(invited.body["id"])))
        assert (await logs_in(service, zenobia.email, PASSWORD)).status == 200
        (await admin.posts("/accounts", again)).refused(409, "email_taken")

    async def test_gets_no_more_orders_and_no_words(
        self, admin: Person, staff: Person, zenobia: Zenobia, pen: Json
    ) -> None:
        await erases(admin, zenobia.id)
        order = zenobia.person.order_of((pen, 1)) | {"user_id": str(zenobia.id)}
        (await staff.posts("/orders", order)).refused(422, "person_forgotten")
        note = {"text": "they called"}
        (await staff.posts(f"/orders/{zenobia.orders[0]['id']}/notes", note)).refused(422, "person_forgotten")
        (await admin.patches(f"/accounts/{zenobia.id}", {"disabled": False})).refused(422, "person_forgotten")

    @pytest.mark.parametrize("whose", ["their own", "staff's"])
    async def test_is_in_no_answer_that_is_asked_for_again(
        self, service: Running, admin: Person, staff: Person, zenobia: Zenobia, pen: Json, whose: str
    ) -> None:
        """It was done, and is not done again."""
        order = zenobia.orders[0]
        key = f"confirmed-{order['id']}"
        if whose == "staff's":
            assert (await staff.sets(order, "confirmed", key=key)).replayed
            await erases(admin, zenobia.id)
            again = await staff.sets(order, "confirmed", key=key)
        else:
            await erases(admin, zenobia.id)
            anew = await service.person("customer", account_id=zenobia.id)
            again = await anew.posts("/orders", zenobia.first_order, key=f"place-{zenobia.id}")
        again.refused(410, "answer_erased")

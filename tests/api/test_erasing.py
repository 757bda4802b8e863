"""Asking for an erasure: what it appends, and when it is refused."""

from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import pytest

from api import customers
from api.schemas import AccountAnswer, ErasureAnswer
from daybook.demo import load_demo
from daybook.embedded import ValkeyServer
from events.erased import ERASED_ADDRESS
from tests.api.person import Json, Person
from tests.api.running import Running, running
from tests.api.test_accounts import accepts
from tests.api.zenobia import Zenobia, erases
from tests.databases import NewDatabase


@pytest.fixture(scope="module")
async def admin(service: Running) -> Person:
    return await service.person("admin")


class TestErasing:
    async def test_is_one_fact_and_its_consequences(self, service: Running, admin: Person) -> None:
        zenobia = await Zenobia.joins(service, admin)
        answer = await erases(admin, zenobia.id)
        answer.then(200, ErasureAnswer, customer_id=str(zenobia.id), reason="customer_request")
        answer.appended("CustomerErased", "AccountErased", "MailAddressReleased")

    async def test_twice_changes_nothing(self, admin: Person, ada: Person) -> None:
        first = await erases(admin, ada.id)
        again = (await erases(admin, ada.id)).then(200, ErasureAnswer).appended()
        assert again.body == first.body
        other = await admin.posts(f"/customers/{ada.id}/erasure", {"reason": "court_order"})
        assert other.then(200, ErasureAnswer).appended().body == first.body

    async def test_waits_for_orders_that_are_under_way(
        self, admin: Person, staff: Person, ada: Person, pen: Json
    ) -> None:
        done, under_way = await ada.places(pen), await ada.places(pen)
        await ada.cancels(done)
        for statuses in ((), ("confirmed",), ("shipped",)):
            await staff.moves(under_way, *statuses)
            (await erases(admin, ada.id)).refused(409, "open_orders", orders=[under_way["id"]])
        await staff.moves(under_way, "delivered")
        (await erases(admin, ada.id)).then(200, ErasureAnswer).appended("CustomerErased")

    async def test_does_not_wait_when_it_is_forced(self, admin: Person, staff: Person, ada: Person, pen: Json) -> None:
        order = await ada.places(pen)
        (await erases(admin, ada.id, force=True)).then(200, ErasureAnswer)
        shipped = await staff.moves(order, "confirmed", "shipped")
        assert shipped["shipping_address"] == ERASED_ADDRESS

    async def test_takes_a_code_and_no_words(self, admin: Person, ada: Person) -> None:
        (await admin.posts(f"/customers/{ada.id}/erasure", {"reason": "Ada asked"})).invalid(
            pointer="/reason", error="literal_error"
        )
        (await admin.posts(f"/customers/{ada.id}/erasure", {})).invalid(pointer="/reason", error="missing")

    async def test_of_one_who_never_ordered(self, admin: Person) -> None:
        invited = {"email": f"{uuid4().hex}@example.com", "name": "Audrey", "roles": ["auditor"]}
        account = (await admin.posts("/accounts", invited)).body
        answer = (await erases(admin, UUID(account["id"]))).then(200, ErasureAnswer)
        answer.appended("CustomerAdded", "CustomerErased", "AccountErased", "MailAddressReleased")

    async def test_of_nobody_is_not_found(self, admin: Person, pen: Json) -> None:
        for somebody in (uuid4(), UUID(pen["id"])):
            (await erases(admin, somebody)).refused(404, "not_found")

    async def test_is_answered_before_it_is_done(
        self, new_database: NewDatabase, valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nothing is projected: whoever asks again learns how far it is."""
        monkeypatch.setattr(customers, "PATIENCE", 0.05)
        async with new_database() as database, running(database.url, valkey.url, projecting=False) as service:
            admin, ada = await service.person("admin"), await service.customer()
            first = (await erases(admin, ada.id, key="once")).then(202, ErasureAnswer)
            again = (await erases(admin, ada.id, key="once")).then(202, ErasureAnswer)
            assert (again.body, again.replayed) == (first.body, True)

    async def test_of_a_demo_account_outlives_the_next_start(self, service: Running, admin: Person) -> None:
        settings = service.service.settings
        await load_demo(settings)
        ada = uuid5(NAMESPACE_URL, "urn:daybook:default:account:ada@example.com")
        (await erases(admin, ada)).then(200, ErasureAnswer)
        await load_demo(settings)
        (await admin.gets(f"/accounts/{ada}")).then(200, AccountAnswer, email="erased", status="disabled")

    async def test_leaves_the_last_admin(self, service: Running) -> None:
        admin = await service.person("admin", tenant="other")
        invited = await admin.posts("/accounts", {"email": "x@example.com", "name": "Alex", "roles": ["admin"]})
        await admin.gets("/accounts", headers={"Consistency-Token": invited.token})
        await accepts(service, service.backend.invitations.make("other", UUID(invited.body["id"])))
        (await erases(admin, UUID(invited.body["id"]))).refused(409, "last_admin")

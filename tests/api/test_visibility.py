"""What one may not see is not there (404); what one's role may not do is forbidden (403)."""

from uuid import uuid4

import pytest

from api.order_schemas import OrderAnswer, OrderListPage
from api.schemas import AddressList, EventPage, History
from tests.api.answer import Answer
from tests.api.person import Json, Person
from tests.api.running import Running

WRITES: list[tuple[str, str, Json, tuple[str, ...]]] = [
    ("POST", "/orders", {"items": [], "shipping_address_id": ""}, ("customer", "staff", "admin")),
    ("POST", "/products", {}, ("staff", "admin")),
    ("PATCH", "/products/{product}", {"sku": 1}, ("staff", "admin")),
    ("POST", "/products/{product}/stock", {}, ("staff", "admin")),
    ("PATCH", "/orders/{order}/status", {}, ("staff", "admin")),
]


class TestAnothersOrder:
    async def test_is_not_there_to_read(self, ada: Person, ben: Person, pen: Json) -> None:
        order = await ada.places(pen)
        for path in (f"/orders/{order['id']}", f"/orders/{order['id']}/events"):
            theirs = (await ben.gets(path)).refused(404, "not_found")
            nobodys = (await ben.gets(path.replace(order["id"], str(uuid4())))).refused(404, "not_found")
            assert theirs.body | {"instance": ""} == nobodys.body | {"instance": ""}

    async def test_is_not_there_to_change(self, ada: Person, ben: Person, pen: Json) -> None:
        order = await ada.places(pen)
        (await ben.cancels(order)).refused(404, "not_found")
        (await ben.cancels(order, if_match='"7"')).refused(404, "not_found")

    async def test_is_not_in_the_list(self, ada: Person, ben: Person, pen: Json) -> None:
        token = (await ada.orders((pen, 1))).token
        (await ben.gets("/orders", headers={"Consistency-Token": token})).then(200, OrderListPage, items=[], total=0)
        (await ben.gets("/orders", user_id=str(ada.id))).refused(403, "forbidden")

    async def test_is_there_for_staff_and_auditors(self, service: Running, ada: Person, pen: Json) -> None:
        placed = await ada.orders((pen, 1))
        order = placed.body
        for role in ("staff", "auditor", "admin"):
            someone = await service.person(role)
            seen = (await someone.gets(f"/orders/{order['id']}")).then(200, OrderAnswer).body
            (await someone.gets(f"/orders/{order['id']}/events")).then(200, History)
            of_ada = await someone.gets("/orders", user_id=str(ada.id), headers={"Consistency-Token": placed.token})
            of_ada.then(200, OrderListPage, items=[seen], total=1)


class TestAnotherShop:
    async def test_has_its_own_orders_products_and_customers(self, service: Running, ada: Person, pen: Json) -> None:
        order = await ada.places(pen)
        for role in ("customer", "staff", "admin"):
            stranger = await service.person(role, tenant="other", account_id=ada.id)
            (await stranger.gets(f"/orders/{order['id']}")).refused(404, "not_found")
            (await stranger.gets(f"/products/{pen['id']}")).refused(404, "not_found")
            (await stranger.gets("/orders")).then(200, OrderListPage, total=0)
            (await stranger.gets("/addresses")).then(200, AddressList, items=[])

    async def test_may_use_the_same_skus_and_keys(self, service: Running, staff: Person) -> None:
        pen = await staff.adds_product()
        elsewhere = await service.person("staff", tenant="other", account_id=staff.id)
        body = {"sku": pen["sku"], "name": "Theirs", "price_cents": 1}
        key = uuid4().hex
        await staff.posts("/products", body | {"sku": uuid4().hex}, key=key)
        theirs = await elsewhere.posts("/products", body, key=key)
        assert (theirs.status, theirs.replayed) == (201, False)


class TestRoles:
    @pytest.mark.parametrize("role", ["customer", "staff", "auditor", "admin"])
    @pytest.mark.parametrize(("method", "path", "body", "allowed"), WRITES)
    async def test_decide_before_anything_else_does(
        self,
        service: Running,
        ada: Person,
        pen: Json,
        role: str,
        method: str,
        path: str,
        body: Json,
        allowed: tuple[str, ...],
    ) -> None:
        order = await ada.places(pen)
        someone = await service.person(role)
        answer = await someone.asks(method, path.format(product=pen["id"], order=order["id"]), body)
        if role in allowed:
            answer.invalid()
        else:
            answer.refused(403, "forbidden")

    @pytest.mark.parametrize(("role", "status"), [("customer", 403), ("staff", 403), ("auditor", 200), ("admin", 200)])
    async def test_decide_who_reads_the_log(self, service: Running, role: str, status: int) -> None:
        answer = await (await service.person(role)).gets("/events")
        if status == 200:
            answer.then(200, EventPage)
        else:
            answer.refused(403, "forbidden")

    async def test_together_allow_what_each_allows(self, service: Running, pen: Json) -> None:
        both = await service.person("customer", "auditor")
        (await both.gets("/events")).then(200, EventPage)
        (await both.posts("/orders", {})).invalid()
        (await both.posts("/products", {})).refused(403, "forbidden")


class TestWithoutAToken:
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/auth/me"),
            ("GET", "/orders"),
            ("POST", "/orders"),
            ("GET", "/orders/{id}"),
            ("GET", "/orders/{id}/events"),
            ("PATCH", "/orders/{id}/status"),
            ("POST", "/orders/{id}/cancellation"),
            ("GET", "/products"),
            ("POST", "/products"),
            ("GET", "/products/{id}"),
            ("PATCH", "/products/{id}"),
            ("POST", "/products/{id}/stock"),
            ("GET", "/addresses"),
            ("POST", "/addresses"),
            ("GET", "/events"),
        ],
    )
    async def test_nothing_is_open(self, service: Running, method: str, path: str) -> None:
        response = await service.client.request(method, path.format(id=uuid4()))
        Answer(response).refused(401, "unauthenticated")

    @pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/openapi.json"])
    async def test_what_is_for_those_who_run_it_is(self, service: Running, path: str) -> None:
        assert (await service.client.get(path)).status_code == 200

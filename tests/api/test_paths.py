"""Paths: with and without a slash at the end, unknown ones, and methods that a path does not have."""

from uuid import UUID

import pytest

from api.order_schemas import OrderAnswer, OrderListPage
from api.schemas import AddressAnswer
from tests.api.answer import Answer
from tests.api.person import ADDRESS, Json, Person
from tests.api.running import Running

SOME_ID = UUID("0c9e4a52-7d0e-4b8f-9c55-2f6a3f0c7b11")
"""Of nothing."""


class TestASlashAtTheEnd:
    async def test_makes_no_difference(self, ada: Person, staff: Person, pen: Json) -> None:
        placed = (await ada.posts("/orders/", ada.order_of((pen, 1)))).then(201, OrderAnswer)
        order = f"/orders/{placed.body['id']}"
        (await ada.gets("/orders/")).then(200, OrderListPage)
        (await ada.gets("/orders/", limit=1)).then(200, OrderListPage)
        (await ada.gets(f"{order}/")).then(200, OrderAnswer)
        (await staff.patches(f"{order}/status/", {"status": "confirmed"})).then(200, OrderAnswer)
        (await staff.posts(f"{order}/cancellation/", {"reason": "a mistake"})).then(200, OrderAnswer)
        (await ada.posts("/addresses//", {"recipient": "Ada"} | ADDRESS)).then(201, AddressAnswer)

    async def test_is_no_redirect(self, service: Running) -> None:
        assert (await service.client.get("/livez/", follow_redirects=False)).status_code == 200


class TestAnUnknownPath:
    @pytest.mark.parametrize(
        "path",
        ["/", "/nothing", "/orders/x/y", f"/orders/{SOME_ID}/status/x", "/auth", "//orders", "/ORDERS", "/ws/orders"],
    )
    async def test_is_not_found(self, service: Running, path: str) -> None:
        response = await service.client.get(f"http://127.0.0.1:{service.port}{path}")
        assert response.status_code == 404
        problem = response.json()
        assert (problem["code"], problem["status"], problem["instance"]) == ("not_found", 404, path)
        assert response.headers["Content-Type"] == "application/problem+json"

    @pytest.mark.parametrize("identifier", ["x", "1", "%00", "%2e%2e", "'", SOME_ID.hex + "0", "é"])
    async def test_of_an_order_that_is_none_is_not_found(self, ada: Person, identifier: str) -> None:
        answer = await ada.gets(f"/orders/{identifier}/events")
        assert (answer.status, answer.body["code"]) == (404, "not_found")


class TestAnotherMethod:
    @pytest.mark.parametrize(
        ("method", "path", "allowed"),
        [
            ("PUT", "/orders", {"GET", "POST"}),
            ("DELETE", "/orders", {"GET", "POST"}),
            ("POST", f"/orders/{SOME_ID}", {"GET"}),
            ("GET", f"/orders/{SOME_ID}/status", {"PATCH"}),
            ("GET", f"/orders/{SOME_ID}/cancellation", {"POST"}),
            ("DELETE", f"/orders/{SOME_ID}/events", {"GET"}),
            ("PUT", "/products", {"GET", "POST"}),
            ("DELETE", f"/products/{SOME_ID}", {"GET", "PATCH"}),
            ("PATCH", "/addresses", {"GET", "POST"}),
            ("POST", "/events", {"GET"}),
            ("GET", "/auth/login", {"POST"}),
            ("POST", "/livez", {"GET"}),
            ("TRACE", "/orders", {"GET", "POST"}),
        ],
    )
    async def test_is_not_allowed(self, service: Running, method: str, path: str, allowed: set[str]) -> None:
        answer = Answer(await service.client.request(method, path)).refused(405, "method_not_allowed")
        said = {name.strip() for name in answer.response.headers["Allow"].split(",")}
        assert said - {"HEAD"} == allowed


class TestCorrelation:
    async def test_is_given_to_every_answer(self, service: Running, ada: Person) -> None:
        first = (await ada.gets("/orders")).response.headers["Correlation-Id"]
        second = (await service.client.get("/nothing")).headers["Correlation-Id"]
        assert first != second

    async def test_is_the_clients_own_where_it_is_usable(self, ada: Person, pen: Json) -> None:
        placed = await ada.orders((pen, 1), headers={"Correlation-Id": "a-journey"})
        assert placed.response.headers["Correlation-Id"] == "a-journey"
        (event,) = (await ada.gets(f"/orders/{placed.body['id']}/events")).body["events"]
        assert event["correlationid"] == "a-journey"

    @pytest.mark.parametrize("given", ["", "a b", "x" * 129, "caf\xe9"])
    async def test_is_a_new_one_otherwise(self, ada: Person, given: str) -> None:
        answer = await ada.gets("/orders", headers={"Correlation-Id": given.encode("latin-1")})
        assert answer.response.headers["Correlation-Id"] not in ("", given)
        assert answer.status == 200

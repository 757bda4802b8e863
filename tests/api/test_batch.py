"""`POST /orders/batch`: many orders in one request."""

from typing import Any
from uuid import uuid4

import pytest

from api.batch import MOST_ORDERS
from api.order_schemas import BatchAnswer, OrderAnswer
from api.schemas import ProductAnswer
from tests.api.person import Json, Person
from tests.api.running import Running


async def batch(person: Person, *orders: Any, **options: Any) -> list[Json]:
    """Place these; answers the results."""
    answer = await person.posts("/orders/batch", {"orders": list(orders)}, **options)
    return list(answer.then(207, BatchAnswer).body["results"])


class TestABatch:
    async def test_places_each_order(self, ada: Person, staff: Person) -> None:
        rare = await staff.adds_product(stock=100)
        answer = await ada.posts("/orders/batch", {"orders": [ada.order_of((rare, 1)) for _ in range(60)]})
        results = answer.then(207, BatchAnswer).appended(*["OrderPlaced"] * 60).body["results"]
        assert [result["status"] for result in results] == [201] * 60
        assert len({result["order"]["number"] for result in results}) == 60
        last = results[-1]["order"]
        (await ada.gets(f"/orders/{last['id']}")).then(200, OrderAnswer, **last)
        (await ada.gets(f"/products/{rare['id']}")).then(200, ProductAnswer, available=40)

    async def test_is_shown_to_who_brings_its_token_back(self, ada: Person, pen: Json) -> None:
        answer = await ada.posts("/orders/batch", {"orders": [ada.order_of((pen, 1)) for _ in range(3)]})
        token = answer.response.headers["consistency-token"]
        listed = (await ada.gets("/orders", headers={"Consistency-Token": token})).body["items"]
        assert {result["order"]["id"] for result in answer.body["results"]} <= {order["id"] for order in listed}

    async def test_lets_none_suffer_for_another(self, ada: Person, staff: Person, pen: Json) -> None:
        rare = await staff.adds_product(stock=1)
        unknown = {"id": str(uuid4())}
        results = await batch(
            ada,
            ada.order_of((pen, 1)),
            ada.order_of((unknown, 1)),
            ada.order_of((pen, 0)),
            "two pens please",
            ada.order_of((rare, 1)),
            ada.order_of((rare, 1)),
        )
        assert [result["status"] for result in results] == [201, 422, 422, 422, 201, 422]
        codes = [result["problem"]["code"] for result in results if result["status"] != 201]
        assert codes == ["unknown_product", "validation_failed", "validation_failed", "insufficient_stock"]
        (error,) = results[2]["problem"]["errors"]
        assert error["pointer"] == "/orders/2/items/0/quantity"

    async def test_never_oversells(self, ada: Person, staff: Person) -> None:
        rare = await staff.adds_product(stock=30)
        results = await batch(ada, *(ada.order_of((rare, 1)) for _ in range(50)))
        assert sorted(result["status"] for result in results) == [201] * 30 + [422] * 20
        (await ada.gets(f"/products/{rare['id']}")).then(200, ProductAnswer, available=0)


class TestAKey:
    async def test_brings_the_same_orders_again(self, ada: Person, pen: Json) -> None:
        orders = [ada.order_of((pen, n)) for n in (1, 2, 3)]
        first = await batch(ada, *orders, key="batch-1")
        again = await ada.posts("/orders/batch", {"orders": orders}, key="batch-1")
        assert again.then(207, BatchAnswer).appended().body["results"] == first
        assert again.response.headers["idempotent-replayed"] == "true"

    async def test_places_what_was_refused_the_first_time(self, ada: Person, staff: Person, pen: Json) -> None:
        rare = await staff.adds_product(stock=1)
        orders = [ada.order_of((pen, 1)), ada.order_of((rare, 2))]
        first = await batch(ada, *orders, key="batch-2")
        (await staff.posts(f"/products/{rare['id']}/stock", {"quantity": 5, "reason": "found"})).then(
            200, ProductAnswer
        )
        again = await batch(ada, *orders, key="batch-2")
        assert [result["status"] for result in first] == [201, 422]
        assert [result["status"] for result in again] == [201, 201]
        assert again[0] == first[0]

    async def test_is_not_for_another_order_in_its_place(self, ada: Person, pen: Json) -> None:
        await batch(ada, ada.order_of((pen, 1)), key="batch-3")
        (other,) = await batch(ada, ada.order_of((pen, 2)), key="batch-3")
        assert (other["status"], other["problem"]["code"]) == (422, "idempotency_key_reused")


class TestARequest:
    @pytest.mark.parametrize("orders", [None, [], "all", [{}] * (MOST_ORDERS + 1)])
    async def test_without_orders_or_with_too_many_is_refused(self, ada: Person, orders: Any) -> None:
        (await ada.posts("/orders/batch", {"orders": orders})).refused(422, "validation_failed")

    async def test_is_for_those_who_may_place_one(self, service: Running) -> None:
        auditor = await service.person("auditor")
        (await auditor.posts("/orders/batch", {"orders": [{}]})).refused(403, "forbidden")

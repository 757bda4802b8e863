"""`POST /orders`: what a customer may ask for, and what is answered."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from uuid_utils.compat import uuid7

from api.order_schemas import OrderAnswer
from api.schemas import ProductAnswer
from tests.api.person import ADDRESS, Json, Person
from tests.api.running import Running


class TestAnOrder:
    async def test_is_placed(self, ada: Person, pen: Json, staff: Person) -> None:
        ink = await staff.adds_product(price_cents=1450, name="Ink")
        placed = (await ada.orders((pen, 2), (ink, 3))).then(
            201, OrderAnswer, status="pending", user_id=str(ada.id), version=1, currency="USD",
            shipping_cents=0, total_cents=2 * 6900 + 3 * 1450, total_usd="181.50",
            allowed_statuses=["confirmed", "cancelled", "expired"],
            shipping_address={"recipient": "Ada Lovelace"} | ADDRESS,
        ).appended("OrderPlaced")  # fmt: skip
        assert placed.etag == '"1"'
        assert placed.response.headers["Location"] == f"/orders/{placed.body['id']}"
        assert len(placed.token) == 22
        assert not placed.replayed
        assert [
            (item["product_id"], item["product_name"], item["quantity"], item["price_cents"], item["line_total_cents"])
            for item in placed.body["items"]
        ] == [(pen["id"], "Fountain pen", 2, 6900, 13800), (ink["id"], "Ink", 3, 1450, 4350)]
        assert placed.body["created_at"] == placed.body["updated_at"]

    async def test_is_found_where_it_says(self, ada: Person, pen: Json) -> None:
        placed = await ada.orders((pen, 1))
        read = (await ada.gets(placed.response.headers["Location"])).then(200, OrderAnswer)
        assert (read.body, read.etag) == (placed.body, placed.etag)

    async def test_reserves_its_stock(self, ada: Person, staff: Person) -> None:
        rare = await staff.adds_product(stock=5)
        await ada.places(rare, 3)
        (await ada.gets(f"/products/{rare['id']}")).then(200, ProductAnswer, available=2, version=rare["version"])

    async def test_has_a_number_for_people(self, ada: Person, pen: Json) -> None:
        numbers = {(await ada.places(pen))["number"] for _ in range(5)}
        assert len(numbers) == 5
        assert all(len(number) <= 10 and number.isalnum() for number in numbers)

    async def test_keeps_its_price_name_and_address_whatever_changes_later(self, ada: Person, staff: Person) -> None:
        pen = await staff.adds_product(price_cents=100, name="Pen")
        placed = await ada.places(pen, 2)
        await staff.patches(f"/products/{pen['id']}", {"price_cents": 999, "name": "Other"})
        assert (await ada.gets(f"/orders/{placed['id']}")).body == placed
        assert (await ada.places(pen, 2))["total_cents"] == 2 * 999

    async def test_may_be_of_fifty_products_a_hundred_of_each(self, ada: Person, staff: Person) -> None:
        adding = (staff.adds_product(stock=100, price_cents=10**12) for _ in range(50))
        products = await asyncio.gather(*adding)
        order = (await ada.orders(*[(product, 100) for product in products])).then(201, OrderAnswer)
        assert order.body["total_cents"] == 50 * 100 * 10**12
        assert order.body["total_usd"] == "50000000000000.00"

    async def test_in_another_currency_has_no_dollars(self, ada: Person, staff: Person) -> None:
        fude = await staff.adds_product(currency="JPY", price_cents=1200)
        (await ada.orders((fude, 1))).then(201, OrderAnswer, currency="JPY", total_usd=None, total_cents=1200)

    async def test_says_on_which_terms_it_is_paid(self, ada: Person, pen: Json) -> None:
        (await ada.posts("/orders", ada.order_of((pen, 1)) | {"payment_terms": "offline"})).then(201, OrderAnswer)


class TestARefusal:
    async def test_of_an_unknown_product_names_it(self, ada: Person, pen: Json) -> None:
        unknown = str(uuid7())
        (await ada.orders((pen, 1), ({"id": unknown}, 1))).refused(422, "unknown_product", product_id=unknown)

    async def test_of_what_is_no_product(self, ada: Person, pen: Json) -> None:
        order = await ada.places(pen)
        (await ada.orders((order, 1))).refused(422, "unknown_product", product_id=order["id"])

    async def test_of_a_product_named_twice(self, ada: Person, pen: Json) -> None:
        (await ada.orders((pen, 1), (pen, 2))).refused(422, "duplicate_product", product_id=pen["id"])

    async def test_of_more_than_there_is_says_how_much_there_is(self, ada: Person, staff: Person, pen: Json) -> None:
        rare = await staff.adds_product(stock=3)
        for _ in range(2):
            (await ada.orders((pen, 1), (rare, 4))).refused(
                422, "insufficient_stock", product_id=rare["id"], asked=4, available=3
            )
        await ada.places(rare, 3)
        (await ada.orders((rare, 1))).refused(422, "insufficient_stock", asked=1, available=0)

    async def test_of_two_currencies_names_them(self, ada: Person, staff: Person, pen: Json) -> None:
        fude = await staff.adds_product(currency="JPY")
        (await ada.orders((pen, 1), (fude, 1))).refused(422, "mixed_currency", currencies=["JPY", "USD"])

    async def test_of_an_address_that_is_nobodys(self, ada: Person, pen: Json) -> None:
        ada.address_id = str(uuid4())
        (await ada.orders((pen, 1))).refused(422, "unknown_address", address_id=ada.address_id)

    async def test_of_another_customers_address_is_the_same(self, ada: Person, ben: Person, pen: Json) -> None:
        ada.address_id = ben.address_id
        (await ada.orders((pen, 1))).refused(422, "unknown_address", address_id=ben.address_id)

    async def test_of_a_customer_without_an_address(self, service: Running, pen: Json) -> None:
        stranger = await service.person("customer")
        stranger.address_id = str(uuid4())
        (await stranger.orders((pen, 1))).refused(422, "unknown_address")

    async def test_takes_no_stock(self, ada: Person, staff: Person) -> None:
        rare, rarer = await staff.adds_product(stock=5), await staff.adds_product(stock=1)
        (await ada.orders((rare, 5), (rarer, 2))).refused(422, "insufficient_stock", product_id=rarer["id"])
        await ada.places(rare, 5)


class TestABadRequest:
    @pytest.mark.parametrize(
        ("change", "pointer", "error"),
        [
            ({"items": []}, "/items", "too_short"),
            ({"items": [{"product_id": str(uuid4()), "quantity": 1}] * 51}, "/items", "too_long"),
            ({"items": None}, "/items", "list_type"),
            ({"items": "many"}, "/items", "list_type"),
            ({"items": [None]}, "/items/0", "model_type"),
            ({"shipping_address_id": "here"}, "/shipping_address_id", "uuid_parsing"),
            ({"shipping_address_id": None}, "/shipping_address_id", "uuid_type"),
            ({"payment_terms": "never"}, "/payment_terms", "literal_error"),
            ({"gift": True}, "/gift", "extra_forbidden"),
            ({"a/b~c": 1}, "/a~1b~0c", "extra_forbidden"),
        ],
    )
    async def test_is_told_where_it_is_wrong(
        self, ada: Person, pen: Json, change: Json, pointer: str, error: str
    ) -> None:
        (await ada.posts("/orders", ada.order_of((pen, 1)) | change)).invalid(pointer=pointer, error=error)

    @pytest.mark.parametrize("missing", ["items", "shipping_address_id"])
    async def test_is_told_what_is_missing(self, ada: Person, pen: Json, missing: str) -> None:
        body = ada.order_of((pen, 1))
        del body[missing]
        (await ada.posts("/orders", body)).invalid(pointer=f"/{missing}", error="missing")

    @pytest.mark.parametrize("quantity", [0, -1, 101, 2**31, 2**63, 2**64, 10**30, 1.0, 1.5, True, "1", None, []])
    async def test_has_a_quantity_that_is_none(self, ada: Person, pen: Json, quantity: Any) -> None:
        answer = (await ada.orders((pen, quantity))).invalid()
        assert {error["pointer"] for error in answer.body["errors"]} == {"/items/0/quantity"}

    @pytest.mark.parametrize(
        "identifier",
        ["", "1", "z" * 36, 7, None, "00000000-0000-0000-0000-000000000000", "c56a4180-65aa-11ec-90d6-0242ac120003"],
    )
    async def test_has_a_product_id_that_is_no_uuid_of_version_4_or_7(self, ada: Person, identifier: Any) -> None:
        answer = (await ada.orders(({"id": identifier}, 1))).invalid()
        assert {error["pointer"] for error in answer.body["errors"]} == {"/items/0/product_id"}

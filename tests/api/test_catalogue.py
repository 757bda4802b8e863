"""Products over HTTP: adding and changing them, their stock, and what is read."""

from typing import Any
from uuid import uuid4

import pytest

from api.schemas import ProductAnswer, ProductListPage
from tests.api.person import Json, Person
from tests.api.running import Running


class TestAddingAProduct:
    async def test_is_answered_with_it(self, staff: Person) -> None:
        sku = uuid4().hex
        added = (await staff.posts("/products", {"sku": sku, "name": "Ink", "price_cents": 1450, "stock": 12})).then(
            201, ProductAnswer, sku=sku, name="Ink", price_cents=1450, currency="USD", available=12, version=2
        )
        added.appended("SkuAssigned", "ProductAdded", "ProductStockReceived")
        assert added.etag == '"2"'
        assert added.response.headers["Location"] == f"/products/{added.body['id']}"
        read = (await staff.gets(added.response.headers["Location"])).then(200, ProductAnswer)
        assert (read.body, read.etag) == (added.body, '"2"')

    async def test_takes_a_currency_and_no_stock(self, staff: Person) -> None:
        body = {"sku": uuid4().hex, "name": "Fude", "price_cents": 0, "currency": "JPY"}
        added = (await staff.posts("/products", body)).then(201, ProductAnswer, currency="JPY", available=0, version=1)
        added.appended("SkuAssigned", "ProductAdded")

    async def test_under_a_sku_that_is_taken_is_refused(self, staff: Person) -> None:
        first = await staff.adds_product()
        again = {"sku": first["sku"], "name": "Another", "price_cents": 1}
        (await staff.posts("/products", again)).refused(409, "sku_taken", product_id=first["id"])

    @pytest.mark.parametrize(
        ("change", "pointer", "error"),
        [
            ({"price_cents": -1}, "/price_cents", "greater_than_equal"),
            ({"price_cents": 10**12 + 1}, "/price_cents", "less_than_equal"),
            ({"price_cents": 2**63}, "/price_cents", "less_than_equal"),
            ({"price_cents": 10**40}, "/price_cents", "less_than_equal"),
            ({"price_cents": 1.0}, "/price_cents", "int_type"),
            ({"price_cents": 19.99}, "/price_cents", "int_type"),
            ({"price_cents": True}, "/price_cents", "int_type"),
            ({"price_cents": "100"}, "/price_cents", "int_type"),
            ({"stock": -1}, "/stock", "greater_than_equal"),
            ({"stock": 2**31}, "/stock", "less_than_equal"),
            ({"stock": 1.5}, "/stock", "int_type"),
            ({"currency": "usd"}, "/currency", "string_pattern_mismatch"),
            ({"currency": "DOLLARS"}, "/currency", "string_pattern_mismatch"),
            ({"currency": "USD\n"}, "/currency", "string_pattern_mismatch"),
            ({"sku": ""}, "/sku", "string_too_short"),
            ({"sku": "x" * 65}, "/sku", "string_too_long"),
            ({"name": " "}, "/name", "string_too_short"),
            ({"name": 7}, "/name", "string_type"),
            ({"colour": "blue"}, "/colour", "extra_forbidden"),
        ],
    )
    async def test_that_makes_no_sense_is_refused(self, staff: Person, change: Json, pointer: str, error: str) -> None:
        body = {"sku": uuid4().hex, "name": "Ink", "price_cents": 1450} | change
        (await staff.posts("/products", body)).invalid(pointer=pointer, error=error)


class TestChangingAProduct:
    async def test_changes_what_is_named_and_nothing_else(self, staff: Person) -> None:
        pen = await staff.adds_product(stock=0, price_cents=100, name="Pen")
        path = f"/products/{pen['id']}"
        dearer = (await staff.patches(path, {"price_cents": 120})).then(
            200, ProductAnswer, price_cents=120, name="Pen", version=2
        )
        dearer.appended("ProductPriceChanged")
        assert dearer.etag == '"2"'
        (await staff.patches(path, {"name": "Quill"})).then(
            200, ProductAnswer, price_cents=120, name="Quill", version=3
        ).appended("ProductRenamed")
        (await staff.patches(path, {"name": "Pen", "price_cents": 100})).then(200, ProductAnswer, version=5).appended(
            "ProductRenamed", "ProductPriceChanged"
        )

    @pytest.mark.parametrize("change", [{}, {"name": None}, {"name": "Pen"}, {"price_cents": 100, "name": "Pen"}])
    async def test_to_what_it_is_changes_nothing(self, staff: Person, change: Json) -> None:
        pen = await staff.adds_product(stock=3, price_cents=100, name="Pen")
        same = (await staff.patches(f"/products/{pen['id']}", change)).then(200, ProductAnswer).appended()
        assert (same.body, same.etag) == (pen, '"2"')

    async def test_that_is_not_there_is_not_found(self, staff: Person, ada: Person, pen: Json) -> None:
        order = await ada.places(pen)
        for identifier in (uuid4(), order["id"], "nonsense", "0"):
            (await staff.patches(f"/products/{identifier}", {"name": "X"})).refused(404, "not_found")


class TestStock:
    async def test_comes_in(self, staff: Person) -> None:
        pen = await staff.adds_product(stock=5)
        (await staff.posts(f"/products/{pen['id']}/stock", {"quantity": 7, "reason": "a delivery"})).then(
            200, ProductAnswer, available=12, version=3
        ).appended("ProductStockReceived")

    async def test_is_corrected(self, staff: Person) -> None:
        pen = await staff.adds_product(stock=5)
        (await staff.posts(f"/products/{pen['id']}/stock", {"quantity": -5, "reason": "water damage"})).then(
            200, ProductAnswer, available=0
        ).appended("ProductStockAdjusted")

    async def test_never_falls_below_what_is_reserved(self, staff: Person, ada: Person) -> None:
        pen = await staff.adds_product(stock=5)
        await ada.places(pen, 4)
        (await staff.posts(f"/products/{pen['id']}/stock", {"quantity": -2, "reason": "lost"})).refused(
            422, "insufficient_stock", product_id=pen["id"], asked=2, available=1
        )
        (await staff.posts(f"/products/{pen['id']}/stock", {"quantity": -1, "reason": "lost"})).then(
            200, ProductAnswer, available=0
        )

    @pytest.mark.parametrize("quantity", [0, 1.5, True, "1", None, 2**63, -(2**63) - 1])
    async def test_changes_by_a_whole_number(self, staff: Person, pen: Json, quantity: Any) -> None:
        body = {"quantity": quantity, "reason": "counted"}
        answer = (await staff.posts(f"/products/{pen['id']}/stock", body)).invalid()
        assert [error["pointer"] for error in answer.body["errors"]] == ["/quantity"]

    async def test_changes_for_a_reason(self, staff: Person, pen: Json) -> None:
        (await staff.posts(f"/products/{pen['id']}/stock", {"quantity": 1})).invalid(pointer="/reason", error="missing")

    async def test_of_what_is_not_there_is_not_found(self, staff: Person) -> None:
        body = {"quantity": 1, "reason": "counted"}
        (await staff.posts(f"/products/{uuid4()}/stock", body)).refused(404, "not_found")


class TestReadingTheCatalogue:
    async def test_is_for_everyone_who_is_logged_in(self, service: Running, pen: Json) -> None:
        for role in ("customer", "staff", "auditor", "admin"):
            someone = await service.person(role)
            (await someone.gets("/products")).then(200, ProductListPage)
            (await someone.gets(f"/products/{pen['id']}")).then(200, ProductAnswer)

    async def test_shows_a_write_that_the_reader_names(self, staff: Person, ada: Person) -> None:
        pen = await staff.adds_product(stock=9, sku=f"0-{uuid4().hex}")
        placed = await ada.orders((pen, 4))
        listed = (await ada.gets("/products", headers={"Consistency-Token": placed.token})).then(200, ProductListPage)
        assert [item["available"] for item in listed.body["items"] if item["id"] == pen["id"]] == [5]

    async def test_goes_page_by_page(self, staff: Person) -> None:
        skus = sorted(f"page-{uuid4().hex}" for _ in range(5))
        added = [await staff.posts("/products", {"sku": sku, "name": "P", "price_cents": 1}) for sku in reversed(skus)]
        seen: list[str] = []
        query: dict[str, str | int] = {"limit": 2}
        while True:
            page = await staff.gets("/products", headers={"Consistency-Token": added[-1].token}, query=query)
            page.then(200, ProductListPage)
            assert len(page.body["items"]) <= 2
            seen += [item["sku"] for item in page.body["items"]]
            if page.body["next"] is None:
                break
            query["cursor"] = page.body["next"]
        assert [sku for sku in seen if sku.startswith("page-")] == skus
        assert seen == sorted(set(seen))

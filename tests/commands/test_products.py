"""Adding and changing products, and what comes into and goes out of their stock."""

import json
from typing import Any
from unittest.mock import ANY
from uuid import UUID

import pytest
from pydantic import ValidationError

from commands.add_product import AddProduct, ProductCreate, SkuTaken
from commands.change_product import ChangeProduct, ProductChange
from commands.change_stock import ChangeStock, StockChange
from commands.command import VersionMismatch
from events.domain.product import Product, Sku
from events.domain.refusal import NotFound
from tests.commands.scenario import on
from tests.commands.shop import ADA, INK, PEN, TENANT, shop, staff

WAX = UUID("018f0000-0000-7000-8000-0000000000a9")


def add(sku: str = "WAX-RD", stock: int = 0) -> AddProduct:
    return AddProduct(ProductCreate(sku=sku, name="Sealing wax", price_cents=1320, stock=stock), WAX)


def change(product: UUID = PEN, **change: Any) -> ChangeProduct:
    return ChangeProduct(product, ProductChange.model_validate(change))


def stock(quantity: int, product: UUID = PEN) -> ChangeStock:
    return ChangeStock(product, StockChange(quantity=quantity, reason="counted"))


class TestAdding:
    added = on(WAX, Product.Added, sku="WAX-RD", name="Sealing wax", price_cents=1320, currency="USD")
    assigned = on(Sku.id_of(TENANT, "WAX-RD"), Sku.Assigned, sku="WAX-RD", product_id=str(WAX))

    def test_it_claims_its_sku(self) -> None:
        decision = shop.when(add(), by=staff).then(self.assigned, self.added)
        assert (decision.status, decision.location, decision.version) == (201, f"/products/{WAX}", 1)

    def test_with_stock(self) -> None:
        received = on(WAX, Product.StockReceived, quantity=40, reason=ANY)
        decision = shop.when(add(stock=40), by=staff).then(self.assigned, self.added, received)
        assert decision.stock == {WAX: 40}
        assert json.loads(decision.body)["available"] == 40

    def test_a_sku_that_another_product_has(self) -> None:
        shop.when(add("PEN-F"), by=staff).then_refused(SkuTaken, product_id=str(PEN))

    def test_a_sku_is_taken_in_its_own_shop_only(self) -> None:
        assert Sku.id_of("other", "PEN-F") != Sku.id_of(TENANT, "PEN-F")


class TestChanging:
    def test_its_price(self) -> None:
        decision = shop.when(change(price_cents=7500), by=staff, available={PEN: 3}).then(
            on(PEN, Product.PriceChanged, price_cents=7500)
        )
        answer = json.loads(decision.body)
        assert (decision.version, answer["price_cents"], answer["available"]) == (2, 7500, 3)

    def test_its_name_and_price_together(self) -> None:
        shop.when(change(name="Fine pen", price_cents=7500), by=staff, available={PEN: 3}).then(
            on(PEN, Product.Renamed, name="Fine pen"), on(PEN, Product.PriceChanged, price_cents=7500)
        )

    @pytest.mark.parametrize("same", [{}, {"name": "Fountain pen"}, {"price_cents": 6900}])
    def test_to_what_it_is_changes_nothing(self, same: dict[str, Any]) -> None:
        assert shop.when(change(**same), by=staff, available={PEN: 3}).then_nothing().version == 1

    def test_one_that_is_not_there(self) -> None:
        shop.when(change(WAX, price_cents=1), by=staff, available={WAX: 0}).then_refused(NotFound)
        shop.when(change(ADA, price_cents=1), by=staff, available={ADA: 0}).then_refused(NotFound)

    def test_at_the_version_that_was_seen_only(self) -> None:
        asked = shop.when(change(price_cents=1), by=staff, if_match=2, available={PEN: 0})
        asked.then_refused(VersionMismatch, current_version=1)


class TestStock:
    def test_units_come_in(self) -> None:
        decision = shop.when(stock(12), by=staff, available={PEN: 3}).then(
            on(PEN, Product.StockReceived, quantity=12, reason="counted")
        )
        assert decision.stock == {PEN: 12}
        assert json.loads(decision.body)["available"] == 15

    def test_units_are_missing(self) -> None:
        decision = shop.when(stock(-2, INK), by=staff, available={INK: 3}).then(
            on(INK, Product.StockAdjusted, quantity=-2, reason="counted")
        )
        assert decision.stock == {INK: -2}

    def test_of_a_product_that_is_not_there(self) -> None:
        shop.when(stock(1, WAX), by=staff, available={WAX: 0}).then_refused(NotFound)


class TestWhatMakesNoSense:
    @pytest.mark.parametrize("quantity", [0, 1.5, "3", True, 10**9 + 1, -(10**9) - 1])
    def test_changes_of_stock(self, quantity: object) -> None:
        with pytest.raises(ValidationError):
            StockChange.model_validate({"quantity": quantity, "reason": "counted"})

    @pytest.mark.parametrize(
        "wrong",
        [
            {"sku": ""},
            {"sku": "x" * 65},
            {"sku": "A\x00B"},
            {"name": "  "},
            {"name": "bell\x07"},
            {"price_cents": -1},
            {"price_cents": 10**12 + 1},
            {"price_cents": 9.99},
            {"price_cents": "100"},
            {"currency": "usd"},
            {"currency": "DOLLAR"},
            {"stock": -1},
            {"available": 3},
        ],
    )
    def test_products(self, wrong: dict[str, object]) -> None:
        with pytest.raises(ValidationError):
            ProductCreate.model_validate({"sku": "A", "name": "B", "price_cents": 1} | wrong)

    def test_blanks_around_a_name_are_not_part_of_it(self) -> None:
        product = ProductCreate(sku=" A ", name="  Blue\tink ", price_cents=0)
        assert (product.sku, product.name) == ("A", "Blue\tink")

"""Placing an order: what it copies, what it reserves, and what it refuses."""

import json
from unittest.mock import ANY
from uuid import UUID

import pytest
from pydantic import ValidationError

from commands.place_order import (
    DuplicateProduct,
    MixedCurrency,
    OrderCreate,
    OrderItem,
    UnknownAddress,
    UnknownProduct,
)
from events.caller import Caller
from events.domain.order import Order
from events.domain.product import Product
from tests.commands.asking import change_to, place
from tests.commands.scenario import on
from tests.commands.shop import ADA, ADDRESS, BEN, HOME, INK, PEN, TEA, TENANT, ada, ben, pending, shop, staff

NOWHERE = UUID("018f0000-0000-7000-8000-00000000ffff")


class TestWhatIsPlaced:
    def test_prices_names_and_address_are_copied(self) -> None:
        shop.when(place((PEN, 2), (INK, 10)), by=ada).then(
            on(
                ANY,
                Order.Placed,
                number="0000001",
                user_id=str(ADA),
                currency="USD",
                lines=[
                    {
                        "id": ANY,
                        "product_id": str(PEN),
                        "product_name": "Fountain pen",
                        "quantity": 2,
                        "price_cents": 6900,
                        "discount_cents": 0,
                    },
                    {
                        "id": ANY,
                        "product_id": str(INK),
                        "product_name": "Blue ink",
                        "quantity": 10,
                        "price_cents": 1250,
                        "discount_cents": 0,
                    },
                ],
                shipping_cents=0,
                shipping_address=ADDRESS,
                payment_terms="offline",
                expires_at=None,
                backordered=[],
            )
        )

    def test_as_they_are_by_then(self) -> None:
        dearer = shop.given(
            on(PEN, Product.PriceChanged, price_cents=7500), on(PEN, Product.Renamed, name="Fountain pen, fine")
        )
        asked = dearer.when(place((PEN, 1)), by=ada)
        (event,) = asked.events
        assert isinstance(event, Order.Placed)
        assert event.lines[0]["price_cents"] == 7500
        assert event.lines[0]["product_name"] == "Fountain pen, fine"

    def test_stock_is_reserved_with_it(self) -> None:
        decision = shop.when(place((PEN, 2), (INK, 10)), by=ada).decision
        assert decision is not None
        assert decision.stock == {PEN: -2, INK: -10}

    def test_it_holds_the_log_to_the_price_and_the_address_it_saw(self) -> None:
        decision = shop.when(place((PEN, 1), (INK, 1)), by=ada).decision
        assert decision is not None
        assert {aggregate.id: aggregate.version for aggregate in decision.read} == {ADA: 2, PEN: 1, INK: 1}

    def test_the_answer_is_the_order(self) -> None:
        decision = shop.when(place((PEN, 2), (INK, 10)), by=ada).decision
        assert decision is not None
        answer = json.loads(decision.body)
        assert decision.status == 201
        assert decision.location == f"/orders/{answer['id']}"
        assert decision.person == decision.owner == ADA
        assert answer["total_cents"] == 2 * 6900 + 10 * 1250
        assert answer["total_cents"] == sum(item["line_total_cents"] for item in answer["items"])
        assert answer["total_usd"] == "263.00"
        assert answer["status"] == "pending"
        assert answer["allowed_statuses"] == ["confirmed", "cancelled", "expired"]
        assert answer["version"] == decision.version == 1
        assert UUID(answer["id"]).version == 7

    def test_in_another_currency_there_is_no_total_in_dollars(self) -> None:
        decision = shop.when(place((TEA, 2)), by=ada).decision
        assert decision is not None
        answer = json.loads(decision.body)
        assert (answer["currency"], answer["total_cents"], answer["total_usd"]) == ("EUR", 1780, None)

    def test_an_order_that_stands_keeps_its_prices_and_names(self) -> None:
        changed = pending.given(on(PEN, Product.PriceChanged, price_cents=1), on(PEN, Product.Renamed, name="Pen"))
        decision = changed.when(change_to("confirmed"), by=staff).decision
        assert decision is not None
        pen, ink = json.loads(decision.body)["items"]
        assert (pen["product_name"], pen["price_cents"]) == ("Fountain pen", 6900)
        assert (ink["product_name"], ink["price_cents"]) == ("Blue ink", 1250)


class TestRefusing:
    def test_an_address_that_is_not_there(self) -> None:
        asked = shop.when(place((PEN, 1), address=NOWHERE), by=ada)
        asked.then_refused(UnknownAddress, address_id=str(NOWHERE))

    def test_somebody_elses_address(self) -> None:
        shop.when(place((PEN, 1)), by=ben).then_refused(UnknownAddress, address_id=str(HOME))

    def test_an_account_without_a_customer(self) -> None:
        stranger = Caller(NOWHERE, TENANT, ("customer",))
        shop.when(place((PEN, 1)), by=stranger).then_refused(UnknownAddress, address_id=str(HOME))

    def test_a_product_that_is_not_there(self) -> None:
        asked = shop.when(place((PEN, 1), (NOWHERE, 1)), by=ada)
        asked.then_refused(UnknownProduct, product_id=str(NOWHERE))

    def test_a_stream_that_is_no_product(self) -> None:
        asked = shop.when(place((BEN, 1)), by=ada)
        asked.then_refused(UnknownProduct, product_id=str(BEN))

    def test_a_product_twice(self) -> None:
        shop.when(place((PEN, 1), (PEN, 2)), by=ada).then_refused(DuplicateProduct, product_id=str(PEN))

    def test_two_currencies(self) -> None:
        asked = shop.when(place((PEN, 1), (TEA, 1)), by=ada)
        asked.then_refused(MixedCurrency, currencies=["EUR", "USD"])


class TestWhatMakesNoSense:
    @pytest.mark.parametrize("quantity", [0, -1, 101, 1.0, "1", True, None, 2**63])
    def test_quantities(self, quantity: object) -> None:
        with pytest.raises(ValidationError):
            OrderItem.model_validate({"product_id": PEN, "quantity": quantity})

    @pytest.mark.parametrize("product", ["", "x", 7, None, "00000000-0000-0000-0000-000000000000", UUID(int=1 << 76)])
    def test_ids_that_are_not_of_version_4_or_7(self, product: object) -> None:
        with pytest.raises(ValidationError):
            OrderItem.model_validate({"product_id": product, "quantity": 1})

    @pytest.mark.parametrize("items", [0, 51])
    def test_too_few_and_too_many_lines(self, items: int) -> None:
        with pytest.raises(ValidationError):
            OrderCreate.model_validate(
                {"items": [{"product_id": PEN, "quantity": 1}] * items, "shipping_address_id": HOME}
            )

    @pytest.mark.parametrize("extra", [{"total_cents": 1}, {"price": 1}, {"payment_terms": "barter"}])
    def test_unknown_members_and_values(self, extra: dict[str, object]) -> None:
        items = [{"product_id": PEN, "quantity": 1}]
        with pytest.raises(ValidationError):
            OrderCreate.model_validate({"items": items, "shipping_address_id": HOME} | extra)

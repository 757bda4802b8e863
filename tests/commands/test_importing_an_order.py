"""Importing an order: history becomes events with their own times, once."""

import json
from datetime import UTC, datetime
from typing import Any
from unittest.mock import ANY
from uuid import UUID

import pytest
from pydantic import ValidationError

from commands.import_order import (
    ImportOrder,
    PastOrder,
    ReferenceReused,
    UnknownParts,
    customer_id_of,
    order_id_of,
)
from events.caller import Caller
from events.domain.customer import Customer
from events.domain.order import Order
from tests.commands.scenario import Scenario, on
from tests.commands.shop import INK, PEN, TENANT, shop

system = Caller(UUID(int=0), TENANT, ("system",))
ORDER = order_id_of(TENANT, "NW-1")
CUSTOMER = customer_id_of(TENANT, "VINET")
ADDRESS = {"recipient": "Vins et alcools", "line1": "59 rue de l'Abbaye", "city": "Reims", "country": "France"}

LINE: dict[str, Any] = {
    "reference": "NW-1",
    "customer": {"reference": "VINET", "name": "Vins et alcools", "email": "vinet@example.com"},
    "currency": "USD",
    "items": [
        {"sku": "PEN-F", "name": "Old pen", "quantity": 130, "price_cents": 5000, "discount_cents": 650},
        {"sku": "INK-50", "name": "Old ink", "quantity": 2, "price_cents": 1000},
    ],
    "shipping_cents": 3238,
    "shipping_address": ADDRESS,
    "history": [
        {"status": "pending", "at": "1996-07-04T00:00:00Z"},
        {"status": "confirmed", "at": "1996-07-04T02:00:00+02:00"},
        {"status": "shipped", "at": "1996-07-16T08:30:00.5-04:00"},
    ],
}


def past(**changes: Any) -> PastOrder:
    return PastOrder.model_validate_json(json.dumps(LINE | changes))


def importing(order: PastOrder | None = None) -> ImportOrder:
    return ImportOrder.into(TENANT, order or past(), lambda: "0000001")


known: Scenario = shop.given(
    on(CUSTOMER, Customer.Added, name="Vins et alcools", email="vinet@example.com", reference="VINET")
)


def imported(fingerprint: str | None) -> Scenario:
    return known.given(
        on(
            ORDER,
            Order.Imported,
            number="0000001",
            user_id=str(CUSTOMER),
            currency="USD",
            lines=[],
            shipping_cents=0,
            shipping_address=ADDRESS,
            reference="NW-1",
            fingerprint=fingerprint,
        )
    )


class TestWhatIsImported:
    def test_its_history(self) -> None:
        decision = known.when(importing(), by=system).then(
            on(
                ORDER,
                Order.Imported,
                number="0000001",
                user_id=str(CUSTOMER),
                currency="USD",
                lines=[
                    {
                        "id": ANY,
                        "product_id": str(PEN),
                        "product_name": "Old pen",
                        "quantity": 130,
                        "price_cents": 5000,
                        "discount_cents": 650,
                    },
                    {
                        "id": ANY,
                        "product_id": str(INK),
                        "product_name": "Old ink",
                        "quantity": 2,
                        "price_cents": 1000,
                        "discount_cents": 0,
                    },
                ],
                shipping_cents=3238,
                shipping_address=ADDRESS,
                reference="NW-1",
                fingerprint=past().fingerprint(),
            ),
            on(ORDER, Order.Confirmed, reason=None),
            on(ORDER, Order.Shipped, reason=None),
        )
        assert (decision.status, decision.version) == (201, 3)
        assert decision.person == decision.owner == CUSTOMER

    def test_at_its_own_times(self) -> None:
        asked = known.when(importing(), by=system)
        assert [event.timestamp for event in asked.events] == [
            datetime(1996, 7, 4, tzinfo=UTC),
            datetime(1996, 7, 4, tzinfo=UTC),
            datetime(1996, 7, 16, 12, 30, 0, 500_000, tzinfo=UTC),
        ]

    def test_no_stock_is_touched(self) -> None:
        decision = known.when(importing(), by=system).decision
        assert decision is not None
        assert decision.stock == {}

    def test_ending_it_later_releases_none_either(self) -> None:
        order = Order.import_from(
            ORDER,
            datetime(1996, 7, 4, tzinfo=UTC),
            number="0000001",
            user_id=str(CUSTOMER),
            currency="USD",
            lines=[],
            shipping_cents=0,
            shipping_address={"recipient": "A", "line1": "B", "city": "C", "country": "D"},
            reference="NW-1",
            fingerprint="",
        )
        assert order.reserved == {}

    def test_the_total(self) -> None:
        asked = known.when(importing(), by=system)
        assert asked.decision is not None
        (order,) = asked.decision.changed
        assert isinstance(order, Order)
        assert order.total_cents == past().total_cents == 130 * 5000 - 650 + 2 * 1000 + 3238

    def test_two_lines_of_one_product(self) -> None:
        twice = past(items=[*LINE["items"], LINE["items"][0] | {"name": "Old pen, gift"}])
        (event, *_) = known.when(importing(twice), by=system).events
        assert isinstance(event, Order.Imported)
        assert [line["product_name"] for line in event.lines] == ["Old pen", "Old ink", "Old pen, gift"]

    @pytest.mark.parametrize("sku", ["PEN-F", "NO-SUCH"])
    def test_not_before_its_parts_are_there(self, sku: str) -> None:
        order = past(items=[LINE["items"][0] | {"sku": sku}])
        scenario = shop if sku == "PEN-F" else known
        scenario.when(importing(order), by=system).then_refused(UnknownParts)


class TestOnce:
    def test_the_same_content_again_changes_nothing(self) -> None:
        decision = imported(past().fingerprint()).when(importing(), by=system).then_nothing()
        assert (decision.status, decision.version) == (200, 1)

    def test_also_when_the_order_has_moved_on(self) -> None:
        moved = imported(past().fingerprint()).given(on(ORDER, Order.Confirmed, reason=None))
        assert moved.when(importing(), by=system).then_nothing().version == 2

    def test_other_content_is_refused(self) -> None:
        imported(past(shipping_cents=1).fingerprint()).when(importing(), by=system).then_refused(ReferenceReused)

    def test_of_a_forgotten_customer_nothing_can_be_compared(self) -> None:
        imported(None).when(importing(), by=system).then_nothing()

    @pytest.mark.parametrize(
        "other",
        [
            {"shipping_cents": None},
            {"currency": "EUR"},
            {"items": LINE["items"][:1]},
            {"items": LINE["items"][::-1]},
            {"history": LINE["history"][:2]},
            {"customer": LINE["customer"] | {"name": "Vins"}},
            {"shipping_address": ADDRESS | {"line2": "b"}},
        ],
    )
    def test_what_is_other_content(self, other: dict[str, Any]) -> None:
        assert past(**other).fingerprint() != past().fingerprint()

    @pytest.mark.parametrize(
        "same",
        [
            {"items": [LINE["items"][0], LINE["items"][1] | {"discount_cents": 0}]},
            {"items": [LINE["items"][0], LINE["items"][1] | {"discount_cents": None}]},
            {"shipping_address": ADDRESS | {"line2": None, "region": None}},
            {"history": [LINE["history"][0] | {"at": "1996-07-03T19:00:00-05:00"}, *LINE["history"][1:]]},
            {"reference": "  NW-1 "},
        ],
    )
    def test_what_is_the_same_content(self, same: dict[str, Any]) -> None:
        assert past(**same).fingerprint() == past().fingerprint()

    def test_a_fingerprint_is_for_ever(self) -> None:
        """It is in the log: another way to take it would report every order ever imported as changed."""
        assert past().fingerprint() == "a4d1198b3fdea42de72585677df5b257"

    def test_ids_follow_from_tenant_and_reference(self) -> None:
        assert UUID("4d8af49c-83ac-5c3d-b1fe-cef206c19821") == ORDER
        assert UUID("0d2f52da-380d-50ad-b8b9-53c462a948e6") == CUSTOMER
        assert (
            len({make(tenant, "A") for tenant in ("default", "other") for make in (order_id_of, customer_id_of)}) == 4
        )


def _item(**changes: Any) -> dict[str, Any]:
    return {"items": [LINE["items"][0] | changes]}


def _history(*entries: tuple[str, object]) -> dict[str, Any]:
    return {"history": [{"status": status, "at": at} for status, at in entries]}


class TestWhatMakesNoSense:
    @pytest.mark.parametrize(
        "wrong",
        [
            {"reference": ""},
            {"reference": None},
            {"reference": 10248},
            {"reference": "a\x00"},
            {"reference": "x" * 201},
            {"customer": None},
            {"customer": LINE["customer"] | {"email": "nobody"}},
            {"customer": LINE["customer"] | {"email": "a@b\x1bc"}},
            {"customer": LINE["customer"] | {"phone": "1"}},
            {"currency": "dollars"},
            {"currency": None},
            {"items": []},
            {"items": None},
            {"items": [LINE["items"][0]] * 1001},
            {"shipping_cents": -1},
            {"shipping_cents": 2**63},
            {"shipping_cents": 1.5},
            {"shipping_address": ADDRESS | {"city": ""}},
            {"shipping_address": None},
            {"note": "please"},
        ],
    )
    def test_orders(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            past(**wrong)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"quantity": 0},
            {"quantity": -1},
            {"quantity": 1.0},
            {"quantity": "1"},
            {"quantity": True},
            {"quantity": 2**63},
            {"quantity": None},
            {"price_cents": -1},
            {"price_cents": 10**12 + 1},
            {"discount_cents": -1},
            {"discount_cents": 130 * 5000 + 1},
            {"sku": " "},
            {"name": "tab\x00"},
            {"product_id": "x"},
        ],
    )
    def test_items(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            past(**_item(**wrong))

    def test_a_total_that_does_not_fit_in_64_bits(self) -> None:
        most = _item(price_cents=10**12, quantity=9_223_372, discount_cents=0)
        assert past(**most, shipping_cents=0).total_cents < 2**63
        with pytest.raises(ValidationError, match="2⁶³"):
            past(**most, shipping_cents=2**63 - 1)
        with pytest.raises(ValidationError, match="2⁶³"):
            past(**_item(price_cents=10**12, quantity=9_223_373))

    def test_a_quantity_has_no_other_limit(self) -> None:
        assert past(**_item(price_cents=0, quantity=2**63 - 1, discount_cents=0)).gross_cents == 0

    @pytest.mark.parametrize(
        "wrong",
        [
            _history(),
            _history(("confirmed", "1996-07-04T00:00:00Z")),
            _history(("pending", "1996-07-04T00:00:00Z"), ("pending", "1996-07-04T00:00:00Z")),
            _history(("pending", "1996-07-04T00:00:00Z"), ("shipped", "1996-07-05T00:00:00Z")),
            _history(("pending", "1996-07-04T00:00:00Z"), ("lost", "1996-07-05T00:00:00Z")),
            _history(("pending", "1996-07-04T00:00:00Z"), ("confirmed", "1996-07-03T23:59:59.999Z")),
            _history(("pending", "1996-07-04T00:00:00Z"), ("confirmed", "1996-07-04T00:00:00+00:01")),
            *(
                _history(("pending", at))
                for at in (
                    None,
                    836438400,
                    "836438400",
                    "1996-07-04",
                    "1996-07-04T00:00:00",
                    "1996-07-04 00:00:00Z",
                    "1996-02-30T00:00:00Z",
                    "1996-07-04T24:00:01Z",
                    "1899-12-31T23:59:59Z",
                    "0001-01-01T00:00:00+14:00",
                    "9999-12-31T23:59:59-01:00",
                )
            ),
        ],
    )
    def test_histories(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            past(**wrong)

    @pytest.mark.parametrize(
        "way",
        [
            ("pending",),
            ("pending", "expired"),
            ("pending", "cancelled"),
            ("pending", "confirmed", "cancelled"),
            ("pending", "confirmed", "shipped", "delivered", "returned"),
        ],
    )
    def test_every_legal_way_is_taken(self, way: tuple[str, ...]) -> None:
        order = past(**_history(*((status, "1996-07-04T00:00:00Z") for status in way)))
        decision = known.when(importing(order), by=system).decision
        assert decision is not None
        (imported_order,) = decision.changed
        assert isinstance(imported_order, Order)
        assert (imported_order.status, imported_order.version) == (way[-1], len(way))

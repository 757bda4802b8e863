"""Importing an order: history becomes events with their own times, once."""

from datetime import UTC, datetime
from unittest.mock import ANY
from uuid import UUID, uuid5

import pytest

from commands.import_order import (
    ImportOrder,
    ReferenceReused,
    UnknownParts,
    customer_id_of,
    order_id_of,
)
from commands.past_order import PastOrder
from events.caller import Caller
from events.domain import order_events as happened
from events.domain.customer import Customer
from events.domain.order import Order
from events.domain.refusal import PersonForgotten
from tests.commands.past import ADDRESS, LINE, past
from tests.commands.scenario import Scenario, on
from tests.commands.shop import INK, PEN, TENANT, shop

system = Caller(UUID(int=0), TENANT, ("system",))
ORDER = order_id_of(TENANT, "NW-1")
CUSTOMER = customer_id_of(TENANT, "VINET")


def importing(order: PastOrder | None = None) -> ImportOrder:
    return ImportOrder.into(TENANT, order or past(), "0000001")


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
            on(ORDER, happened.Confirmed, reason=None, **happened.Confirmed.OF_VERSION_1),
            on(
                ORDER,
                happened.Shipped,
                **{**happened.Shipped.OF_VERSION_1, "shipment_id": str(uuid5(ORDER, "shipment 1")), "items": ANY},
                reason=None,
            ),
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
        assert order.given_up(order.open_parts) == {}

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
        order = past(history=[{"status": status, "at": "1996-07-04T00:00:00Z"} for status in way])
        decision = known.when(importing(order), by=system).decision
        assert decision is not None
        (imported_order,) = decision.changed
        assert isinstance(imported_order, Order)
        assert (imported_order.status, imported_order.version) == (way[-1], len(way))


class TestOnce:
    def test_the_same_content_again_changes_nothing(self) -> None:
        decision = imported(past().fingerprint()).when(importing(), by=system).then_nothing()
        assert (decision.status, decision.version) == (200, 1)

    def test_also_when_the_order_has_moved_on(self) -> None:
        moved = imported(past().fingerprint()).given(on(ORDER, happened.Confirmed, reason=None))
        assert moved.when(importing(), by=system).then_nothing().version == 2

    def test_other_content_is_refused(self) -> None:
        imported(past(shipping_cents=1).fingerprint()).when(importing(), by=system).then_refused(ReferenceReused)

    def test_of_a_forgotten_customer_nothing_can_be_compared(self) -> None:
        imported(None).when(importing(), by=system).then_nothing()

    def test_nothing_new_is_imported_of_a_forgotten_customer(self) -> None:
        forgotten = known.given(on(CUSTOMER, Customer.Erased, reason="customer_request"))
        forgotten.when(importing(), by=system).then_refused(PersonForgotten)

    def test_ids_follow_from_tenant_and_reference(self) -> None:
        assert UUID("4d8af49c-83ac-5c3d-b1fe-cef206c19821") == ORDER
        assert UUID("0d2f52da-380d-50ad-b8b9-53c462a948e6") == CUSTOMER
        assert (
            len({make(tenant, "A") for tenant in ("default", "other") for make in (order_id_of, customer_id_of)}) == 4
        )

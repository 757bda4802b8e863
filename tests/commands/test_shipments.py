"""Shipping an order in parts."""

from uuid import UUID, uuid4

import pytest
from pydantic import ValidationError

from commands.deliver_shipment import DeliverShipment
from commands.ship_order import ShipmentCreate, ShipOrder
from events.domain.line_ledger import ExceedsOpen, UnknownItem
from events.domain.order import IllegalTransition, OrderAlreadyShipped
from events.domain.refusal import NotFound
from tests.commands.asking import cancel, change_to
from tests.commands.shop import (
    INKS,
    ORDER,
    PENS,
    arrival,
    cancelled,
    confirmed,
    parts,
    pending,
    shipment,
    shipment_id,
    shipped,
    staff,
)


def ship(*items: tuple[str, int], carrier: str | None = None, tracking: str | None = None) -> ShipOrder:
    """These units shall leave the house."""
    return ShipOrder(
        ORDER,
        ShipmentCreate.model_validate({"items": parts(*items), "carrier": carrier, "tracking": tracking}),
    )


def deliver(number: int = 1) -> DeliverShipment:
    """The so-many-th shipment arrived."""
    return DeliverShipment(ORDER, UUID(shipment_id(number)))


half = confirmed.given(shipment((INKS, 2), status="confirmed", so_far="partially_shipped"))


class TestAShipment:
    def test_of_some_leaves_the_order_confirmed(self) -> None:
        confirmed.when(ship((INKS, 2), carrier="DHL", tracking="JD014"), by=staff).then(
            shipment((INKS, 2), status="confirmed", so_far="partially_shipped", carrier="DHL", tracking="JD014")
        )

    def test_of_the_rest_makes_it_shipped(self) -> None:
        decision = half.when(ship((INKS, 1), (PENS, 1)), by=staff).then(
            shipment((INKS, 1), (PENS, 1), status="shipped", so_far="shipped", number=2)
        )
        assert decision.status == 201
        assert decision.body.startswith(f'{{"shipment_id":"{shipment_id(2)}","order":{{'.encode())
        assert decision.stock == {}, "what is shipped was taken from the stock when the order was placed"

    def test_the_short_form_ships_what_is_left(self) -> None:
        half.when(change_to("shipped"), by=staff).then(
            shipment((PENS, 1), (INKS, 1), status="shipped", so_far="shipped", number=2)
        )

    def test_of_more_than_is_open_is_refused(self) -> None:
        half.when(ship((INKS, 2)), by=staff).then_refused(ExceedsOpen, item_id=INKS, asked=2, left=1)

    def test_of_a_line_that_is_not_there_is_refused(self) -> None:
        other = str(uuid4())
        half.when(ship((other, 1)), by=staff).then_refused(UnknownItem, item_id=other)

    @pytest.mark.parametrize(
        ("scenario", "status", "allowed"),
        [
            (pending, "pending", ["confirmed", "cancelled", "expired"]),
            (cancelled, "cancelled", []),
            (shipped, "shipped", ["delivered"]),
        ],
        ids=["pending", "cancelled", "shipped"],
    )
    def test_is_of_a_confirmed_order(self, scenario: object, status: str, allowed: list[str]) -> None:
        asked = scenario.when(ship((PENS, 1)), by=staff)  # type: ignore[attr-defined]
        asked.then_refused(IllegalTransition, status_now=status, allowed_statuses=allowed)

    @pytest.mark.parametrize("items", [[], parts((PENS, 0)), parts((PENS, 1), (PENS, 1))])
    def test_has_each_line_at_most_once_and_some_of_it(self, items: object) -> None:
        with pytest.raises(ValidationError):
            ShipmentCreate.model_validate({"items": items})


class TestItsArrival:
    def test_leaves_an_order_confirmed_of_which_something_is_open(self) -> None:
        half.when(deliver(), by=staff).then(arrival(status="confirmed", so_far="partially_delivered"))

    def test_twice_changes_nothing(self) -> None:
        half.given(arrival(status="confirmed", so_far="partially_delivered")).when(deliver(), by=staff).then_nothing()

    def test_of_all_shipments_makes_the_order_delivered(self) -> None:
        both = half.given(shipment((INKS, 1), (PENS, 1), status="shipped", so_far="shipped", number=2))
        both.when(change_to("delivered"), by=staff).then(
            arrival(status="shipped", so_far="partially_delivered"),
            arrival(status="delivered", so_far="delivered", number=2),
        )

    def test_of_one_that_there_is_not_is_not_found(self) -> None:
        half.when(deliver(2), by=staff).then_refused(NotFound)


class TestCancellingAPartlyShippedOrder:
    def test_as_a_whole_is_refused_and_says_what_is_open(self) -> None:
        half.when(cancel(), by=staff).then_refused(
            OrderAlreadyShipped,
            status_now="confirmed",
            allowed_statuses=["shipped"],
            open_items=parts((PENS, 1), (INKS, 1)),
        )

    def test_is_no_short_form_either(self) -> None:
        half.when(change_to("cancelled"), by=staff).then_refused(
            IllegalTransition, status_now="confirmed", allowed_statuses=["shipped"]
        )

"""What can be asked of an order that has left the house."""

import pytest

from events.domain import order_events as happened
from events.domain.order import IllegalTransition, OrderAlreadyShipped
from tests.commands.asking import cancel, change_to
from tests.commands.shop import ada, arrival, delivered, returned, shipped, staff, step


class TestShipped:
    def test_it_is_delivered(self) -> None:
        shipped.when(change_to("delivered"), by=staff).then(arrival(status="delivered", so_far="delivered"))

    def test_it_is_not_cancelled_any_more(self) -> None:
        shipped.when(cancel("late"), by=staff).then_refused(
            OrderAlreadyShipped, status_now="shipped", allowed_statuses=["delivered"], open_items=[]
        )

    def test_not_by_its_owner_either(self) -> None:
        asked = shipped.when(cancel("late"), by=ada)
        asked.then_refused(IllegalTransition, status_now="shipped", allowed_statuses=[])

    @pytest.mark.parametrize("status", ["pending", "confirmed", "cancelled", "expired", "returned"])
    def test_it_takes_no_step_out_of_turn(self, status: str) -> None:
        shipped.when(change_to(status), by=staff).then_refused(
            IllegalTransition, status_now="shipped", allowed_statuses=["delivered"]
        )


class TestDelivered:
    def test_it_comes_back_and_its_stock_does_not_by_itself(self) -> None:
        decision = delivered.when(change_to("returned"), by=staff).then(step(happened.Returned))
        assert decision.stock == {}

    def test_it_is_not_cancelled(self) -> None:
        delivered.when(cancel(), by=staff).then_refused(
            OrderAlreadyShipped, status_now="delivered", allowed_statuses=["returned"], open_items=[]
        )

    @pytest.mark.parametrize("status", ["pending", "confirmed", "shipped", "cancelled", "expired"])
    def test_it_takes_no_step_out_of_turn(self, status: str) -> None:
        delivered.when(change_to(status), by=staff).then_refused(
            IllegalTransition, status_now="delivered", allowed_statuses=["returned"]
        )


class TestReturned:
    @pytest.mark.parametrize("status", ["pending", "confirmed", "shipped", "delivered", "cancelled", "expired"])
    def test_it_stays_so(self, status: str) -> None:
        asked = returned.when(change_to(status), by=staff)
        asked.then_refused(IllegalTransition, status_now="returned", allowed_statuses=[])

    def test_it_is_not_cancelled(self) -> None:
        asked = returned.when(cancel(), by=staff)
        asked.then_refused(OrderAlreadyShipped, status_now="returned", allowed_statuses=[], open_items=[])

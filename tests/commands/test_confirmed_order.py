"""What can be asked of an order that was confirmed."""

import pytest

from events.domain import order_events as happened
from events.domain.order import IllegalTransition
from tests.commands.asking import cancel, change_to
from tests.commands.shop import HELD, INKS, PENS, ada, confirmed, shipment, staff, step


def test_staff_ship_it_and_its_stock_is_gone() -> None:
    decision = confirmed.when(change_to("shipped"), by=staff).then(
        shipment((PENS, 1), (INKS, 3), status="shipped", so_far="shipped")
    )
    assert (decision.version, decision.stock) == (3, {})


def test_staff_cancel_it_and_its_stock_comes_back() -> None:
    decision = confirmed.when(cancel("lost in the cellar"), by=staff).then(
        step(happened.Cancelled, "lost in the cellar")
    )
    assert decision.stock == HELD


def test_its_owner_is_too_late_to_cancel_it() -> None:
    asked = confirmed.when(cancel(), by=ada)
    asked.then_refused(IllegalTransition, status_now="confirmed", allowed_statuses=[])


def test_confirming_it_again_changes_nothing() -> None:
    confirmed.when(change_to("confirmed"), by=staff).then_nothing()


@pytest.mark.parametrize("status", ["pending", "expired", "delivered", "returned"])
def test_it_takes_no_step_out_of_turn(status: str) -> None:
    confirmed.when(change_to(status), by=staff).then_refused(
        IllegalTransition, status_now="confirmed", allowed_statuses=["shipped", "cancelled"]
    )

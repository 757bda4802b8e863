"""Cancelling some of an order."""

import pytest

from commands.cancel_order import Cancellation, CancelOrder
from events.domain import order_events as happened
from events.domain.line_ledger import ExceedsOpen
from events.domain.order import IllegalTransition
from tests.commands.scenario import Fact, on
from tests.commands.shop import (
    INK,
    INKS,
    ORDER,
    PEN,
    PENS,
    ada,
    cancelled,
    confirmed,
    expired,
    parts,
    pending,
    shipment,
    staff,
    step,
)


def cancel_lines(*items: tuple[str, int]) -> CancelOrder:
    """These units are no longer wanted."""
    return CancelOrder(ORDER, Cancellation.model_validate({"reason": "mistake", "items": parts(*items)}))


def lines_cancelled(*items: tuple[str, int], status: str, so_far: str = "unfulfilled") -> Fact:
    return on(
        ORDER,
        happened.LinesCancelled,
        items=parts(*items),
        reason="mistake",
        status=status,
        fulfillment_status=so_far,
        return_status="none",
        payment_status="unpaid",
    )


def test_some_units_give_back_their_stock_and_leave_the_order_as_it_is() -> None:
    decision = pending.when(cancel_lines((INKS, 2)), by=ada).then(lines_cancelled((INKS, 2), status="pending"))
    assert decision.stock == {INK: 2}
    assert decision.status == 200


def test_all_of_it_is_the_order_s_cancellation() -> None:
    decision = pending.when(cancel_lines((PENS, 1), (INKS, 3)), by=ada).then(step(happened.Cancelled, "mistake"))
    assert decision.stock == {PEN: 1, INK: 3}


def test_the_last_of_it_as_well_and_gives_back_only_what_was_left() -> None:
    rest = confirmed.given(lines_cancelled((INKS, 3), status="confirmed"))
    decision = rest.when(cancel_lines((PENS, 1)), by=staff).then(step(happened.Cancelled, "mistake"))
    assert decision.stock == {PEN: 1}


def test_what_is_left_after_a_shipment_ends_its_way_there() -> None:
    half = confirmed.given(shipment((INKS, 3), status="confirmed", so_far="partially_shipped"))
    decision = half.when(cancel_lines((PENS, 1)), by=staff).then(
        lines_cancelled((PENS, 1), status="shipped", so_far="shipped")
    )
    assert decision.stock == {PEN: 1}


def test_what_was_shipped_meanwhile_is_refused() -> None:
    half = confirmed.given(shipment((INKS, 3), status="confirmed", so_far="partially_shipped"))
    half.when(cancel_lines((INKS, 1)), by=staff).then_refused(ExceedsOpen, item_id=INKS, asked=1, left=0)


def test_its_customer_may_while_it_is_pending_only() -> None:
    confirmed.when(cancel_lines((INKS, 1)), by=ada).then_refused(
        IllegalTransition, status_now="confirmed", allowed_statuses=[]
    )


def test_of_a_cancelled_order_nothing_happens() -> None:
    cancelled.when(cancel_lines((INKS, 1)), by=staff).then_nothing()


def test_of_an_expired_order_it_is_refused() -> None:
    expired.when(cancel_lines((INKS, 1)), by=staff).then_refused(
        IllegalTransition, status_now="expired", allowed_statuses=[]
    )


@pytest.mark.parametrize("quantity", [0, -1, "1", 1.5])
def test_a_quantity_is_a_positive_number(quantity: object) -> None:
    with pytest.raises(ValueError, match="quantity"):
        Cancellation.model_validate({"reason": "x", "items": [{"item_id": PENS, "quantity": quantity}]})

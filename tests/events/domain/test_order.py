"""The order by itself: its way along the statuses, what it comes to, and what it holds."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any, cast
from uuid import UUID

import pytest

from events.domain import order_events as happened
from events.domain.order import IllegalTransition, Order, OrderAlreadyShipped
from events.domain.order_parts import Line, line_total
from events.domain.statuses import NEXT_STATUSES
from events.repository import fold, fork

PEN, INK = UUID(int=10), UUID(int=11)
LEGAL = [(status, following) for status, ways in NEXT_STATUSES.items() for following in ways]
ILLEGAL = [
    (status, other)
    for status, other in product(NEXT_STATUSES, repeat=2)
    if status != other and (status, other) not in LEGAL
]
STEPS: dict[str, type[happened.BeforePayments]] = {
    "confirmed": happened.Confirmed,
    "shipped": happened.Shipped,
    "delivered": happened.Delivered,
    "cancelled": happened.Cancelled,
    "returned": happened.Returned,
    "expired": happened.Expired,
}
AT = datetime(1996, 7, 4, tzinfo=UTC)


def line(product_id: UUID, quantity: int, price_cents: int, discount_cents: int = 0) -> Line:
    return {
        "id": str(UUID(int=product_id.int + 100)),
        "product_id": str(product_id),
        "product_name": "Thing",
        "quantity": quantity,
        "price_cents": price_cents,
        "discount_cents": discount_cents,
    }


def an_order(status: str = "pending", *, imported: bool = False) -> Order:
    """An order that has come to a status by the shortest way."""
    fields = {
        "number": "7K3M9QF",
        "user_id": str(UUID(int=2)),
        "currency": "USD",
        "lines": [line(PEN, 2, 6900, 100), line(INK, 3, 1250)],
        "shipping_cents": 500,
        "shipping_address": {"recipient": "A", "line1": "B", "city": "C", "country": "D"},
    }
    order: Order
    if imported:
        order = Order.import_from(UUID(int=1), AT, **fields, reference="R-1", fingerprint="f")  # type: ignore[arg-type]
    else:
        order = Order.place(UUID(int=1), **fields, payment_terms="offline")  # type: ignore[arg-type]
    for step in _way("pending", status):
        order.change_status(step)
    return order


def _way(here: str, there: str) -> list[str]:
    """The statuses from one to another, the first not named."""
    if here == there:
        return []
    ways = [[following, *_way(following, there)] for following in NEXT_STATUSES[here] if _reaches(following, there)]
    return min(ways, key=len)


def _reaches(here: str, there: str) -> bool:
    return here == there or any(_reaches(following, there) for following in NEXT_STATUSES[here])


@pytest.mark.parametrize("imported", [False, True])
def test_it_begins_with_an_event_that_has_each_of_its_fields(imported: bool) -> None:
    begun = an_order(imported=imported).pending_events[0]
    assert set(vars(begun)) == {field.name for field in fields(cast(Any, begun))}


class TestTheWay:
    def test_it_is_the_one_that_was_promised(self) -> None:
        assert set(LEGAL) == {
            ("pending", "confirmed"),
            ("confirmed", "shipped"),
            ("shipped", "delivered"),
            ("delivered", "returned"),
            ("pending", "cancelled"),
            ("confirmed", "cancelled"),
            ("pending", "expired"),
        }

    def test_every_status_but_the_first_has_its_event(self) -> None:
        assert {"pending", *STEPS} == set(NEXT_STATUSES)

    @pytest.mark.parametrize(("status", "following"), LEGAL)
    def test_a_legal_step_is_taken(self, status: str, following: str) -> None:
        order = an_order(status)
        version = order.version
        order.change_status(following, "because", at=AT)
        event = order.pending_events[-1]
        assert type(event) is STEPS[following]
        assert isinstance(event, happened.OrderEvent)
        assert (event.reason, event.timestamp, event.status) == ("because", AT, following)
        assert (order.status, order.version, order.modified_on) == (following, version + 1, AT)

    @pytest.mark.parametrize(("status", "other"), ILLEGAL)
    def test_any_other_is_refused(self, status: str, other: str) -> None:
        order = an_order(status)
        version = order.version
        with pytest.raises(IllegalTransition) as refused:
            order.change_status(other)
        assert refused.value.code == "illegal_transition"
        assert refused.value.facts == {
            "status_now": status,
            "allowed_statuses": list(NEXT_STATUSES[status]),
        }
        assert (order.status, order.version) == (status, version)

    @pytest.mark.parametrize("status", NEXT_STATUSES)
    def test_to_where_it_is_it_takes_no_step(self, status: str) -> None:
        order = an_order(status)
        version = order.version
        order.change_status(status)
        assert order.version == version

    def test_a_step_without_a_time_happens_now(self) -> None:
        order = an_order()
        order.change_status("confirmed")
        assert datetime.now(UTC) - order.modified_on < timedelta(minutes=1)


class TestCancelling:
    @pytest.mark.parametrize("status", ["pending", "confirmed"])
    def test_what_is_open(self, status: str) -> None:
        order = an_order(status)
        order.cancel("mistake")
        assert order.status == "cancelled"

    def test_twice_changes_nothing(self) -> None:
        order = an_order("cancelled")
        version = order.version
        order.cancel("again")
        assert order.version == version

    @pytest.mark.parametrize("status", ["shipped", "delivered", "returned"])
    def test_what_has_left_the_house_is_too_late(self, status: str) -> None:
        with pytest.raises(OrderAlreadyShipped):
            an_order(status).cancel("late")

    def test_what_has_expired_is_no_longer_there_to_cancel(self) -> None:
        with pytest.raises(IllegalTransition):
            an_order("expired").cancel("late")


class TestMoney:
    def test_parts_sum_to_the_whole(self) -> None:
        order = an_order()
        assert [line_total(one) for one in order.lines] == [13700, 3750]
        assert order.total_cents == 13700 + 3750 + 500

    def test_of_an_imported_order_as_well(self) -> None:
        assert an_order(imported=True).total_cents == an_order().total_cents


class TestStock:
    @pytest.mark.parametrize("status", ["pending", "confirmed"])
    def test_an_open_order_holds_what_it_asked_for(self, status: str) -> None:
        order = an_order(status)
        assert order.given_up(order.open_parts) == {PEN: 2, INK: 3}

    @pytest.mark.parametrize("status", sorted(set(NEXT_STATUSES) - {"pending", "confirmed"}))
    def test_any_other_holds_nothing(self, status: str) -> None:
        order = an_order(status)
        assert order.given_up(order.open_parts) == {}

    @pytest.mark.parametrize("status", NEXT_STATUSES)
    def test_an_imported_one_never_held_any(self, status: str) -> None:
        order = an_order(status, imported=True)
        assert order.given_up(order.open_parts) == {}


class TestTelling:
    @pytest.mark.parametrize("imported", [False, True])
    def test_its_events_told_again_make_the_same_order(self, imported: bool) -> None:
        order = an_order("returned", imported=imported)
        told = fold(order.pending_events)
        order.collect_events()
        assert told == order
        assert (told.version, told.created_on, told.modified_on) == (5, order.created_on, order.modified_on)

    def test_a_fork_goes_its_own_way(self) -> None:
        order = an_order()
        order.collect_events()
        copy = fork(order)
        assert isinstance(copy, Order)
        copy.change_status("confirmed")
        assert (order.status, order.version, list(order.pending_events)) == ("pending", 1, [])
        assert (copy.status, copy.version, len(copy.pending_events)) == ("confirmed", 2, 1)

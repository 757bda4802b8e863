"""Sending back what arrived."""

from typing import Any
from uuid import UUID, uuid5

from commands.command import NotYours
from commands.receive_return import Receipt, ReceiveReturn
from commands.request_return import RequestReturn, ReturnCreate
from events.domain import order_events as happened
from events.domain.line_ledger import ExceedsOpen
from events.domain.refusal import NotFound
from tests.commands.asking import change_to
from tests.commands.scenario import Fact, on
from tests.commands.shop import (
    INK,
    INKS,
    ORDER,
    PENS,
    ada,
    auditor,
    ben,
    delivered,
    parts,
    shipped,
    staff,
    step,
)


def return_id(number: int = 1) -> UUID:
    return uuid5(ORDER, f"return {number}")


def send_back(*items: tuple[str, int]) -> RequestReturn:
    """These units shall come back."""
    return RequestReturn(ORDER, ReturnCreate.model_validate({"items": parts(*items), "reason": "too small"}))


def receive(*items: tuple[str, int, str], number: int = 1) -> ReceiveReturn:
    """These units came back."""
    return ReceiveReturn(ORDER, return_id(number), Receipt.model_validate({"items": received(*items)}))


def received(*items: tuple[str, int, str]) -> list[dict[str, Any]]:
    return [{"item_id": one, "quantity": quantity, "disposition": where} for one, quantity, where in items]


def requested(*items: tuple[str, int]) -> Fact:
    return on(
        ORDER,
        happened.ReturnRequested,
        return_id=str(return_id()),
        items=parts(*items),
        reason="too small",
        status="delivered",
        fulfillment_status="delivered",
        return_status="requested",
        payment_status="unpaid",
    )


def came_back(*items: tuple[str, int, str], status: str, so_far: str) -> Fact:
    return on(
        ORDER,
        happened.ReturnReceived,
        return_id=str(return_id()),
        items=received(*items),
        reason=None,
        status=status,
        fulfillment_status="delivered",
        return_status=so_far,
        payment_status="unpaid",
    )


on_its_way = delivered.given(requested((INKS, 2)))


class TestAnnouncing:
    def test_the_customer_does_so(self) -> None:
        decision = delivered.when(send_back((INKS, 2)), by=ada).then(requested((INKS, 2)))
        assert decision.status == 201
        assert decision.body.startswith(f'{{"return_id":"{return_id()}","order":{{'.encode())

    def test_or_staff_but_nobody_who_may_only_read(self) -> None:
        delivered.when(send_back((INKS, 2)), by=staff).then(requested((INKS, 2)))
        delivered.when(send_back((INKS, 2)), by=auditor).then_refused(NotYours)
        delivered.when(send_back((INKS, 2)), by=ben).then_refused(NotFound)

    def test_what_has_not_arrived_cannot_come_back(self) -> None:
        shipped.when(send_back((INKS, 1)), by=ada).then_refused(ExceedsOpen, item_id=INKS, asked=1, left=0)

    def test_nothing_is_announced_twice(self) -> None:
        on_its_way.when(send_back((INKS, 2)), by=ada).then_refused(ExceedsOpen, item_id=INKS, asked=2, left=1)


class TestReceiving:
    def test_what_is_restocked_can_be_sold_again(self) -> None:
        decision = on_its_way.when(receive((INKS, 2, "restock")), by=staff).then(
            came_back((INKS, 2, "restock"), status="delivered", so_far="partially_returned")
        )
        assert decision.stock == {INK: 2}

    def test_what_is_discarded_cannot(self) -> None:
        decision = on_its_way.when(receive((INKS, 1, "discard")), by=staff).then(
            came_back((INKS, 1, "discard"), status="delivered", so_far="partially_returned")
        )
        assert decision.stock == {}

    def test_it_may_come_in_parts_and_no_more_than_was_announced(self) -> None:
        one = on_its_way.given(came_back((INKS, 1, "discard"), status="delivered", so_far="partially_returned"))
        one.when(receive((INKS, 2, "restock")), by=staff).then_refused(ExceedsOpen, item_id=INKS, asked=2, left=1)
        one.when(receive((INKS, 1, "restock")), by=staff).then(
            came_back((INKS, 1, "restock"), status="delivered", so_far="partially_returned")
        )

    def test_when_all_is_back_the_order_is_returned(self) -> None:
        everything = delivered.given(requested((INKS, 3), (PENS, 1)))
        everything.when(receive((INKS, 3, "restock"), (PENS, 1, "discard")), by=staff).then(
            came_back((INKS, 3, "restock"), (PENS, 1, "discard"), status="returned", so_far="returned")
        )

    def test_a_return_that_there_is_not_is_not_found(self) -> None:
        on_its_way.when(receive((INKS, 1, "restock"), number=2), by=staff).then_refused(NotFound)

    def test_the_short_form_takes_all_of_it_back(self) -> None:
        on_its_way.when(change_to("returned"), by=staff).then(step(happened.Returned))

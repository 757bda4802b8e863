"""`POST /orders/{id}/cancellation`: the owner while it is pending, staff while anything is open."""

import pytest

from api.order_schemas import OrderAnswer
from api.schemas import ProductAnswer
from tests.api.person import Json, Person
from tests.api.running import Running
from tests.api.test_moving_orders import WAY_TO


class TestTheOwner:
    async def test_cancels_a_pending_order(self, ada: Person, staff: Person) -> None:
        rare = await staff.adds_product(stock=5)
        order = await ada.places(rare, 4)
        cancelled = (await ada.cancels(order, "a mistake")).then(
            200, OrderAnswer, status="cancelled", version=2, allowed_statuses=[]
        )
        cancelled.appended("OrderCancelled")
        assert cancelled.etag == '"2"'
        (await ada.gets(f"/products/{rare['id']}")).then(200, ProductAnswer, available=5)
        history = (await ada.gets(f"/orders/{order['id']}/events")).body["events"]
        assert (history[-1]["reason"], history[-1]["actor"]) == ("a mistake", f"customer:{ada.id}")

    async def test_cancelling_twice_changes_nothing(self, ada: Person, staff: Person) -> None:
        rare = await staff.adds_product(stock=5)
        order = await ada.places(rare, 4)
        first = await ada.cancels(order)
        again = (await ada.cancels(order, "another reason")).then(200, OrderAnswer).appended()
        assert again.body == first.body
        (await ada.gets(f"/products/{rare['id']}")).then(200, ProductAnswer, available=5)

    async def test_no_longer_cancels_what_is_confirmed(self, ada: Person, staff: Person, pen: Json) -> None:
        order = await staff.moves(await ada.places(pen), "confirmed")
        (await ada.cancels(order)).refused(409, "illegal_transition", status_now="confirmed", allowed_statuses=[])


class TestStaff:
    @pytest.mark.parametrize("status", ["pending", "confirmed"])
    async def test_cancel_what_is_open(self, ada: Person, staff: Person, pen: Json, status: str) -> None:
        order = await staff.moves(await ada.places(pen), *WAY_TO[status])
        (await staff.cancels(order)).then(200, OrderAnswer, status="cancelled").appended("OrderCancelled")

    @pytest.mark.parametrize("status", ["shipped", "delivered", "returned", "expired"])
    async def test_do_not_cancel_what_has_left_or_ended(
        self, ada: Person, staff: Person, pen: Json, status: str
    ) -> None:
        order = await staff.moves(await ada.places(pen), *WAY_TO[status])
        (await staff.cancels(order)).refused(409, "illegal_transition", status_now=status)


class TestOthers:
    async def test_cannot_cancel_what_they_cannot_see(self, ada: Person, ben: Person, pen: Json) -> None:
        (await ben.cancels(await ada.places(pen))).refused(404, "not_found")

    async def test_who_may_read_it_may_not_cancel_it(self, service: Running, ada: Person, pen: Json) -> None:
        auditor = await service.person("auditor")
        (await auditor.cancels(await ada.places(pen))).refused(403, "forbidden")


@pytest.mark.parametrize(
    ("body", "pointer", "error"),
    [
        ({}, "/reason", "missing"),
        ({"reason": ""}, "/reason", "string_too_short"),
        ({"reason": None}, "/reason", "string_type"),
        ({"reason": "x" * 501}, "/reason", "string_too_long"),
        ({"reason": "a mistake", "refund": True}, "/refund", "extra_forbidden"),
    ],
)
async def test_a_reason_is_needed(ada: Person, pen: Json, body: Json, pointer: str, error: str) -> None:
    order = await ada.places(pen)
    (await ada.posts(f"/orders/{order['id']}/cancellation", body)).invalid(pointer=pointer, error=error)

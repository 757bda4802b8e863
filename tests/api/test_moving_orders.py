"""`PATCH /orders/{id}/status`, by the state the order is in."""

from typing import Any
from uuid import uuid4

import pytest

from api.order_schemas import OrderAnswer
from api.schemas import ProductAnswer
from events.domain.statuses import NEXT_STATUSES
from tests.api.person import Json, Person

WAY_TO: dict[str, tuple[str, ...]] = {
    "pending": (),
    "confirmed": ("confirmed",),
    "shipped": ("confirmed", "shipped"),
    "delivered": ("confirmed", "shipped", "delivered"),
    "cancelled": ("cancelled",),
    "expired": ("expired",),
    "returned": ("confirmed", "shipped", "delivered", "returned"),
}


class TestAPendingOrder:
    async def test_can_be_confirmed(self, ada: Person, staff: Person, pen: Json) -> None:
        order = await ada.places(pen)
        confirmed = (await staff.sets(order, "confirmed")).then(
            200, OrderAnswer, status="confirmed", version=2, allowed_statuses=["shipped", "cancelled"]
        )
        confirmed.appended("OrderConfirmed")
        assert confirmed.etag == '"2"'
        assert confirmed.body["updated_at"] > order["updated_at"]
        assert confirmed.body == order | {
            name: confirmed.body[name]
            for name in ("status", "version", "allowed_statuses", "allowed_actions", "updated_at")
        }

    async def test_takes_a_reason_along(self, ada: Person, staff: Person, pen: Json) -> None:
        order = await ada.places(pen)
        body = {"status": "confirmed", "reason": "paid by cheque"}
        (await staff.patches(f"/orders/{order['id']}/status", body)).then(200, OrderAnswer)
        history = (await ada.gets(f"/orders/{order['id']}/events")).body["events"]
        assert (history[-1]["reason"], history[-1]["actor"]) == ("paid by cheque", f"staff:{staff.id}")

    @pytest.mark.parametrize("end", ["cancelled", "expired"])
    async def test_gives_its_stock_back_when_it_ends(self, ada: Person, staff: Person, end: str) -> None:
        rare = await staff.adds_product(stock=5)
        order = await ada.places(rare, 3)
        (await staff.sets(order, end)).then(200, OrderAnswer, status=end, allowed_statuses=[])
        (await ada.gets(f"/products/{rare['id']}")).then(200, ProductAnswer, available=5)


class TestAnOrderThatIs:
    @pytest.mark.parametrize("status", list(WAY_TO))
    async def test_moves_where_it_may_and_nowhere_else(
        self, ada: Person, staff: Person, pen: Json, status: str
    ) -> None:
        order = await staff.moves(await ada.places(pen), *WAY_TO[status])
        allowed = list(NEXT_STATUSES[status])
        for other in set(NEXT_STATUSES) - {status} - set(allowed):
            (await staff.sets(order, other)).refused(
                409, "illegal_transition", status_now=status, allowed_statuses=allowed
            )
        same = (await staff.sets(order, status)).then(200, OrderAnswer).appended()
        assert same.body == (await staff.gets(f"/orders/{order['id']}")).body
        assert same.body["version"] == order["version"]
        for following in allowed[:1]:
            (await staff.sets(order, following)).then(200, OrderAnswer, status=following, version=order["version"] + 1)


class TestABadRequest:
    @pytest.mark.parametrize(
        ("body", "pointer", "error"),
        [
            ({"status": "teleported"}, "/status", "literal_error"),
            ({"status": "Confirmed"}, "/status", "literal_error"),
            ({"status": None}, "/status", "literal_error"),
            ({}, "/status", "missing"),
            ({"status": "confirmed", "reason": ""}, "/reason", "string_too_short"),
            ({"status": "confirmed", "reason": "x" * 501}, "/reason", "string_too_long"),
            ({"status": "confirmed", "version": 1}, "/version", "extra_forbidden"),
        ],
    )
    async def test_is_refused(
        self, ada: Person, staff: Person, pen: Json, body: dict[str, Any], pointer: str, error: str
    ) -> None:
        order = await ada.places(pen)
        (await staff.patches(f"/orders/{order['id']}/status", body)).invalid(pointer=pointer, error=error)

    async def test_to_what_is_no_order_is_not_found(self, staff: Person, pen: Json) -> None:
        for identifier in (str(uuid4()), pen["id"], "nonsense"):
            (await staff.sets({"id": identifier}, "confirmed")).refused(404, "not_found")

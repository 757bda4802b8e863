"""Shipments, their delivery, partial cancellations and returns, over HTTP."""

from typing import Any
from uuid import uuid4

import pytest

from api.order_schemas import Fulfillment, OrderAnswer, ReturnMade, ShipmentMade
from api.schemas import ProductAnswer
from tests.api.person import Json, Person


def part(order: Json, quantity: int, line: int = 0, **more: Any) -> Json:
    """So many units of one of its lines."""
    return {"item_id": order["items"][line]["id"], "quantity": quantity} | more


async def ships(staff: Person, order: Json, *items: Json, **options: Any) -> str:
    """Ship these units; answers the shipment's id."""
    answer = await staff.posts(f"/orders/{order['id']}/shipments", {"items": list(items)}, **options)
    return str(answer.then(201, ShipmentMade).body["shipment_id"])


@pytest.fixture
async def order(ada: Person, staff: Person) -> Json:
    """A confirmed order of five units of one product, of which five more are in stock."""
    rare = await staff.adds_product(stock=10)
    return await staff.moves(await ada.places(rare, 5), "confirmed")


async def available(person: Person, order: Json) -> int:
    product = await person.gets(f"/products/{order['items'][0]['product_id']}")
    return int(product.then(200, ProductAnswer).body["available"])


class TestTheWayInParts:
    async def test_from_the_first_shipment_to_the_last_return(self, ada: Person, staff: Person, order: Json) -> None:
        path = f"/orders/{order['id']}"
        first = await ships(staff, order, part(order, 2))
        (await ada.gets(path)).then(
            200, OrderAnswer, status="confirmed", fulfillment_status="partially_shipped", allowed_statuses=["shipped"]
        )
        body = {"reason": "less", "items": [part(order, 1)]}
        (await staff.posts(f"{path}/cancellation", body)).then(200, OrderAnswer, status="confirmed").appended(
            "OrderLinesCancelled"
        )
        assert await available(ada, order) == 6
        second = await ships(staff, order, part(order, 2))
        for shipment, status in ((first, "shipped"), (second, "delivered")):
            arrived = await staff.posts(f"{path}/shipments/{shipment}/delivery", None)
            arrived.then(200, OrderAnswer, status=status).appended("OrderDelivered")
        announced = await ada.posts(f"{path}/returns", {"reason": "too big", "items": [part(order, 4)]})
        return_id = announced.then(201, ReturnMade).body["return_id"]
        received = {"items": [part(order, 4, disposition="restock")]}
        (await staff.posts(f"{path}/returns/{return_id}/receipt", received)).then(
            200, OrderAnswer, status="returned", return_status="returned"
        )
        assert await available(ada, order) == 10
        told = (await ada.gets(f"{path}/fulfillment")).then(200, Fulfillment).body
        units = {"ordered": 5, "open": 0, "cancelled": 1, "shipped": 4, "delivered": 4, "returned": 4}
        nothing_waits = {"reserved": 0, "backordered": 0}
        assert told["units"] == [{"item_id": order["items"][0]["id"]} | units | nothing_waits]
        assert [shipment["id"] for shipment in told["shipments"]] == [first, second]
        assert all(shipment["delivered_at"] for shipment in told["shipments"])
        types = [event["type"] for event in (await ada.gets(f"{path}/events")).body["events"]]
        assert types == [
            f"daybook.order.{name}.v1"
            for name in (
                *("placed", "confirmed", "shipped", "lines_cancelled", "shipped"),
                *("delivered", "delivered", "return_requested", "return_received"),
            )
        ]

    async def test_a_repeated_shipment_under_its_key_is_the_first_one(self, staff: Person, order: Json) -> None:
        first = await ships(staff, order, part(order, 2), key="shipment-1")
        again = await ships(staff, order, part(order, 2), key="shipment-1")
        assert again == first
        told = (await staff.gets(f"/orders/{order['id']}/fulfillment")).body
        assert [shipment["items"] for shipment in told["shipments"]] == [[part(order, 2)]]

    async def test_a_shipment_of_another_version_is_refused(self, staff: Person, order: Json) -> None:
        body = {"items": [part(order, 1)]}
        answer = await staff.posts(f"/orders/{order['id']}/shipments", body, if_match='"1"')
        answer.refused(412, "version_mismatch", current_version=2)


class TestRefusals:
    async def test_more_than_there_is(self, staff: Person, order: Json) -> None:
        answer = await staff.posts(f"/orders/{order['id']}/shipments", {"items": [part(order, 6)]})
        answer.refused(409, "exceeds_open", asked=6, left=5, item_id=order["items"][0]["id"]).appended()

    async def test_a_line_that_is_not_there(self, staff: Person, order: Json) -> None:
        body = {"items": [{"item_id": str(uuid4()), "quantity": 1}]}
        (await staff.posts(f"/orders/{order['id']}/shipments", body)).refused(422, "unknown_item")

    @pytest.mark.parametrize("items", [None, [], "all", [{"item_id": "x", "quantity": 1}], [{"quantity": 1}]])
    async def test_what_makes_no_sense(self, staff: Person, order: Json, items: Any) -> None:
        (await staff.posts(f"/orders/{order['id']}/shipments", {"items": items})).refused(422, "validation_failed")

    @pytest.mark.parametrize("path", ["shipments/{}/delivery", "returns/{}/receipt"])
    @pytest.mark.parametrize("name", ["018f0000-0000-7000-8000-000000000001", "x"])
    async def test_what_is_not_there(self, staff: Person, order: Json, path: str, name: str) -> None:
        body = {"items": [part(order, 1, disposition="restock")]}
        (await staff.posts(f"/orders/{order['id']}/{path.format(name)}", body)).refused(404, "not_found")

    async def test_a_customer_ships_nothing(self, ada: Person, ben: Person, order: Json) -> None:
        path, body = f"/orders/{order['id']}", {"items": [part(order, 1)]}
        (await ada.posts(f"{path}/shipments", body)).refused(403, "forbidden")
        (await ada.posts(f"{path}/shipments/{uuid4()}/delivery", None)).refused(403, "forbidden")
        (await ada.posts(f"{path}/returns/{uuid4()}/receipt", body)).refused(403, "forbidden")
        (await ben.posts(f"{path}/returns", body | {"reason": "mine"})).refused(404, "not_found")
        (await ben.gets(f"{path}/fulfillment")).refused(404, "not_found")

    async def test_the_whole_of_a_partly_shipped_order(self, staff: Person, order: Json) -> None:
        await ships(staff, order, part(order, 2))
        (await staff.cancels(order)).refused(
            409,
            "illegal_transition",
            status_now="confirmed",
            allowed_statuses=["shipped"],
            open_items=[part(order, 3)],
        )

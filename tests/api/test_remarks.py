"""Holds, notes, another address, and what a caller may do."""

from uuid import uuid4

from api.order_schemas import HoldMade, NoteMade, OrderAnswer
from tests.api.person import Json, Person


class TestAHold:
    async def test_makes_its_step_wait_until_it_is_released(self, ada: Person, staff: Person, pen: Json) -> None:
        order = await ada.places(pen)
        path = f"/orders/{order['id']}/holds"
        body = {"reason": "fraud_review", "gate": "confirm", "note": "looks like the one from May"}
        made = (await staff.posts(path, body)).then(201, HoldMade).appended("OrderHoldPlaced").body
        hold = {"id": made["hold_id"], "reason": "fraud_review", "gate": "confirm"}
        assert made["order"]["holds"] == [hold]
        assert "confirm" not in made["order"]["allowed_actions"]
        (await staff.sets(order, "confirmed")).refused(409, "order_on_hold", gate="confirm", holds=[hold])
        released = await staff.asks("DELETE", f"{path}/{made['hold_id']}")
        released.then(200, OrderAnswer, holds=[]).appended("OrderHoldReleased")
        (await staff.sets(order, "confirmed")).then(200, OrderAnswer)

    async def test_of_one_step_lets_the_other_pass(self, ada: Person, staff: Person, pen: Json) -> None:
        order = await ada.places(pen)
        await staff.posts(f"/orders/{order['id']}/holds", {"reason": "address_invalid", "gate": "ship"})
        (await staff.sets(order, "confirmed")).then(200, OrderAnswer)
        (await staff.sets(order, "shipped")).refused(409, "order_on_hold")

    async def test_that_is_not_there_cannot_be_released(self, ada: Person, staff: Person, pen: Json) -> None:
        order = await ada.places(pen)
        (await staff.asks("DELETE", f"/orders/{order['id']}/holds/{uuid4()}")).refused(404, "not_found")

    async def test_shows_in_the_list(self, ada: Person, staff: Person, pen: Json) -> None:
        order = await ada.places(pen)
        made = await staff.posts(f"/orders/{order['id']}/holds", {"reason": "other", "gate": "ship"})
        listed = await ada.gets("/orders", headers={"Consistency-Token": made.token}, limit=1)
        assert listed.body["items"][0]["holds"] == made.body["order"]["holds"]


class TestANote:
    async def test_stands_in_the_history(self, ada: Person, staff: Person, pen: Json) -> None:
        order = await ada.places(pen)
        path = f"/orders/{order['id']}"
        (await ada.posts(f"{path}/notes", {"text": "ring twice"})).then(201, NoteMade).appended("OrderNoteAdded")
        (await staff.posts(f"{path}/notes", {"text": "rang three times"})).then(201, NoteMade)
        history = (await ada.gets(f"{path}/events")).body["events"]
        assert [event["data"].get("text") for event in history] == [None, "ring twice", "rang three times"]

    async def test_is_for_those_whose_order_it_is(self, ada: Person, ben: Person, pen: Json) -> None:
        order = await ada.places(pen)
        (await ben.posts(f"/orders/{order['id']}/notes", {"text": "mine!"})).refused(404, "not_found")


class TestAnotherAddress:
    async def test_is_where_it_goes_from_then_on(self, ada: Person, pen: Json) -> None:
        order = await ada.places(pen)
        other = await ada.adds_address(city="Paris", country="FR")
        path = f"/orders/{order['id']}/shipping_address"
        changed = await ada.patches(path, {"shipping_address_id": other["id"]})
        assert changed.then(200, OrderAnswer).appended("OrderShippingAddressChanged").body["shipping_address"][
            "city"
        ] == ("Paris")
        listed = await ada.gets("/orders", headers={"Consistency-Token": changed.token}, limit=1)
        assert listed.body["items"][0]["shipping_address"] == changed.body["shipping_address"]
        (await ada.patches(path, {"shipping_address_id": other["id"]})).then(200, OrderAnswer).appended()

    async def test_is_the_customers(self, ada: Person, staff: Person, pen: Json) -> None:
        order = await ada.places(pen)
        path = f"/orders/{order['id']}/shipping_address"
        (await staff.patches(path, {"shipping_address_id": str(uuid4())})).refused(422, "unknown_address")

    async def test_comes_too_late_when_something_was_shipped(self, ada: Person, staff: Person, pen: Json) -> None:
        order = await ada.places(pen)
        other = await ada.adds_address(city="Paris", country="FR")
        path, body = f"/orders/{order['id']}/shipping_address", {"shipping_address_id": other["id"]}
        await staff.moves(order, "confirmed")
        (await ada.patches(path, body)).refused(409, "illegal_transition")
        (await staff.patches(path, body)).then(200, OrderAnswer)
        await staff.moves(order, "shipped")
        (await staff.patches(path, body)).refused(409, "illegal_transition")


class TestWhatOneMayDo:
    async def test_depends_on_who_asks_and_on_where_the_order_stands(
        self, ada: Person, staff: Person, pen: Json
    ) -> None:
        order = await ada.places(pen)
        assert order["allowed_actions"] == ["cancel", "change_address", "add_note"]
        confirmed = await staff.moves(order, "confirmed")
        assert {"cancel", "ship", "place_hold", "record_payment"} <= set(confirmed["allowed_actions"])
        assert (await ada.gets(f"/orders/{order['id']}")).body["allowed_actions"] == ["add_note"]
        delivered = await staff.moves(order, "shipped", "delivered")
        assert "request_return" in delivered["allowed_actions"]
        assert (await ada.gets(f"/orders/{order['id']}")).body["allowed_actions"] == ["add_note", "request_return"]

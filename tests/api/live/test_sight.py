"""What a stream shows: customers their own orders, staff all, or those they ask for."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.schemas import CloudEvent
from commands.append_of import encode_changes
from events.domain.delivery import Confirmation
from events.log.append import Append
from tests.api.live.subscriber import following
from tests.api.live.test_authentication import bearer, turned_away
from tests.api.person import Json, Person
from tests.api.running import Running


async def confirmation_sent(person: Person, order: Json) -> None:
    """As the worker writes it: on a stream of its own, about the order, for its customer."""
    sent = Confirmation.sent(UUID(order["id"]), message_id="<1@daybook.example>", attempts=1)
    meta = {"subject": str(UUID(int=0)), "role": "system", "command_id": str(uuid4())}
    about = {"owner": str(person.id), "about": order["id"]}
    events = encode_changes(person.shop.codec, [sent], None)
    await person.shop.appender.append(Append(uuid4(), events, json.dumps(meta | about)))


class TestACustomer:
    async def test_sees_ones_own_orders_and_no_others(
        self, service: Running, ada: Person, ben: Person, staff: Person, pen: Json
    ) -> None:
        async with following(service, ada) as stream:
            await ben.places(pen)
            order = await ada.places(pen)
            await staff.moves(await ben.places(pen), "confirmed")
            await staff.moves(order, "confirmed", "shipped")
            seen = await stream.events(3)
        assert [(event["type"].split(".")[2], event["subject"]) for event in seen] == [
            ("placed", order["id"]), ("confirmed", order["id"]), ("shipped", order["id"]),
        ]  # fmt: skip

    async def test_sees_what_the_history_shows(self, service: Running, ada: Person, pen: Json) -> None:
        async with following(service, ada) as stream:
            order = await ada.places(pen)
            seen = await stream.events(1)
        for event in seen:
            CloudEvent.model_validate(event)
        assert seen == (await ada.gets(f"/orders/{order['id']}/events")).body["events"]
        assert seen[0]["data"]["shipping_address"]["recipient"] == "Ada Lovelace"
        assert "sequence" not in seen[0]

    async def test_sees_that_the_confirmation_was_sent(self, service: Running, ada: Person, pen: Json) -> None:
        async with following(service, ada) as stream:
            order = await ada.places(pen)
            await confirmation_sent(ada, order)
            placed, sent = await stream.events(2)
        assert (sent["type"], sent["subject"]) == ("daybook.order.confirmation_sent.v1", order["id"])
        assert sent["id"] != placed["id"]

    async def test_may_follow_one_of_ones_orders(self, service: Running, ada: Person, pen: Json) -> None:
        order = await ada.places(pen)
        async with following(service, ada, order_id=order["id"]) as stream:
            await ada.places(pen)
            await confirmation_sent(ada, order)
            await ada.cancels(order)
            kinds = [event["type"].split(".")[2] for event in await stream.events(2)]
        assert kinds == ["confirmation_sent", "cancelled"]

    async def test_has_as_many_sockets_as_one_likes(self, service: Running, ada: Person, pen: Json) -> None:
        async with following(service, ada) as one, following(service, ada) as two, following(service, ada) as three:
            order = await ada.places(pen)
            frames = [await stream.hears() for stream in (one, two, three)]
        assert frames[0]["event"]["subject"] == order["id"]
        assert frames[0] == frames[1] == frames[2]

    @pytest.mark.parametrize("role", ["customer", "nobody knows this role"])
    async def test_cannot_follow_what_one_cannot_see(self, service: Running, ben: Person, pen: Json, role: str) -> None:
        order = await ben.places(pen)
        someone = await service.person(role)
        for query in ({"order_id": order["id"]}, {"order_id": str(uuid4())}, {"user_id": str(ben.id)}):
            problem = await turned_away(service, bearer(someone.token), **query)
            assert (problem["status"], problem["code"]) == (404, "not_found")

    async def test_may_name_oneself(self, service: Running, ada: Person, pen: Json) -> None:
        async with following(service, ada, user_id=str(ada.id)) as stream:
            order = await ada.places(pen)
            assert await stream.subjects(1) == [order["id"]]


class TestStaff:
    @pytest.mark.parametrize("role", ["staff", "auditor", "admin"])
    async def test_see_all_orders_and_only_orders(
        self, service: Running, ada: Person, ben: Person, staff: Person, pen: Json, role: str
    ) -> None:
        async with following(service, await service.person(role)) as stream:
            first = await ada.places(pen)
            await staff.adds_product()
            await ada.adds_address()
            second = await ben.places(pen)
            assert await stream.subjects(2) == [first["id"], second["id"]]

    async def test_may_follow_a_customer(
        self, service: Running, ada: Person, ben: Person, staff: Person, pen: Json
    ) -> None:
        async with following(service, staff, user_id=str(ada.id)) as stream:
            await ben.places(pen)
            order = await ada.places(pen)
            assert await stream.subjects(1) == [order["id"]]

    async def test_may_follow_an_order(self, service: Running, ada: Person, staff: Person, pen: Json) -> None:
        order = await ada.places(pen)
        async with following(service, staff, order_id=order["id"]) as stream:
            await ada.places(pen)
            await staff.moves(order, "confirmed")
            assert [event["type"] for event in await stream.events(1)] == ["daybook.order.confirmed.v1"]

    async def test_may_follow_an_order_of_a_customer(
        self, service: Running, ada: Person, ben: Person, staff: Person, pen: Json
    ) -> None:
        order = await ada.places(pen)
        other = await ada.places(pen)
        async with following(service, staff, order_id=order["id"], user_id=str(ada.id)) as stream:
            await staff.moves(other, "confirmed")
            await staff.moves(order, "confirmed")
            assert await stream.subjects(1) == [order["id"]]

    async def test_cannot_follow_what_is_no_order(self, service: Running, staff: Person, pen: Json) -> None:
        for identifier in (str(uuid4()), pen["id"]):
            problem = await turned_away(service, bearer(staff.token), order_id=identifier)
            assert problem["status"] == 404


class TestAnotherShop:
    async def test_is_another_stream(self, service: Running, ada: Person, pen: Json) -> None:
        clerk = await service.person("staff", tenant="other")
        away = await service.customer("Carl", tenant="other")
        ink = await clerk.adds_product()
        async with following(service, clerk) as stream:
            await ada.places(pen)
            order = await away.places(ink)
            assert await stream.subjects(1) == [order["id"]]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"after": "made up"}, "invalid_position"),
        ({"after": ""}, "invalid_position"),
        ({"order_id": "x"}, "validation_failed"),
        ({"sort": "asc"}, "validation_failed"),
        ({"access_token": "x"}, "validation_failed"),
    ],
)
async def test_a_wish_that_makes_no_sense_is_refused(
    service: Running, ada: Person, query: dict[str, Any], code: str
) -> None:
    assert (await turned_away(service, bearer(ada.token), **query))["code"] == code

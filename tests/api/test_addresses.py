"""One's own addresses over HTTP."""

from uuid import uuid4

import pytest

from api.schemas import AddressAnswer, AddressList
from commands.append_of import encode_changes
from events.domain.customer import Customer
from events.log.append import Append
from tests.api.person import ADDRESS, Json, Person
from tests.api.running import Running


class TestAddingAnAddress:
    async def test_is_answered_with_it(self, ada: Person) -> None:
        body = {"recipient": "Ada King", "region": "Greater London", "line2": "2nd floor"} | ADDRESS
        added = (await ada.posts("/addresses", body)).then(201, AddressAnswer).appended("CustomerAddressAdded")
        assert {name: value for name, value in added.body.items() if name != "id"} == body
        assert added.etag == '"3"'

    async def test_leaves_out_what_was_left_out(self, ada: Person) -> None:
        body = {"recipient": "Ada", "line1": "1 Quay", "city": "Hamburg", "country": "DE", "region": None}
        added = (await ada.posts("/addresses", body)).then(201, AddressAnswer)
        assert added.body.keys() == {"id", "recipient", "line1", "city", "country"}

    @pytest.mark.parametrize(
        ("change", "pointer", "error"),
        [
            ({"recipient": None}, "/recipient", "string_type"),
            ({"recipient": "x" * 201}, "/recipient", "string_too_long"),
            ({"city": ""}, "/city", "string_too_short"),
            ({"postal_code": "x" * 21}, "/postal_code", "string_too_long"),
            ({"line2": ""}, "/line2", "string_too_short"),
            ({"planet": "Earth"}, "/planet", "extra_forbidden"),
        ],
    )
    async def test_that_is_none_is_refused(self, ada: Person, change: Json, pointer: str, error: str) -> None:
        body = {"recipient": "Ada"} | ADDRESS | change
        (await ada.posts("/addresses", body)).invalid(pointer=pointer, error=error)

    async def test_needs_a_customer(self, service: Running) -> None:
        for role in ("customer", "staff", "auditor"):
            nobody = await service.person(role)
            (await nobody.posts("/addresses", {"recipient": "X"} | ADDRESS)).refused(403, "forbidden")

    async def test_once_too_often_is_refused(self, ada: Person) -> None:
        customer = (await ada.shop.repository.refresh([ada.id]))[ada.id]
        assert isinstance(customer, Customer)
        for _ in range(98):
            customer.add_address(str(uuid4()), {"recipient": "Ada", "line1": "1", "city": "X", "country": "GB"})
        events = encode_changes(ada.shop.codec, [customer], ada.id)
        await ada.shop.appender.append(Append(uuid4(), events, "{}"))
        (await ada.posts("/addresses", {"recipient": "Ada"} | ADDRESS)).then(201, AddressAnswer)
        (await ada.posts("/addresses", {"recipient": "Ada"} | ADDRESS)).refused(422, "too_many_addresses")


class TestReadingAddresses:
    async def test_shows_ones_own_in_the_order_they_came(self, ada: Person, ben: Person) -> None:
        second = await ada.adds_address(city="Turin")
        listed = (await ada.gets("/addresses")).then(200, AddressList, next=None)
        assert [address["city"] for address in listed.body["items"]] == ["London", "Turin"]
        assert listed.body["items"][1] == second
        assert len((await ben.gets("/addresses")).body["items"]) == 1

    async def test_of_nobody_is_empty(self, service: Running) -> None:
        nobody = await service.person("customer")
        (await nobody.gets("/addresses")).then(200, AddressList, items=[])

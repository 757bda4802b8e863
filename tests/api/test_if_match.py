"""`If-Match` (RFC 9110, 13.1.1): a write holds only for the version that the client has seen."""

import asyncio
from collections import Counter

import pytest

from api.order_schemas import OrderAnswer
from api.schemas import ProductAnswer
from tests.api.person import Json, Person


class TestAVersion:
    async def test_that_holds_lets_the_write_through(self, ada: Person, staff: Person, pen: Json) -> None:
        order = await ada.places(pen)
        first = (await staff.sets(order, "confirmed", if_match='"1"')).then(200, OrderAnswer)
        (await staff.sets(order, "shipped", if_match=first.etag)).then(200, OrderAnswer)

    async def test_that_no_longer_holds_is_refused_with_the_current_one(
        self, ada: Person, staff: Person, pen: Json
    ) -> None:
        order = await staff.moves(await ada.places(pen), "confirmed")
        for stale in ('"1"', '"3"', '"0"', '"999999999"'):
            (await staff.sets(order, "shipped", if_match=stale)).refused(412, "version_mismatch", current_version=2)
        (await ada.cancels(order, if_match='"1"')).refused(409, "illegal_transition")
        (await staff.cancels(order, if_match='"1"')).refused(412, "version_mismatch", current_version=2)

    async def test_is_asked_of_products_too(self, staff: Person) -> None:
        pen = await staff.adds_product(stock=5)
        path = f"/products/{pen['id']}"
        (await staff.patches(path, {"name": "Quill"}, if_match='"1"')).refused(
            412, "version_mismatch", current_version=2
        )
        renamed = (await staff.patches(path, {"name": "Quill"}, if_match='"2"')).then(200, ProductAnswer)
        body = {"quantity": 1, "reason": "counted"}
        (await staff.posts(f"{path}/stock", body, if_match='"2"')).refused(412, "version_mismatch", current_version=3)
        (await staff.posts(f"{path}/stock", body, if_match=renamed.etag)).then(200, ProductAnswer)

    async def test_is_asked_before_a_no_op_is_answered(self, ada: Person, staff: Person, pen: Json) -> None:
        order = await staff.moves(await ada.places(pen), "confirmed")
        (await staff.sets(order, "confirmed", if_match='"1"')).refused(412, "version_mismatch", current_version=2)
        (await staff.sets(order, "confirmed", if_match='"2"')).then(200, OrderAnswer).appended()


class TestForms:
    @pytest.mark.parametrize("form", ["*", '"1"', '"7", "1"', '"7","1","8"', 'W/"7", "1"', '"abc", "1"'])
    async def test_that_match(self, ada: Person, staff: Person, pen: Json, form: str) -> None:
        (await staff.sets(await ada.places(pen), "confirmed", if_match=form)).then(200, OrderAnswer)

    @pytest.mark.parametrize("form", ['W/"1"', '"abc"', '""', '"01x"', '"1.0"', '"-1"', '"12345678901"'])
    async def test_that_match_nothing(self, ada: Person, staff: Person, pen: Json, form: str) -> None:
        (await staff.sets(await ada.places(pen), "confirmed", if_match=form)).refused(
            412, "version_mismatch", current_version=1
        )

    @pytest.mark.parametrize("form", ["1", "", "'1'", '"1', '1"', '"1" "2"', '"1",', ',"1"', "w/1", "**", '"1";"2"'])
    async def test_that_are_none(self, ada: Person, staff: Person, pen: Json, form: str) -> None:
        (await staff.sets(await ada.places(pen), "confirmed", if_match=form)).refused(400, "invalid_if_match")


async def test_of_twenty_writes_at_once_on_one_version_one_goes_through(staff: Person) -> None:
    pen = await staff.adds_product(stock=0)
    path = f"/products/{pen['id']}"
    answers = await asyncio.gather(*(staff.patches(path, {"price_cents": n + 1}, if_match='"1"') for n in range(20)))
    assert Counter(answer.status for answer in answers) == {200: 1, 412: 19}
    assert (await staff.gets(path)).body["version"] == 2


async def test_of_twenty_writes_at_once_without_a_version_all_go_through(staff: Person) -> None:
    pen = await staff.adds_product(stock=0)
    path = f"/products/{pen['id']}"
    answers = await asyncio.gather(*(staff.patches(path, {"price_cents": n + 1}) for n in range(20)))
    assert {answer.status for answer in answers} <= {200, 503}, "too much at once may be put off, but nothing is lost"
    done = sum(answer.status == 200 for answer in answers)
    assert (await staff.gets(path)).body["version"] == 1 + done
    assert done >= 12

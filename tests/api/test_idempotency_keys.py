"""`Idempotency-Key`: the first request acts, its repeats get its answer, byte for byte."""

import asyncio
from collections import Counter
from uuid import uuid4

import pytest

from api.order_schemas import OrderAnswer
from api.schemas import AddressAnswer, ProductAnswer
from tests.api.answer import Answer
from tests.api.person import ADDRESS, Json, Person


def same(first: Answer, again: Answer) -> None:
    """`again` is the first answer once more, and did nothing."""
    assert again.replayed
    assert not first.replayed
    assert (again.status, again.response.content) == (first.status, first.response.content)
    for header in ("ETag", "Consistency-Token", "Location", "Content-Type"):
        assert again.response.headers.get(header) == first.response.headers.get(header)
    again.appended()


class TestARepeat:
    async def test_gets_the_same_answer_and_does_nothing(self, ada: Person, pen: Json) -> None:
        key = uuid4().hex
        first = (await ada.orders((pen, 2), key=key)).then(201, OrderAnswer).appended("OrderPlaced")
        for _ in range(2):
            same(first, await ada.orders((pen, 2), key=key))

    async def test_gets_it_also_after_the_order_has_moved_on(self, ada: Person, staff: Person, pen: Json) -> None:
        placing, confirming = uuid4().hex, uuid4().hex
        placed = await ada.orders((pen, 1), key=placing)
        confirmed = await staff.sets(placed.body, "confirmed", key=confirming)
        await staff.moves(placed.body, "shipped", "delivered")
        same(placed, await ada.orders((pen, 1), key=placing))
        same(confirmed, await staff.sets(placed.body, "confirmed", key=confirming))

    async def test_gets_it_also_when_it_would_now_be_refused(self, ada: Person, staff: Person) -> None:
        key = uuid4().hex
        rare = await staff.adds_product(stock=2, price_cents=100)
        first = await ada.orders((rare, 2), key=key)
        await staff.patches(f"/products/{rare['id']}", {"price_cents": 999})
        same(first, await ada.orders((rare, 2), key=key))
        (await ada.orders((rare, 2), key=uuid4().hex)).refused(422, "insufficient_stock")

    async def test_of_a_cancellation_releases_its_stock_once(self, ada: Person, staff: Person) -> None:
        key = uuid4().hex
        rare = await staff.adds_product(stock=5)
        order = await ada.places(rare, 5)
        same(await ada.cancels(order, key=key), await ada.cancels(order, key=key))
        (await ada.gets(f"/products/{rare['id']}")).then(200, ProductAnswer, available=5)

    async def test_of_what_changed_nothing_gets_that_answer(self, ada: Person, staff: Person, pen: Json) -> None:
        key = uuid4().hex
        order = await staff.moves(await ada.places(pen), "confirmed")
        no_op = (await staff.sets(order, "confirmed", key=key)).then(200, OrderAnswer).appended()
        await staff.moves(order, "shipped")
        same(no_op, await staff.sets(order, "confirmed", key=key))

    async def test_whose_if_match_no_longer_holds_gets_it_too(self, ada: Person, staff: Person, pen: Json) -> None:
        key = uuid4().hex
        order = await ada.places(pen)
        first = await staff.sets(order, "confirmed", key=key, if_match='"1"')
        same(first, await staff.sets(order, "confirmed", key=key, if_match='"1"'))

    async def test_works_on_every_write(self, ada: Person, staff: Person, pen: Json) -> None:
        key = uuid4().hex
        address = {"recipient": "Ada"} | ADDRESS
        product = {"sku": uuid4().hex, "name": "Ink", "price_cents": 100}
        path = f"/products/{pen['id']}"
        same(
            (await ada.posts("/addresses", address, key=key)).then(201, AddressAnswer),
            await ada.posts("/addresses", address, key=key),
        )
        for method, where, body in (
            ("POST", "/products", product),
            ("PATCH", path, {"name": f"Pen {key}"}),
            ("POST", f"{path}/stock", {"quantity": 1, "reason": "counted"}),
        ):
            key = uuid4().hex
            first = await staff.asks(method, where, body, key=key)
            assert first.news
            same(first, await staff.asks(method, where, body, key=key))


class TestAKey:
    async def test_with_another_request_is_refused(self, ada: Person, pen: Json) -> None:
        key = uuid4().hex
        placed = await ada.orders((pen, 1), key=key)
        (await ada.orders((pen, 2), key=key)).refused(422, "idempotency_key_reused")
        (await ada.cancels(placed.body, key=key)).refused(422, "idempotency_key_reused")
        (await ada.posts("/addresses", {"recipient": "Ada"} | ADDRESS, key=key)).refused(422, "idempotency_key_reused")

    async def test_with_another_order_of_fields_is_the_same_request(self, ada: Person, pen: Json) -> None:
        key = uuid4().hex
        body = ada.order_of((pen, 1))
        first = await ada.posts("/orders", body, key=key)
        same(first, await ada.posts("/orders", dict(reversed(body.items())), key=key))

    async def test_belongs_to_one_person(self, ada: Person, ben: Person, pen: Json) -> None:
        key = uuid4().hex
        of_ada, of_ben = await ada.orders((pen, 1), key=key), await ben.orders((pen, 1), key=key)
        assert of_ada.body["id"] != of_ben.body["id"]
        assert not of_ben.replayed

    async def test_is_not_bound_by_a_refusal(self, ada: Person, staff: Person) -> None:
        key = uuid4().hex
        rare = await staff.adds_product(stock=0)
        (await ada.orders((rare, 1), key=key)).refused(422, "insufficient_stock")
        await staff.posts(f"/products/{rare['id']}/stock", {"quantity": 1, "reason": "a delivery"})
        assert not (await ada.orders((rare, 1), key=key)).then(201, OrderAnswer).replayed

    async def test_is_not_bound_by_a_request_that_does_not_fit(self, ada: Person, pen: Json) -> None:
        key = uuid4().hex
        (await ada.posts("/orders", {}, key=key)).invalid()
        (await ada.orders((pen, 1), key=key)).then(201, OrderAnswer)

    @pytest.mark.parametrize("key", ["x", "~!@#$%^&*()", "k" * 255])
    async def test_has_1_to_255_visible_characters(self, ada: Person, pen: Json, key: str) -> None:
        same(await ada.orders((pen, 1), key=key), await ada.orders((pen, 1), key=key))

    @pytest.mark.parametrize("key", ["", "k" * 256, "a b", "a\tb", "caf\xe9"])
    async def test_of_another_kind_is_refused(self, ada: Person, pen: Json, key: str) -> None:
        (await ada.orders((pen, 1), headers={"Idempotency-Key": key.encode("latin-1")})).refused(
            400, "invalid_idempotency_key"
        )


class TestFiftyAtOnce:
    async def test_of_one_key_are_one_order(self, ada: Person, pen: Json) -> None:
        key = uuid4().hex
        before = await ada.shop.reader.head()
        answers = await asyncio.gather(*(ada.orders((pen, 1), key=key) for _ in range(50)))
        assert {answer.status for answer in answers} == {201}
        assert len({answer.response.content for answer in answers}) == 1
        assert Counter(answer.replayed for answer in answers) == {False: 1, True: 49}
        assert await ada.shop.reader.head() == before + 1

    async def test_of_one_key_and_two_bodies_are_one_order(self, ada: Person, pen: Json) -> None:
        key = uuid4().hex
        before = await ada.shop.reader.head()
        answers = await asyncio.gather(*(ada.orders((pen, 1 + n % 2), key=key) for n in range(50)))
        assert Counter(answer.status for answer in answers) == {201: 25, 422: 25}
        assert await ada.shop.reader.head() == before + 1

    async def test_without_a_key_are_fifty(self, ada: Person, pen: Json) -> None:
        answers = await asyncio.gather(*(ada.orders((pen, 1)) for _ in range(50)))
        assert len({answer.body["id"] for answer in answers}) == 50

    async def test_for_a_stock_of_twenty_are_twenty(self, ada: Person, staff: Person) -> None:
        rare = await staff.adds_product(stock=20)
        answers = await asyncio.gather(*(ada.orders((rare, 1)) for _ in range(50)))
        assert Counter(answer.status for answer in answers) == {201: 20, 422: 30}
        (await ada.gets(f"/products/{rare['id']}")).then(200, ProductAnswer, available=0)

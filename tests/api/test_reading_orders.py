"""Reading orders over HTTP: the list in pages, one order, its history."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from api.order_schemas import OrderAnswer, OrderListPage
from api.schemas import History
from commands.append_of import encode_changes
from events.log.append import Append, Appended
from tests.api.answer import Answer
from tests.api.person import Json, Person
from tests.api.running import Running
from tests.projections.business import placed


@pytest.fixture
async def five(ada: Person, pen: Json) -> tuple[list[str], dict[str, str]]:
    """Five orders, the newest first, and the header by which a read shows them all."""
    answers = [await ada.orders((pen, 1)) for _ in range(5)]
    return [answer.body["id"] for answer in reversed(answers)], {"Consistency-Token": answers[-1].token}


def ids(answer: Answer) -> list[str]:
    return [item["id"] for item in answer.body["items"]]


async def pages(person: Person, headers: dict[str, str], **query: str | int) -> AsyncIterator[Answer]:
    while True:
        page = (await person.gets("/orders", headers=headers, query=query)).then(200, OrderListPage)
        yield page
        if page.body["next"] is None:
            return
        query["cursor"] = page.body["next"]


class TestTheList:
    async def test_goes_on_by_cursor(self, ada: Person, five: tuple[list[str], dict[str, str]]) -> None:
        newest_first, headers = five
        seen = [ids(page) async for page in pages(ada, headers, limit=2)]
        assert seen == [newest_first[:2], newest_first[2:4], newest_first[4:]]

    async def test_stays_put_while_orders_arrive(
        self, ada: Person, pen: Json, five: tuple[list[str], dict[str, str]]
    ) -> None:
        newest_first, _ = five
        seen: list[str] = []
        headers = five[1]
        async for page in pages(ada, headers, limit=2):
            seen += ids(page)
            assert page.body["total"] >= 5
            headers["Consistency-Token"] = (await ada.orders((pen, 1))).token
        assert seen == newest_first

    async def test_shows_one_status(self, ada: Person, staff: Person, five: tuple[list[str], dict[str, str]]) -> None:
        newest_first, headers = five
        headers["Consistency-Token"] = (await staff.sets({"id": newest_first[1]}, "confirmed")).token
        confirmed = await ada.gets("/orders", headers=headers, status="confirmed")
        confirmed.then(200, OrderListPage, total=1, next=None)
        assert ids(confirmed) == [newest_first[1]]
        pending = await ada.gets("/orders", headers=headers, status="pending")
        assert ids(pending) == [newest_first[0], *newest_first[2:]]

    async def test_has_numbered_pages(self, ada: Person, five: tuple[list[str], dict[str, str]]) -> None:
        newest_first, headers = five
        second = await ada.gets("/orders", headers=headers, page=2, per_page=2)
        second.then(200, OrderListPage, page=2, pages=3, total=5, next=None)
        assert ids(second) == newest_first[2:4]
        (await ada.gets("/orders", headers=headers, page=1)).then(200, OrderListPage, page=1, pages=1)
        (await ada.gets("/orders", headers=headers, per_page=3)).then(200, OrderListPage, page=1, pages=2)
        (await ada.gets("/orders", headers=headers, page=99, per_page=3)).then(200, OrderListPage, items=[], page=99)

    async def test_has_at_most_two_hundred_on_a_page(self, ada: Person) -> None:
        events = encode_changes(ada.shop.codec, [placed(ada.id) for _ in range(201)], ada.id)
        outcome = await ada.shop.appender.append(Append(uuid4(), events, f'{{"owner": "{ada.id}"}}'))
        assert isinstance(outcome, Appended)
        headers = {"Consistency-Token": ada.shop.positions.seal(outcome.position)}
        page = (await ada.gets("/orders", headers=headers, limit=500)).then(200, OrderListPage, total=201)
        assert len(page.body["items"]) == 200
        assert page.body["next"] is not None
        numbered = await ada.gets("/orders", headers=headers, per_page=500)
        assert len(numbered.then(200, OrderListPage, pages=2).body["items"]) == 200

    async def test_of_a_stranger_is_empty(self, service: Running) -> None:
        stranger = await service.person("customer")
        (await stranger.gets("/orders")).then(200, OrderListPage, items=[], next=None, total=0)


class TestOneOrder:
    async def test_is_current_at_once_and_without_a_token(self, ada: Person, staff: Person, pen: Json) -> None:
        order = await ada.places(pen)
        for status in ("confirmed", "shipped", "delivered"):
            moved = await staff.sets(order, status)
            read = (await staff.gets(f"/orders/{order['id']}")).then(200, OrderAnswer, status=status)
            assert (read.body, read.etag) == (moved.body, moved.etag)

    async def test_is_the_same_in_the_list(self, ada: Person, staff: Person, pen: Json) -> None:
        order = await ada.places(pen, 3)
        token = (await staff.sets(order, "confirmed")).token
        listed = await ada.gets("/orders", headers={"Consistency-Token": token})
        assert listed.body["items"] == [(await ada.gets(f"/orders/{order['id']}")).body]

    async def test_is_found_however_its_id_is_written(self, ada: Person, pen: Json) -> None:
        order = await ada.places(pen)
        (await ada.gets(f"/orders/{order['id'].upper()}")).then(200, OrderAnswer, id=order["id"])


class TestItsHistory:
    async def test_tells_what_happened_oldest_first(self, ada: Person, staff: Person, pen: Json) -> None:
        order = await ada.places(pen)
        await staff.moves(order, "confirmed", "shipped")
        history = (await ada.gets(f"/orders/{order['id']}/events")).then(200, History).body["events"]
        assert [event["type"] for event in history] == [
            "daybook.order.placed.v1", "daybook.order.confirmed.v1", "daybook.order.shipped.v1",
        ]  # fmt: skip
        assert [event["actor"] for event in history] == [f"customer:{ada.id}", *[f"staff:{staff.id}"] * 2]
        assert history[0]["data"]["shipping_address"]["recipient"] == "Ada Lovelace"
        assert all(event["time"] <= event["recordedtime"] for event in history)

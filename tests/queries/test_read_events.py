"""The log as auditors page through it: given what happened, every event, in order, sealed."""

from typing import Any
from uuid import UUID, uuid4

from pydantic_core import from_json, to_json

from api.schemas import CloudEvent
from events.cloud import stored_types
from events.domain.customer import Customer
from events.log.append import NewEvent
from events.log.reader import END
from queries.read_events import read_events
from queries.selection import Selection, bounded
from tests.projections.book import Book
from tests.projections.business import moved, placed, product


async def read(
    book: Book, after: int = 0, limit: int = 50, type: str | None = None, stream: UUID | None = None
) -> tuple[list[dict[str, Any]], int | None]:
    types = None if type is None else tuple(stored_types(type))
    selection = await bounded(book.shop.reader, Selection(after, END, types=types, stream=stream))
    events, following = await read_events(book.shop.reader, selection, limit)
    for event in events:
        CloudEvent.model_validate(event)
    return events, following


def sequence(events: list[dict[str, Any]]) -> list[int]:
    return [int(event["sequence"]) for event in events]


class TestPages:
    async def test_run_densely_from_one_to_the_end(self, book: Book) -> None:
        await book.append(product(stock=3), *[placed() for _ in range(5)])
        seen: list[int] = []
        after: int | None = 0
        sizes = []
        while after is not None:
            events, after = await read(book, after, 3)
            seen += sequence(events)
            sizes.append(len(events))
        assert (seen, sizes) == ([1, 2, 3, 4, 5, 6, 7], [3, 3, 1])

    async def test_sort_as_text(self, book: Book) -> None:
        await book.append(*[placed() for _ in range(11)])
        texts = [event["sequence"] for event in (await read(book))[0]]
        assert texts == sorted(texts)
        assert set(map(len, texts)) == {19}

    async def test_end_exactly_where_the_log_does(self, book: Book) -> None:
        await book.append(placed(), placed())
        assert (await read(book, 0, 2))[1] is None
        assert await read(book, 2) == ([], None)

    async def test_of_another_shop_are_its_own(self, book: Book) -> None:
        await book.append(placed())
        other = type(book.shop.reader)(book.pool, "other")
        assert await read_events(other, await bounded(other, Selection(0, END)), 50) == ([], None)


class TestFilters:
    async def test_by_type(self, book: Book) -> None:
        order = moved(placed(), "confirmed")
        await book.append(product(), order, placed())
        events, _ = await read(book, type="daybook.order.placed.v1")
        assert sequence(events) == [2, 4]
        assert await read(book, type="daybook.order.teleported.v1") == ([], None)

    async def test_by_type_page_on(self, book: Book) -> None:
        await book.append(placed(), product(), placed(), product("INK"), placed())
        first, after = await read(book, 0, 2, "daybook.order.placed.v1")
        assert after is not None
        second, end = await read(book, after, 2, "daybook.order.placed.v1")
        assert (sequence(first), sequence(second), end) == ([1, 3], [5], None)

    async def test_by_stream(self, book: Book) -> None:
        order = placed()
        await book.append(order, placed())
        await book.append(moved(order, "confirmed"))
        events, _ = await read(book, stream=order.id)
        assert [event["streamversion"] for event in events] == [1, 2]
        assert (await read(book, stream=order.id, type="daybook.order.confirmed.v1"))[0] == events[1:]
        assert await read(book, stream=uuid4()) == ([], None)


class TestAnEnvelope:
    async def test_says_who_when_and_what(self, book: Book) -> None:
        order = placed()
        await book.append(order)
        (event,), _ = await read(book)
        assert event["actor"] == f"system:{order.user_id}"
        assert event["source"] == f"/tenants/{book.tenant}"
        assert event["dataschema"] == "urn:daybook:schema:OrderPlaced:2"
        assert event["time"] == order.created_on.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        assert event["recordedtime"] >= event["time"]
        assert event["data"]["timestamp"] == event["time"]

    async def test_keeps_what_is_personal_sealed(self, book: Book) -> None:
        ada = Customer.add(uuid4(), name="Ada Lovelace", email="ada@example.com")
        ada.add_address(str(uuid4()), placed().shipping_address)
        await book.append(ada, moved(placed(ada.id), "cancelled"))
        events, _ = await read(book)
        text = to_json(events).decode()
        for personal in ("Ada", "Lovelace", "ada@example.com", "St James", "London", "as it goes"):
            assert personal not in text
        for event, name in zip(events, ("email", "address", "shipping_address", "reason"), strict=True):
            assert event["data"][name].startswith("sealed.1.")

    async def test_of_a_type_that_a_newer_version_wrote_is_shown_all_the_same(self, book: Book) -> None:
        stream = uuid4()
        data = b'{"to":"Mars","timestamp":"2026-11-24T10:00:00.000000Z"}'
        await book.append_events(NewEvent(stream, 1, "OrderTeleported", 1, data))
        await book.append(placed())
        events, _ = await read(book)
        assert sequence(events) == [1, 2]
        assert events[0]["data"] == from_json(data)
        assert events[0]["dataschema"] == "urn:daybook:schema:OrderTeleported:1"

"""An order's history: given what happened to it and because of it, CloudEvents, oldest first."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from api.schemas import CloudEvent
from events.caller import Caller
from events.domain.delivery import Confirmation
from events.domain.order import Order
from events.domain.refusal import NotFound
from queries.get_order import get_order
from queries.order_history import order_history
from tests.projections.book import Book
from tests.projections.business import moved, placed


async def history(book: Book, order_id: UUID, caller: Caller) -> list[dict[str, Any]]:
    shop = book.shop
    events = await order_history(shop.repository, shop.reader, shop.codec, order_id, caller)
    for event in events:
        CloudEvent.model_validate(event)
    return events


def owner_of(order: Order) -> Caller:
    return Caller(UUID(order.user_id), "default", ("customer",))


def anyone(role: str, tenant: str = "default") -> Caller:
    return Caller(uuid4(), tenant, (role,))


class TestHistory:
    async def test_begins_when_the_order_is_placed(self, book: Book) -> None:
        order = placed()
        await book.append(order)
        (event,) = await history(book, order.id, owner_of(order))
        assert event["type"] == "daybook.order.placed.v1"
        assert event["subject"] == str(order.id)
        assert (event["id"], event["streamversion"]) == (f"{order.id}.1", 1)
        assert event["data"]["number"] == order.number
        assert event["data"]["shipping_address"]["recipient"] == "Ada Lovelace"
        assert "sequence" not in event, "a position would tell how many events there are"

    async def test_merges_what_was_done_because_of_it_where_it_happened(self, book: Book) -> None:
        order = placed()
        await book.append(order)
        await book.append(placed())
        await book.append(Confirmation.sent(order.id, message_id="<1@daybook.example>", attempts=2))
        await book.append(moved(order, "confirmed"))
        await book.append(moved(order, "cancelled"))
        events = await history(book, order.id, owner_of(order))
        assert [event["type"].split(".")[2] for event in events] == [
            "placed", "confirmation_sent", "confirmed", "cancelled",
        ]  # fmt: skip
        assert [event["streamversion"] for event in events] == [1, 1, 2, 3]
        assert events[-1]["reason"] == "as it goes"

    async def test_of_a_confirmation_leaves_the_orders_version_alone(self, book: Book) -> None:
        order = placed()
        await book.append(order, Confirmation.sent(order.id, message_id="<1@daybook.example>", attempts=1))
        assert (await get_order(book.shop.repository, order.id, owner_of(order))).version == 1

    async def test_is_read_by_its_owner_by_staff_and_by_auditors(self, book: Book) -> None:
        order = placed()
        await book.append(order)
        for caller in (owner_of(order), anyone("staff"), anyone("auditor"), anyone("admin")):
            assert len(await history(book, order.id, caller)) == 1

    async def test_is_not_there_for_another_customer(self, book: Book) -> None:
        order = placed()
        await book.append(order)
        for caller in (anyone("customer"), anyone("nobody knows this role")):
            with pytest.raises(NotFound):
                await history(book, order.id, caller)

    async def test_of_what_is_no_order_is_not_there(self, book: Book) -> None:
        sent = Confirmation.sent(uuid4(), message_id="<1@daybook.example>", attempts=1)
        await book.append(sent)
        for stream in (sent.id, uuid4()):
            with pytest.raises(NotFound):
                await history(book, stream, anyone("staff"))

"""A stream never outruns the read models: what a frame tells can be read at once, without a token."""

import asyncio
import json
from uuid import uuid4

from structlog.testing import capture_logs

from events.log.append import Append, NewEvent
from tests.api.live.subscriber import following
from tests.api.person import Json, Person
from tests.api.running import Running


async def test_an_event_that_was_seen_is_in_the_list(service: Running, ada: Person, staff: Person, pen: Json) -> None:
    async def buy() -> None:
        for _ in range(10):
            order = await ada.places(pen)
            await staff.moves(order, "confirmed", "shipped")

    async with following(service, ada) as stream:
        buying = asyncio.gather(buy(), buy())
        for _ in range(60):
            event = await stream.event()
            items = (await ada.gets("/orders")).body["items"]
            (listed,) = [item for item in items if item["id"] == event["subject"]]
            assert listed["version"] >= event["streamversion"]
        await buying


async def test_an_event_that_takes_stock_is_in_the_catalogue(service: Running, ada: Person, staff: Person) -> None:
    rare = await staff.adds_product(stock=20, sku=f"0-{uuid4().hex}")
    async with following(service, ada) as stream:
        for left in range(19, 9, -1):
            await ada.places(rare)
            await stream.event()
            items = (await ada.gets("/products", limit=200)).body["items"]
            assert [item["available"] for item in items if item["id"] == rare["id"]] == [left]


async def test_an_event_that_nobody_can_read_stops_no_stream(
    service: Running, ada: Person, staff: Person, pen: Json
) -> None:
    """One of a type that a newer version wrote, and one whose sealed data was damaged."""
    meta = json.dumps({"subject": str(ada.id), "role": "customer", "owner": str(ada.id)})
    sealed = f"sealed.1.{ada.id.hex}.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    damaged = {"reason": sealed, "timestamp": "2026-11-24T10:00:00.000000Z"}
    unreadable = [
        NewEvent(uuid4(), 1, "OrderTeleported", 1, b'{"timestamp":"2026-11-24T10:00:00.000000Z"}'),
        NewEvent(uuid4(), 1, "OrderConfirmed", 1, json.dumps(damaged).encode()),
    ]
    async with following(service, ada) as own, following(service, staff) as everything:
        before = own.position
        with capture_logs() as logs:
            first = await ada.places(pen)
            for event in unreadable:
                await ada.shop.appender.append(Append(uuid4(), [event], meta))
            second = await ada.places(pen)
            for stream in (own, everything):
                assert await stream.subjects(2) == [first["id"], second["id"]]
            async with following(service, ada, after=before) as again:
                assert await again.subjects(2) == [first["id"], second["id"]]
        assert "an event cannot be shown" in {entry["event"] for entry in logs}

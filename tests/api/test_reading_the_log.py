"""`GET /events`: auditors page through the whole log."""

from collections.abc import AsyncIterator

import pytest

from api.schemas import EventPage
from daybook.embedded import ValkeyServer
from tests.api.person import Json, Person
from tests.api.running import Running, running
from tests.databases import NewDatabase


@pytest.fixture(scope="module")
async def service(new_database: NewDatabase, valkey: ValkeyServer) -> AsyncIterator[Running]:
    """One without a projector: the log is read as it is, whatever is posted from it."""
    async with new_database() as database, running(database.url, valkey.url, projecting=False) as started:
        yield started


@pytest.fixture
async def auditor(service: Running) -> Person:
    return await service.person("auditor")


async def whole_log(auditor: Person, **query: str | int) -> list[Json]:
    events: list[Json] = []
    while True:
        page = (await auditor.gets("/events", query=query)).then(200, EventPage).body
        events += page["events"]
        if page["next"] is None:
            return events
        query["after"] = page["next"]


async def test_every_event_is_there_once_and_in_order(ada: Person, staff: Person, auditor: Person, pen: Json) -> None:
    await staff.moves(await ada.places(pen), "confirmed", "shipped")
    events = await whole_log(auditor, limit=3)
    assert [int(event["sequence"]) for event in events] == list(range(1, len(events) + 1))
    assert events == await whole_log(auditor, limit=200)
    assert [event["recordedtime"] for event in events] == sorted(event["recordedtime"] for event in events)


async def test_a_write_is_there_at_once(ada: Person, auditor: Person, pen: Json) -> None:
    before = (await ada.orders((pen, 1))).token
    placed = await ada.orders((pen, 1))
    (event,) = await whole_log(auditor, after=before)
    assert (event["subject"], event["type"]) == (placed.body["id"], "daybook.order.placed.v1")
    assert await whole_log(auditor, after=placed.token) == []


async def test_one_type_or_one_stream_can_be_read(ada: Person, staff: Person, auditor: Person, pen: Json) -> None:
    order = await staff.moves(await ada.places(pen), "confirmed")
    of_order = await whole_log(auditor, stream=order["id"], limit=1)
    assert [event["streamversion"] for event in of_order] == [1, 2]
    confirmed = await whole_log(auditor, type="daybook.order.confirmed.v1", limit=1)
    assert {event["type"] for event in confirmed} == {"daybook.order.confirmed.v1"}
    assert of_order[1] in confirmed
    assert await whole_log(auditor, type="OrderConfirmed") == [], "a type has its public name here"


async def test_what_is_personal_stays_sealed(ada: Person, auditor: Person, pen: Json) -> None:
    await ada.cancels(await ada.places(pen), "my neighbour Ben told me to")
    answer = await auditor.gets("/events", limit=200)
    for personal in ("Lovelace", "St James", "SW1Y", f"{ada.id}@", "neighbour"):
        assert personal not in answer.response.text


async def test_who_did_it_is_told_by_id_and_role(ada: Person, staff: Person, auditor: Person, pen: Json) -> None:
    order = await staff.moves(await ada.places(pen), "confirmed")
    assert [event["actor"] for event in await whole_log(auditor, stream=order["id"])] == [
        f"customer:{ada.id}", f"staff:{staff.id}",
    ]  # fmt: skip

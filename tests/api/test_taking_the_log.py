"""`GET /events` as an auditor's tool: all of it as lines, what led to what, what is personal, and who has read it."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest

from api.ndjson import prefers_ndjson
from api.schemas import CloudEvent, EventPage, HistoryReadPage
from daybook.embedded import ValkeyServer
from tests.api.person import Json, Person
from tests.api.running import Running, running
from tests.api.test_reading_the_log import whole_log
from tests.databases import NewDatabase

NDJSON = {"Accept": "application/x-ndjson"}


@pytest.fixture(scope="module")
async def service(new_database: NewDatabase, valkey: ValkeyServer) -> AsyncIterator[Running]:
    """One without a projector: the log is read as it is, whatever is posted from it."""
    async with new_database() as database, running(database.url, valkey.url, projecting=False) as started:
        yield started


@pytest.fixture
async def auditor(service: Running) -> Person:
    return await service.person("auditor")


async def lines(auditor: Person, **query: str | int) -> list[Json]:
    response = (await auditor.gets("/events", query=query, headers=NDJSON)).response
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == "application/x-ndjson"
    assert "Correlation-Id" in response.headers
    return [json.loads(line) for line in response.content.splitlines()]


class TestLines:
    async def test_are_the_events_of_the_pages(self, ada: Person, staff: Person, auditor: Person, pen: Json) -> None:
        order = await staff.moves(await ada.places(pen), "confirmed", "shipped")
        assert await lines(auditor) == await whole_log(auditor, limit=7)
        confirmed = {"type": "daybook.order.confirmed.v1", "stream": order["id"]}
        for query in ({"stream": order["id"]}, {"subject": order["id"]}, confirmed):
            found = await lines(auditor, **query)
            assert found == await whole_log(auditor, **query)
            assert found
            for event in found:
                CloudEvent.model_validate(event)
        assert len(await lines(auditor, limit=1)) > 1, "a limit is of a page"

    async def test_are_those_after_a_position_and_up_to_another(self, ada: Person, auditor: Person, pen: Json) -> None:
        first, second = [(await ada.orders((pen, 1))).token for _ in range(2)]
        between = await lines(auditor, after=first, until=second)
        assert between == await whole_log(auditor, after=first, until=second, limit=1)
        assert {event["type"] for event in between} == {"daybook.order.placed.v1"}
        assert await lines(auditor, after=second) == []
        assert await lines(auditor, after=second, until=first) == []
        assert await whole_log(auditor, after=second, until=first) == []

    async def test_come_to_an_end_while_more_is_written(self, ada: Person, auditor: Person, pen: Json) -> None:
        async def write() -> None:
            while True:
                await ada.orders((pen, 1))

        writing = asyncio.create_task(write())
        try:
            for _ in range(3):
                found = await lines(auditor)
                assert [int(event["sequence"]) for event in found] == list(range(1, len(found) + 1))
        finally:
            writing.cancel()
            await asyncio.wait((writing,))

    async def test_end_with_the_client(self, service: Running, auditor: Person) -> None:
        headers = {"Authorization": f"Bearer {auditor.token}", **NDJSON}
        for _ in range(20):
            async with service.client.stream("GET", "/events", headers=headers) as response:
                assert response.status_code == 200
        async with asyncio.timeout(20):
            # A connection that an abandoned stream still held would be missing here.
            held = [await service.pool.acquire() for _ in range(service.pool.get_max_size())]
        for connection in held:
            await service.pool.release(connection)

    async def test_break_off_when_the_log_does(self, auditor: Person, monkeypatch: pytest.MonkeyPatch) -> None:
        """So that what came over cannot be taken for the whole."""

        async def broken(*_: object, **__: object) -> None:
            raise ConnectionResetError

        monkeypatch.setattr(type(auditor.shop.reader), "lines", broken)
        with pytest.raises(httpx.RemoteProtocolError):
            await auditor.gets("/events", headers=NDJSON)

    @pytest.mark.parametrize(
        ("accept", "preferred"),
        [
            (None, False),
            ("", False),
            ("*/*", False),
            ("application/json", False),
            ("application/*", False),
            ("application/x-ndjson", True),
            ("Application/X-NDJSON;charset=utf-8", True),
            ("application/x-ndjson, */*;q=0.1", True),
            ("application/x-ndjson, */*", True),
            ("application/json, application/x-ndjson", False),
            ("application/json;q=0.5, application/x-ndjson", True),
            ("application/json, application/x-ndjson;q=0.5", False),
            ("application/x-ndjson;q=0", False),
            ("application/x-ndjson;q=0, */*", False),
            ("application/x-ndjson;q=much", False),
        ],
    )
    def test_are_sent_to_who_would_rather_have_them(self, accept: str | None, preferred: bool) -> None:
        assert prefers_ndjson(accept) == preferred


class TestWhatLedToWhat:
    async def test_is_found_by_its_correlation(self, ada: Person, staff: Person, auditor: Person, pen: Json) -> None:
        mine = f"mine-{uuid4()}=<&>"
        order = (await ada.orders((pen, 1), headers={"Correlation-Id": mine})).body
        await staff.moves(order, "confirmed")
        found = await whole_log(auditor, correlation=mine)
        assert [event["type"] for event in found] == ["daybook.order.placed.v1"]
        assert {event["correlationid"] for event in found} == {mine}
        assert await lines(auditor, correlation=mine) == found
        assert await whole_log(auditor, correlation="nobodys") == []


class TestTimesOfRecording:
    async def test_bound_a_half_open_range(self, ada: Person, auditor: Person, pen: Json) -> None:
        placed = [await ada.places(pen) for _ in range(3)]
        moments = [(await whole_log(auditor, subject=order["id"]))[0]["recordedtime"] for order in placed]
        found = await whole_log(auditor, recorded_from=moments[0], recorded_to=moments[2])
        assert [event["subject"] for event in found] == [placed[0]["id"], placed[1]["id"]]
        assert await lines(auditor, recorded_from=moments[0], recorded_to=moments[2]) == found
        tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
        assert await whole_log(auditor, recorded_from=tomorrow) == []
        assert await whole_log(auditor, recorded_to="1999-01-01T00:00:00+02:00") == []
        assert len(await whole_log(auditor, recorded_to=tomorrow, limit=200)) == len(await lines(auditor))

    @pytest.mark.parametrize(
        "query",
        [
            {"recorded_from": "2026-01-01T00:00:00"},
            {"recorded_from": "yesterday"},
            {"recorded_from": "2026-01-02T00:00:00Z", "recorded_to": "2026-01-01T00:00:00Z"},
            {"recorded_from": "2026-01-02T00:00:00Z", "recorded_to": "2026-01-02T00:00:00Z"},
            {"correlation": "a b"},
            {"type": "daybook.\x00"},
            {"type": "x" * 129},
            {"correlation": "x" * 129},
            {"subject": "7"},
            {"personal": "perhaps"},
        ],
    )
    async def test_and_other_filters_make_sense(self, auditor: Person, query: dict[str, str]) -> None:
        for headers in ({}, NDJSON):
            (await auditor.gets("/events", query=query, headers=headers)).refused(422, "validation_failed")

    @pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"])
    async def test_may_be_as_far_away_as_can_be(self, auditor: Person, moment: str) -> None:
        before = await whole_log(auditor, recorded_to=moment, limit=200)
        after = await whole_log(auditor, recorded_from=moment, limit=200)
        assert (len(before) == 0) != (len(after) == 0)


class TestWhatIsNowhere:
    async def test_is_a_position_that_is_none(self, auditor: Person) -> None:
        (await auditor.gets("/events", until="tomorrow")).refused(400, "invalid_position")

    @pytest.mark.parametrize("name", ["daybook.OrderTeleported", "daybook.", "x"])
    async def test_is_a_type_that_nobody_wrote(self, auditor: Person, name: str) -> None:
        assert await whole_log(auditor, type=name) == []
        assert await lines(auditor, type=name) == []


class TestPersonalData:
    async def test_is_opened_beside_what_is_sealed(self, ada: Person, auditor: Person, pen: Json) -> None:
        order = await ada.places(pen)
        query = {"subject": order["id"], "personal": "true", "reason": "a complaint"}
        (event,) = (await auditor.gets("/events", query=query)).then(200, EventPage).body["events"]
        assert event["opened"]["shipping_address"]["recipient"] == "Ada Lovelace"
        assert event["data"]["shipping_address"].startswith("sealed.1.")
        assert await lines(auditor, **query) == [event]
        assert event in await lines(auditor, personal="true", reason="a complaint")
        del event["opened"]
        assert await whole_log(auditor, subject=order["id"]) == [event]

    async def test_is_read_for_a_reason_only(self, auditor: Person) -> None:
        for headers in ({}, NDJSON):
            (await auditor.gets("/events?personal=true", headers=headers)).refused(422, "validation_failed")
            (await auditor.gets("/events?personal=true&reason=+", headers=headers)).refused(422, "validation_failed")

    async def test_is_not_for_everyone(self, ada: Person, staff: Person) -> None:
        for person in (ada, staff):
            (await person.gets("/events?personal=true&reason=curious")).refused(403, "forbidden")


class TestWhoReads:
    async def test_is_recorded(self, auditor: Person, pen: Json) -> None:
        order_id = str(uuid4())
        await auditor.gets("/events", subject=order_id, type="daybook.order.placed.v1")
        await auditor.gets("/events", reason="the yearly audit", headers=NDJSON | {"Correlation-Id": "audit-7"})
        page = (await auditor.gets("/audit/reads")).then(200, HistoryReadPage).body
        lines_read, page_read = page["items"][:2]
        head = await auditor.shop.reader.head()
        assert page_read["subject"] == lines_read["subject"] == str(auditor.id)
        assert (page_read["role"], page_read["reason"]) == ("auditor", None)
        assert page_read["what"] == {
            "subject": order_id,
            "type": "daybook.order.placed.v1",
            "format": "application/json",
            "personal": False,
            "from": 1,
            "to": head,
        }
        assert (lines_read["reason"], lines_read["correlation_id"]) == ("the yearly audit", "audit-7")
        assert lines_read["what"] == {"format": "application/x-ndjson", "personal": False, "from": 1, "to": head}
        assert lines_read["read_at"] > page_read["read_at"]

    async def test_is_recorded_before_anything_is_told(self, auditor: Person, monkeypatch: pytest.MonkeyPatch) -> None:
        async def away(*_: object) -> None:
            raise ConnectionRefusedError

        monkeypatch.setattr("api.auditing.record_read", away)
        for headers in ({}, NDJSON):
            (await auditor.gets("/events", headers=headers)).refused(503, "unavailable")

    async def test_is_told_page_by_page(self, auditor: Person) -> None:
        for number in range(5):
            await auditor.gets("/events", reason=f"no. {number}")
        seen: list[str] = []
        cursor: dict[str, str | int] = {}
        while len(seen) < 5:
            page = (await auditor.gets("/audit/reads", limit=2, query=cursor)).then(200, HistoryReadPage).body
            seen += [item["reason"] for item in page["items"]]
            cursor = {"cursor": page["next"]}
        assert seen[:5] == [f"no. {number}" for number in reversed(range(5))]
        (await auditor.gets("/audit/reads", cursor="made up")).refused(400, "invalid_cursor")

    async def test_is_no_event(self, auditor: Person) -> None:
        """Or who follows the log would never come to its end."""
        (await auditor.gets("/events")).appended()
        (await auditor.gets("/events", headers=NDJSON)).appended()

    async def test_is_known_in_each_shop_for_itself(self, service: Running, auditor: Person) -> None:
        await auditor.gets("/events")
        elsewhere = await service.person("auditor", tenant="other")
        assert (await elsewhere.gets("/audit/reads")).then(200, HistoryReadPage).body == {"items": [], "next": None}

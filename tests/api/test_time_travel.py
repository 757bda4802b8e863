"""The past over HTTP: one order and lists as of a moment, what changed, and who set what."""

from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest

from api.order_schemas import Fulfillment, OrderAnswer, OrderListPage, PaymentsAnswer
from api.past_schemas import OrderDiff, OrderProvenance
from events.log.append import Append, Appended, NewEvent
from events.opaque import Positions
from tests.api.person import Json, Person
from tests.api.running import SECRET, Running

LAST_CENTURY, NEXT_CENTURY = "1999-12-31T23:59:59Z", "2100-01-01T00:00:00Z"


@pytest.fixture
async def road(ada: Person, staff: Person, pen: Json) -> list[Any]:
    """The answers to an order of Ada's that was placed, confirmed and shipped."""
    answers = [await ada.orders((pen, 2))]
    for status in ("confirmed", "shipped"):
        answers.append(await staff.sets(answers[0].body, status))
    return answers


def path_of(road: list[Any]) -> str:
    return f"/orders/{road[0].body['id']}"


def in_the_past(document: Json) -> Json:
    return document | {"allowed_statuses": [], "allowed_actions": []}


class TestAnOrder:
    async def test_is_as_it_was_at_a_version_a_position_or_a_time(self, ada: Person, road: list[Any]) -> None:
        for version, then in enumerate(road, start=1):
            for moment in (str(version), then.token, then.body["updated_at"]):
                read = (await ada.gets(path_of(road), as_of=moment)).then(200, OrderAnswer)
                assert read.etag == f'"{version}"'
                assert read.body == in_the_past(then.body | {"allowed_actions": []})

    async def test_is_as_it_was_recorded(self, ada: Person, road: list[Any]) -> None:
        events = (await ada.gets(f"{path_of(road)}/events")).body["events"]
        for version, event in enumerate(events, start=1):
            read = await ada.gets(path_of(road), as_of_recorded=event["recordedtime"])
            read.then(200, OrderAnswer, version=version)

    async def test_of_now_allows_nothing_either(self, ada: Person, road: list[Any]) -> None:
        for moment in ({"as_of": NEXT_CENTURY}, {"as_of_recorded": NEXT_CENTURY}, {"as_of": "3"}):
            read = await ada.gets(path_of(road), query=moment)
            read.then(200, OrderAnswer, version=3, allowed_statuses=[], allowed_actions=[])

    async def test_tells_its_fulfillment_and_its_payments_of_then(self, ada: Person, road: list[Any]) -> None:
        for version, shipped in (("2", "unfulfilled"), ("3", "shipped")):
            read = await ada.gets(f"{path_of(road)}/fulfillment", as_of=version)
            assert read.then(200, Fulfillment, fulfillment_status=shipped).etag == f'"{version}"'
        (await ada.gets(f"{path_of(road)}/payments", as_of="1")).then(200, PaymentsAnswer, version=1)

    async def test_was_not_there_before_its_first_event(self, ada: Person, road: list[Any], pen: Json) -> None:
        later = await ada.orders((pen, 1))
        for moment in ("0", LAST_CENTURY, road[0].token):
            (await ada.gets(path_of([later]), as_of=moment)).refused(404, "not_found")
        (await ada.gets(path_of(road), as_of_recorded=LAST_CENTURY)).refused(404, "not_found")

    async def test_has_no_version_that_it_has_not_come_to(self, ada: Person, road: list[Any]) -> None:
        for version in ("4", "9" * 9):
            (await ada.gets(path_of(road), as_of=version)).refused(404, "version_not_found", last_version=3)

    async def test_of_another_is_not_there_at_any_time(self, ben: Person, road: list[Any]) -> None:
        nobodys = (await ben.gets(f"/orders/{uuid4()}", as_of="1")).refused(404, "not_found").body
        for path in (path_of(road), f"{path_of(road)}/diff", f"{path_of(road)}/provenance"):
            for query in ({}, {"as_of": "1"}, {"as_of": "99"}, {"as_of": LAST_CENTURY}):
                if path.endswith("/diff"):
                    query = {"from": query["as_of"]} if query else {}
                theirs = (await ben.gets(path, query=query)).refused(404, "not_found").body
                assert theirs | {"instance": ""} == nobodys | {"instance": ""}

    async def test_of_another_shop_is_not_there(self, service: Running, road: list[Any]) -> None:
        stranger = await service.person("admin", tenant="other")
        for path in (path_of(road), f"{path_of(road)}/provenance"):
            (await stranger.gets(path, as_of="1")).refused(404, "not_found")


class TestAMoment:
    @pytest.mark.parametrize("name", ["as_of", "as_of_recorded"])
    @pytest.mark.parametrize(
        "text",
        [
            *("", "x", "now", "-1", "1.5", "٣", "9" * 10, "9" * 5_000, "A" * 21, "A" * 23, "\x00", "é" * 22),
            *("2026-11-24", "2026-11-24T10:15", "2026-11-24T10:15:00", "10:15:00Z", "2026-11-24T10:15:00 CET"),
            *("2026-13-24T10:15:00Z", "2026-11-24T10:15:60Z", "0000-01-01T00:00:00Z", "2026-11-24T10:15:00+99:00"),
            *("9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00", "2026-W48-2T10:15:00Z", "20261124T101500Z"),
        ],
    )
    async def test_that_is_none_is_refused(self, ada: Person, road: list[Any], name: str, text: str) -> None:
        for path in (path_of(road), "/orders"):
            answer = await ada.gets(path, query={name: text})
            answer.invalid(pointer=f"?{name}", error="moment_parsing")

    @pytest.mark.parametrize("path", ["/orders", "/orders/{id}", "/orders/{id}/diff", "/orders/{id}/provenance"])
    async def test_that_was_forged_is_refused(self, ada: Person, road: list[Any], path: str) -> None:
        path, name = path.format(id=road[0].body["id"]), "from" if path.endswith("/diff") else "as_of"
        head = await ada.shop.reader.head()
        elsewhere = Positions(SECRET.encode(), "other").seal(1)
        not_yet = ada.shop.positions.seal(head + 1)
        for text in ("A" * 22, "-" * 22, "0" * 22, elsewhere, not_yet):
            (await ada.gets(path, query={name: text})).refused(400, "invalid_position")

    async def test_is_named_in_one_way(self, ada: Person, road: list[Any]) -> None:
        for path in (path_of(road), "/orders"):
            query = {"as_of": NEXT_CENTURY, "as_of_recorded": NEXT_CENTURY}
            (await ada.gets(path, query=query)).refused(422, "validation_failed")
            (await ada.gets(f"{path}?as_of={NEXT_CENTURY}&as_of={NEXT_CENTURY}")).refused(422, "validation_failed")
            (await ada.gets(path, as_off="1")).invalid(pointer="?as_off", error="extra_forbidden")

    async def test_may_have_any_zone_however_its_plus_sign_comes(self, ada: Person, road: list[Any]) -> None:
        confirmed = road[1].body["updated_at"]
        there = confirmed.removesuffix("Z") + "+00:00"
        for written in (quote(confirmed), quote(there), there, quote(confirmed.lower()), confirmed[:-1] + "-00:00"):
            for text in (written, written.replace("T", "%20", 1)):
                (await ada.gets(f"{path_of(road)}?as_of={text}")).then(200, OrderAnswer, version=2)
        east = f"{confirmed[:-1]}+14:00"
        (await ada.gets(path_of(road), as_of=east)).refused(404, "not_found")


class TestADifference:
    async def test_is_told_field_by_field(self, ada: Person, staff: Person, road: list[Any]) -> None:
        answer = (await ada.gets(f"{path_of(road)}/diff", query={"from": "1", "to": road[1].token})).then(
            200, OrderDiff
        )
        told = {change["field"]: (change["before"], change["after"]) for change in answer.body["changes"]}
        assert told == {
            "/status": ("pending", "confirmed"),
            "/version": (1, 2),
            "/updated_at": (road[0].body["updated_at"], road[1].body["updated_at"]),
        }
        assert {change["event"]["actor"] for change in answer.body["changes"]} == {f"staff:{staff.id}"}

    async def test_is_from_nothing_to_now_where_nothing_is_said(self, ada: Person, road: list[Any]) -> None:
        whole = (await ada.gets(f"{path_of(road)}/diff")).then(200, OrderDiff, **{"from": 0, "to": 3}).body
        assert all(change["before"] is None for change in whole["changes"])
        since = {"from": LAST_CENTURY, "to": NEXT_CENTURY}
        assert (await ada.gets(f"{path_of(road)}/diff", query=since)).body == whole
        (await ada.gets(f"{path_of(road)}/diff", query={"from": "2"})).then(200, OrderDiff, **{"from": 2, "to": 3})

    async def test_that_cannot_be_told_is_refused(self, ada: Person, road: list[Any]) -> None:
        path = f"{path_of(road)}/diff"
        (await ada.gets(path, query={"from": "3", "to": "1"})).refused(422, "backward_diff", **{"from": 3, "to": 1})
        (await ada.gets(path, query={"to": LAST_CENTURY})).refused(404, "not_found")
        for name in ("from", "to"):
            (await ada.gets(path, query={name: "7"})).refused(404, "version_not_found", last_version=3)
            (await ada.gets(path, query={name: "soon"})).invalid(pointer=f"?{name}", error="moment_parsing")
        for name in ("since", "until", "as_of"):
            (await ada.gets(path, query={name: "1"})).invalid(pointer=f"?{name}", error="extra_forbidden")


class TestProvenance:
    async def test_tells_who_set_what_and_why(self, ada: Person, staff: Person, pen: Json) -> None:
        order = await ada.places(pen)
        await staff.cancels(order, "no such address")
        answer = (await ada.gets(f"/orders/{order['id']}/provenance")).then(200, OrderProvenance, version=2)
        assert answer.etag == '"2"'
        fields = answer.body["fields"]
        assert (fields["/status"]["value"], fields["/number"]["value"]) == ("cancelled", order["number"])
        assert fields["/number"]["event"]["actor"] == f"customer:{ada.id}"
        assert fields["/status"]["event"]["actor"] == f"staff:{staff.id}"
        assert fields["/status"]["event"]["reason"] == "no such address"
        before = await ada.gets(f"/orders/{order['id']}/provenance", as_of="1")
        assert before.then(200, OrderProvenance).body["fields"]["/status"]["value"] == "pending"


class TestAList:
    async def test_is_as_it_was(self, ada: Person, road: list[Any], pen: Json) -> None:
        """Read at once after the last write: the list waits for what it was asked for."""
        newer = await ada.orders((pen, 1))
        for then in road:
            page = (await ada.gets("/orders", as_of=then.token)).then(200, OrderListPage, total=None, next=None)
            assert page.body["items"] == [in_the_past(then.body)]
        now = (await ada.gets("/orders", as_of=NEXT_CENTURY)).then(200, OrderListPage)
        assert now.body["items"] == [in_the_past(newer.body), in_the_past(road[-1].body)]
        recorded = (await ada.gets("/orders", as_of_recorded=NEXT_CENTURY)).then(200, OrderListPage)
        assert recorded.body == now.body
        confirmed = (await ada.gets("/orders", as_of=road[1].body["updated_at"])).then(200, OrderListPage)
        assert confirmed.body["items"] == [in_the_past(road[1].body)]

    async def test_before_the_first_event_is_empty(self, ada: Person, road: list[Any]) -> None:
        for query in ({"as_of": LAST_CENTURY}, {"as_of_recorded": LAST_CENTURY}, {"as_of": ada.shop.positions.seal(0)}):
            (await ada.gets("/orders", query=query)).then(200, OrderListPage, items=[], next=None, total=None)

    async def test_is_ones_own(self, ada: Person, ben: Person, staff: Person, road: list[Any]) -> None:
        then = road[0].token
        (await ben.gets("/orders", as_of=then)).then(200, OrderListPage, items=[])
        (await ben.gets("/orders", as_of=then, user_id=str(ada.id))).refused(403, "forbidden")
        of_ada = await staff.gets("/orders", as_of=then, user_id=str(ada.id), status="pending")
        assert of_ada.then(200, OrderListPage).body["items"] == [in_the_past(road[0].body)]
        (await staff.gets("/orders", as_of=then, user_id=str(ada.id), status="shipped")).then(
            200, OrderListPage, items=[]
        )

    async def test_goes_on_by_cursor(self, ada: Person, pen: Json) -> None:
        placed = [await ada.orders((pen, 1)) for _ in range(3)]
        query: dict[str, str | int] = {"as_of": placed[-1].token, "limit": 2}
        first = (await ada.gets("/orders", query=query)).then(200, OrderListPage).body
        await ada.orders((pen, 1))
        second = (await ada.gets("/orders", query=query, cursor=first["next"])).then(200, OrderListPage, next=None).body
        found = [item["id"] for item in first["items"] + second["items"]]
        assert found == [one.body["id"] for one in reversed(placed)]
        (await ada.gets("/orders", cursor=first["next"])).refused(400, "invalid_cursor")
        (await ada.gets("/orders", as_of=placed[0].token, cursor=first["next"])).refused(400, "invalid_cursor")
        now = (await ada.gets("/orders", limit=1, headers={"Consistency-Token": placed[-1].token})).body["next"]
        (await ada.gets("/orders", as_of=placed[-1].token, cursor=now)).refused(400, "invalid_cursor")

    async def test_has_no_versions_and_no_page_numbers(self, ada: Person) -> None:
        (await ada.gets("/orders", as_of="1")).invalid(pointer="?as_of", error="moment_of_list")
        (await ada.gets("/orders", as_of=NEXT_CENTURY, page=1)).invalid(pointer="?page", error="extra_forbidden")

    async def test_that_cannot_be_shown_yet_says_so(self, service: Running, ada: Person) -> None:
        """Something stands in the log that the order history cannot apply."""
        stranger = await service.person("staff", tenant="other")
        position = await _unreadable(stranger)
        for query in ({"as_of": stranger.shop.positions.seal(position)}, {"as_of": NEXT_CENTURY}):
            (await stranger.gets("/orders", query=query)).refused(503, "projection_behind", projection="order_history")


async def _unreadable(person: Person) -> int:
    event = NewEvent(uuid4(), 1, "OrderPlaced", 1, b'{"not": "what it should be"}')
    outcome = await person.shop.appender.append(Append(uuid4(), [event], '{"subject": "", "role": "system"}'))
    assert isinstance(outcome, Appended)
    return outcome.position

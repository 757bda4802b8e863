"""What stands in the query string and in the headers of reads: limits, cursors, positions, and what is none."""

from base64 import urlsafe_b64encode
from urllib.parse import quote

import pytest

from api.order_schemas import OrderListPage
from api.schemas import EventPage, ProductListPage
from events.opaque import Cursors, Positions
from tests.api.person import Json, Person
from tests.api.running import SECRET, Running

LISTS = ["/orders", "/products", "/events"]


@pytest.fixture
async def admin(service: Running) -> Person:
    """One who may read every list."""
    return await service.person("admin")


class TestLimits:
    @pytest.mark.parametrize("path", LISTS)
    async def test_cut_a_page(self, admin: Person, ada: Person, pen: Json, path: str) -> None:
        await admin.adds_product()
        await admin.adds_product()
        token = [(await ada.orders((pen, 1))).token for _ in range(3)][-1]
        page = (await admin.gets(path, limit=2, headers={"Consistency-Token": token})).body
        assert len(page["events" if path == "/events" else "items"]) == 2
        assert page["next"] is not None

    @pytest.mark.parametrize("path", LISTS)
    @pytest.mark.parametrize("limit", ["201", "1000000", "9" * 30])
    async def test_beyond_200_are_200(self, admin: Person, path: str, limit: str) -> None:
        assert (await admin.gets(path, limit=limit)).status == 200

    @pytest.mark.parametrize("path", LISTS)
    @pytest.mark.parametrize("limit", ["0", "-1", "", "many", "1.5", "1e2", "NaN", "9" * 5_000, "\u0661\u0660"])
    async def test_that_are_none_are_refused(self, admin: Person, path: str, limit: str) -> None:
        answer = (await admin.gets(path, limit=limit)).invalid()
        assert [error["pointer"] for error in answer.body["errors"]] == ["?limit"]


class TestUnknownParameters:
    @pytest.mark.parametrize("path", LISTS)
    async def test_are_refused(self, admin: Person, path: str) -> None:
        (await admin.gets(path, colour="red")).invalid(pointer="?colour", error="extra_forbidden")

    @pytest.mark.parametrize("path", LISTS)
    async def test_and_known_ones_twice_are_refused(self, admin: Person, path: str) -> None:
        (await admin.gets(f"{path}?limit=1&limit=2")).refused(422, "validation_failed")

    @pytest.mark.parametrize(
        "query",
        [{"status": "teleported"}, {"user_id": "ada"}, {"page": 0}, {"page": 10**7}, {"per_page": 0}, {"page": "two"}],
    )
    async def test_and_values_that_are_none_are_refused(self, admin: Person, query: dict[str, str | int]) -> None:
        answer = (await admin.gets("/orders", query=query)).invalid()
        assert [error["pointer"] for error in answer.body["errors"]] == [f"?{next(iter(query))}"]

    @pytest.mark.parametrize("query", [{"page": 1}, {"per_page": 10}, {"page": 1, "per_page": 1}])
    async def test_of_two_ways_of_paging_are_refused(self, ada: Person, query: dict[str, str | int]) -> None:
        (await ada.gets("/orders", cursor="x", query=query)).refused(422, "validation_failed")

    async def test_for_events_of_no_stream_are_refused(self, admin: Person) -> None:
        (await admin.gets("/events", stream="x")).invalid(pointer="?stream", error="uuid_parsing")


MADE_UP = ["", "x", "A" * 22, "A" * 44, "é" * 22, "A" * 20 + "!!", "=" * 22, "\x00" * 22, "A" * 5_000, "null", "0", "1"]


class TestCursors:
    @pytest.mark.parametrize("path", ["/orders", "/products"])
    @pytest.mark.parametrize("cursor", MADE_UP)
    async def test_that_were_made_up_are_refused(self, admin: Person, path: str, cursor: str) -> None:
        (await admin.gets(path, cursor=cursor)).refused(400, "invalid_cursor")

    async def test_of_another_list_are_refused(self, ada: Person, ben: Person, admin: Person, pen: Json) -> None:
        token = [(await ada.orders((pen, 1))).token for _ in range(3)][-1]
        cursor = (await ada.gets("/orders", limit=1, headers={"Consistency-Token": token})).body["next"]
        (await ada.gets("/orders", cursor=cursor)).then(200, OrderListPage)
        (await admin.gets("/orders", cursor=cursor, user_id=str(ada.id))).then(200, OrderListPage)
        (await ada.gets("/orders", cursor=cursor, status="pending")).refused(400, "invalid_cursor")
        (await ben.gets("/orders", cursor=cursor)).refused(400, "invalid_cursor")
        (await admin.gets("/orders", cursor=cursor)).refused(400, "invalid_cursor")
        (await ada.gets("/products", cursor=cursor)).refused(400, "invalid_cursor")

    async def test_of_another_shop_are_refused(self, ada: Person) -> None:
        elsewhere = Cursors(SECRET.encode(), "other")
        cursor = elsewhere.seal("2026-01-01T00:00:00+00:00 1", f"orders {ada.id} None")
        (await ada.gets("/orders", cursor=cursor)).refused(400, "invalid_cursor")

    async def test_of_another_secret_are_refused(self, ada: Person) -> None:
        cursor = Cursors(b"x" * 32, "default").seal("A", "products")
        (await ada.gets("/products", cursor=cursor)).refused(400, "invalid_cursor")

    async def test_tell_nothing(self, ada: Person, pen: Json) -> None:
        token = [(await ada.orders((pen, 1))).token for _ in range(2)][-1]
        cursor = (await ada.gets("/orders", limit=1, headers={"Consistency-Token": token})).body["next"]
        assert not any(part in quote(cursor) for part in (str(ada.id)[:8], "2026", "pending"))


class TestPositions:
    @pytest.mark.parametrize("position", MADE_UP)
    async def test_that_were_made_up_are_refused(self, admin: Person, position: str) -> None:
        (await admin.gets("/events", after=position)).refused(400, "invalid_position")

    @pytest.mark.parametrize("path", ["/orders", "/products", "/addresses", "/events"])
    @pytest.mark.parametrize("token", ["x", "A" * 22, "42", ""])
    async def test_in_a_token_are_refused_on_every_read(self, admin: Person, path: str, token: str) -> None:
        (await admin.gets(path, headers={"Consistency-Token": token})).refused(400, "invalid_position")

    async def test_of_another_shop_are_refused(self, admin: Person) -> None:
        for secret, tenant in ((SECRET.encode(), "other"), (b"x" * 32, "default")):
            position = Positions(secret, tenant).seal(1)
            (await admin.gets("/events", after=position)).refused(400, "invalid_position")
            (await admin.gets("/orders", headers={"Consistency-Token": position})).refused(400, "invalid_position")

    async def test_that_are_no_base64_leave_no_trace(self, admin: Person, ada: Person, pen: Json) -> None:
        good = (await ada.orders((pen, 1))).token
        for nonsense in ("A" * 20 + "!!", "!" * 22, "A" * 18 + "....", "A" * 21 + "="):
            (await admin.gets("/events", after=nonsense)).refused(400, "invalid_position")
            (await admin.gets("/events", after=good)).then(200, EventPage)

    async def test_tell_nobody_how_many_events_there_are(self, ada: Person, pen: Json) -> None:
        first, second = (await ada.orders((pen, 1))).token, (await ada.orders((pen, 1))).token
        assert first != second
        head = await ada.shop.reader.head()
        assert urlsafe_b64encode(head.to_bytes(8, "big")).decode()[:8] not in second
        assert str(head) not in second
        assert first[:4] != second[:4], "neighbours do not look like neighbours"


class TestReadsThatNameAWrite:
    async def test_show_it(self, ada: Person, pen: Json) -> None:
        for _ in range(20):
            placed = await ada.orders((pen, 1))
            headers = {"Consistency-Token": placed.token}
            listed = (await ada.gets("/orders", limit=1, headers=headers)).then(200, OrderListPage)
            assert listed.body["items"][0] == placed.body

    async def test_are_taken_wherever_one_reads(self, ada: Person, pen: Json) -> None:
        placed = await ada.orders((pen, 1))
        headers = {"Consistency-Token": placed.token}
        for path in ("/products", "/addresses", f"/orders/{placed.body['id']}", f"/orders/{placed.body['id']}/events"):
            assert (await ada.gets(path, headers=headers)).status == 200
        (await ada.gets("/products", headers=headers)).then(200, ProductListPage)

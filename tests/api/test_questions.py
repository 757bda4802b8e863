"""Asking for orders and sums over HTTP: filters, times, words and orders as clients write them, and what is refused."""

from typing import Any

import pytest

from api.order_schemas import OrderListPage
from api.schemas import SalesPage
from tests.api.answer import Answer
from tests.api.person import Json, Person
from tests.api.running import Running


@pytest.fixture
async def admin(service: Running) -> Person:
    return await service.person("admin")


def ids(answer: Answer) -> list[str]:
    return [item["id"] for item in answer.body["items"]]


class TestOrders:
    async def test_are_found_by_what_one_asks_for_together(self, ada: Person, staff: Person, pen: Json) -> None:
        first, second, third = [await ada.places(pen) for _ in range(3)]
        await staff.moves(first, "confirmed")
        token = (await staff.sets(second, "cancelled")).token
        headers = {"Consistency-Token": token}

        async def asked(**query: str | int) -> list[str]:
            return ids((await ada.gets("/orders", headers=headers, query=query)).then(200, OrderListPage))

        assert await asked(status="confirmed,cancelled") == [second["id"], first["id"]]
        assert await asked(status="pending", payment_status="unpaid", sort="placed_at") == [third["id"]]
        assert await asked(fulfillment_status="unfulfilled", placed_to=third["created_at"]) == [
            second["id"],
            first["id"],
        ]
        assert await asked(placed_from=second["created_at"]) == [third["id"], second["id"]]
        elsewhere = third["created_at"].replace("Z", "+00:00")
        assert await asked(placed_from=elsewhere, q="lovelace fount*") == [third["id"]]
        assert await asked(q=first["number"].lower()) == [first["id"]]
        assert await asked(sort="-total_cents", limit=1) == [third["id"]]

    async def test_tell_how_many_stand_where(self, ada: Person, staff: Person, pen: Json) -> None:
        orders = [await ada.places(pen) for _ in range(3)]
        headers = {"Consistency-Token": (await staff.sets(orders[0], "confirmed")).token}
        page = (await ada.gets("/orders", headers=headers, facets="true", status="pending")).then(200, OrderListPage)
        assert page.body["total"] == 2
        assert page.body["facets"]["status"] == {"confirmed": 1, "pending": 2}
        assert page.body["facets"]["payment_status"] == {"unpaid": 2}
        searched = await ada.gets("/orders", headers=headers, facets="true", q="pen")
        searched.then(200, OrderListPage, total=None, facets=None)

    async def test_of_others_are_not_found_by_customers(
        self, ada: Person, ben: Person, staff: Person, pen: Json
    ) -> None:
        headers = {"Consistency-Token": (placed := await ada.orders((pen, 1))).token}
        number = placed.body["number"]
        assert ids(await ben.gets("/orders", headers=headers, q=number)) == []
        assert ids(await staff.gets("/orders", headers=headers, q=number)) == [placed.body["id"]]
        assert ids(await staff.gets("/orders", headers=headers, q=f"{ada.id}@example.com")) == [placed.body["id"]]
        assert ids(await staff.gets("/orders", headers=headers, q=number, user_id=str(ben.id))) == []

    async def test_cursors_of_a_search_are_of_that_search(self, ada: Person, ben: Person, pen: Json) -> None:
        token = [(await ada.orders((pen, 1))).token for _ in range(2)][-1]
        first = await ada.gets("/orders", headers={"Consistency-Token": token}, q="fountain", limit=1)
        cursor = first.then(200, OrderListPage).body["next"]
        (await ada.gets("/orders", q="fountain", limit=1, cursor=cursor)).then(200, OrderListPage)
        for query in ({"q": "pen"}, {}, {"q": "fountain", "sort": "placed_at"}, {"q": "fountain", "status": "pending"}):
            (await ada.gets("/orders", cursor=cursor, query=query)).refused(400, "invalid_cursor")
        (await ben.gets("/orders", q="fountain", cursor=cursor)).refused(400, "invalid_cursor")


class TestQuestionsThatAreNone:
    @pytest.mark.parametrize(
        ("pointer", "query"),
        [
            ("status", {"status": "teleported"}),
            ("status", {"status": "pending,teleported"}),
            ("status", {"status": ""}),
            ("status", {"status": "pending,"}),
            ("payment_status", {"payment_status": "owed"}),
            ("fulfillment_status", {"fulfillment_status": "lost"}),
            *(
                (name, {name: moment})
                for name in ("placed_from", "placed_to")
                for moment in ("2026-01-01T00:00:00", "2026-01-01", "0", "now", "2026-13-01T00:00:00Z", "", "9" * 5_000)
            ),
            ("placed_to", {"placed_from": "2026-01-02T00:00:00Z", "placed_to": "2026-01-01T00:00:00Z"}),
            ("placed_to", {"placed_from": "2026-01-01T00:00:00-01:00", "placed_to": "2026-01-01T00:00:00Z"}),
            *(
                ("q", {"q": text})
                for text in ("", " ", "x" * 10_000, "— …!?", "pen\x00", "*", "a*", "a b c d e f g h i")
            ),
            ("sort", {"sort": "price"}),
            ("sort", {"sort": "-updated_at"}),
            ("sort", {"sort": "total_cents", "q": "pen"}),
            ("sort", {"sort": "-total_cents", "status": "pending"}),
            ("sort", {"sort": "-total_cents", "placed_from": "2026-01-01T00:00:00Z"}),
            ("facets", {"facets": "perhaps"}),
            ("page", {"page": 41}),
            ("page", {"page": 11, "per_page": 200}),
            ("page", {"page": 2, "q": "pen"}),
            ("page", {"page": 2, "cursor": "x"}),
        ],
    )
    async def test_are_refused_where_they_are_wrong(self, admin: Person, pointer: str, query: dict[str, Any]) -> None:
        answer = (await admin.gets("/orders", query=query)).invalid()
        assert [error["pointer"] for error in answer.body["errors"]] == [f"?{pointer}"]

    async def test_of_a_range_of_millennia_are_none_of_these(self, admin: Person, pen: Json) -> None:
        ever = {"placed_from": "1900-01-01T00:00:00Z", "placed_to": "9999-12-31T23:59:59Z"}
        (await admin.gets("/orders", query=ever)).then(200, OrderListPage, total=None)
        nothing = dict.fromkeys(ever, "2026-01-01T00:00:00Z")
        (await admin.gets("/orders", query=nothing)).then(200, OrderListPage, items=[], next=None)

    async def test_of_the_last_numbered_page_are_answered(self, admin: Person) -> None:
        (await admin.gets("/orders", page=10, per_page=200)).then(200, OrderListPage, page=10)

    @pytest.mark.parametrize(
        "query",
        [
            {},
            {"by": "hour"},
            {"by": "day", "from": "yesterday"},
            {"by": "day", "from": "2026-01-01T00:00:00Z junk"},
            {"by": "day", "from": "2026-01-02", "to": "2026-01-01"},
            {"by": "product", "from": "2026-01-01"},
            {"by": "customer", "from": "2026-01-01", "to": "2026-02-02"},
            {"by": "customer", "from": "0001-01-01", "to": "9999-12-31"},
            {"by": "day", "limit": 0},
        ],
    )
    async def test_about_sales_are_refused(self, admin: Person, query: dict[str, Any]) -> None:
        (await admin.gets("/stats/sales", query=query)).invalid()

    @pytest.mark.parametrize("cursor", ["", "x", "A" * 44, "\x00", "A" * 5_000])
    async def test_about_sales_have_no_made_up_cursors(self, admin: Person, cursor: str) -> None:
        (await admin.gets("/stats/sales", by="day", cursor=cursor)).refused(400, "invalid_cursor")


class TestSales:
    async def test_show_the_write_that_a_token_names(self, ada: Person, staff: Person, service: Running) -> None:
        ink = await staff.adds_product(price_cents=1_450)
        placed = await ada.orders((ink, 2))
        headers = {"Consistency-Token": placed.token}
        bought = {"product_id": ink["id"], "orders": 1, "units": 2, "gross_cents": 2_900, "net_cents": 2_900}
        page = (await staff.gets("/stats/sales", by="product", limit=200, headers=headers)).then(200, SalesPage)
        assert [one for one in page.body["items"] if one["product_id"] == ink["id"] and bought.items() <= one.items()]
        headers = {"Consistency-Token": (await ada.cancels(placed.body)).token}
        page = (await staff.gets("/stats/sales", by="customer", limit=200, headers=headers)).then(200, SalesPage)
        (mine,) = [one for one in page.body["items"] if one["customer_id"] == str(ada.id)]
        assert (mine["orders"], mine["cancelled_cents"], mine["net_cents"]) == (1, placed.body["total_cents"], 0)
        day = placed.body["created_at"][:10]
        page = (await staff.gets("/stats/sales", by="day", query={"from": day})).then(200, SalesPage)
        assert page.body["items"][0]["day"] >= day

"""Many orders' statuses in one request."""

from uuid import uuid4

from api.order_schemas import BulkStatusAnswer
from tests.api.person import Json, Person


async def test_each_is_changed_or_refused_by_itself(ada: Person, staff: Person, pen: Json) -> None:
    fine, gone = await ada.places(pen), await ada.places(pen)
    await ada.cancels(gone)
    nobody = str(uuid4())
    body = {"order_ids": [fine["id"], gone["id"], nobody], "status": "confirmed"}
    answer = (await staff.posts("/orders/status", body)).then(207, BulkStatusAnswer, dry_run=False)
    results = answer.appended("OrderConfirmed").body["results"]
    assert [result["status"] for result in results] == [200, 409, 404]
    assert results[0]["order"]["status"] == "confirmed"
    assert results[1]["problem"]["code"] == "illegal_transition"


async def test_a_dry_run_tells_the_same_and_writes_nothing(ada: Person, staff: Person, pen: Json) -> None:
    fine, nobody = await ada.places(pen), str(uuid4())
    body = {"order_ids": [fine["id"], nobody], "status": "confirmed", "dry_run": True}
    results = (await staff.posts("/orders/status", body)).then(207, BulkStatusAnswer, dry_run=True).appended().body
    assert [result["status"] for result in results["results"]] == [200, 404]
    assert results["results"][0]["order"]["status"] == "confirmed"
    assert (await ada.gets(f"/orders/{fine['id']}")).body["status"] == "pending"


async def test_under_a_key_it_can_be_sent_again(ada: Person, staff: Person, pen: Json) -> None:
    orders = [await ada.places(pen) for _ in range(3)]
    body = {"order_ids": [order["id"] for order in orders], "status": "confirmed"}
    first = (await staff.posts("/orders/status", body, key="bulk-1")).body
    await staff.moves(orders[0], "shipped")
    again = (await staff.posts("/orders/status", body, key="bulk-1")).appended().body
    assert again == first


async def test_is_for_staff(ada: Person, pen: Json) -> None:
    order = await ada.places(pen)
    body = {"order_ids": [order["id"]], "status": "confirmed"}
    (await ada.posts("/orders/status", body)).refused(403, "forbidden")

"""The past over HTTP: one order and lists as of a moment, what changed, and who set what."""

from api.order_schemas import OrderAnswer, OrderListPage
from api.past_schemas import OrderDiff, OrderProvenance
from tests.api.person import Json, Person


async def test_the_past_can_be_read(ada: Person, staff: Person, pen: Json) -> None:
    answer = await ada.orders((pen, 2))
    order = answer.body
    await staff.sets(order, "confirmed")
    path = f"/orders/{order['id']}"
    (await ada.gets(path, as_of="1")).then(200, OrderAnswer, status="pending", version=1)
    (await ada.gets(f"{path}/diff")).then(200, OrderDiff)
    (await ada.gets(f"{path}/provenance")).then(200, OrderProvenance)
    page = (await ada.gets("/orders", as_of=answer.token)).then(200, OrderListPage).body
    assert [(item["id"], item["status"]) for item in page["items"]] == [(order["id"], "pending")]

"""Orders beyond the stock, as far as a product allows; and orders that wait too long for their payment."""

from uuid import uuid4

import pytest

from api.order_schemas import Fulfillment, OrderAnswer, PaymentMade
from api.schemas import ProductAnswer
from daybook.clock import Clock
from tests.api.person import Json, Person
from tests.api.running import Running
from tests.projections.eventually import eventually


@pytest.fixture
def clock(service: Running) -> Clock:
    return Clock(service.service)


async def backordered(person: Person, order: Json) -> int:
    told = (await person.gets(f"/orders/{order['id']}/fulfillment")).then(200, Fulfillment).body
    return int(told["units"][0]["backordered"])


async def rare(staff: Person, *, stock: int, limit: int) -> Json:
    product = await staff.adds_product(stock=stock)
    return (await staff.patches(f"/products/{product['id']}", {"backorder_limit": limit})).then(200, ProductAnswer).body


async def receives(staff: Person, product: Json, quantity: int) -> Json:
    body = {"quantity": quantity, "reason": "from the printer"}
    return (await staff.posts(f"/products/{product['id']}/stock", body)).then(200, ProductAnswer).body


class TestAnOrderBeyondTheStock:
    async def test_takes_what_is_there_and_waits_for_the_rest(self, ada: Person, staff: Person) -> None:
        order = await ada.places(await rare(staff, stock=3, limit=5), 7)
        assert await backordered(ada, order) == 4

    async def test_is_refused_beyond_the_limit(self, ada: Person, staff: Person) -> None:
        product = await rare(staff, stock=3, limit=5)
        (await ada.orders((product, 9))).refused(422, "insufficient_stock", asked=9, available=8)
        await ada.places(product, 6)
        (await ada.orders((product, 3))).refused(422, "insufficient_stock", asked=3, available=2)

    async def test_ships_what_is_there_and_no_more(self, ada: Person, staff: Person) -> None:
        order = await ada.places(await rare(staff, stock=3, limit=5), 5)
        await staff.moves(order, "confirmed")
        item = order["items"][0]["id"]
        path = f"/orders/{order['id']}/shipments"
        (await staff.posts(path, {"items": [{"item_id": item, "quantity": 4}]})).refused(
            409, "exceeds_open", item_id=item, asked=4, left=3
        )
        assert (await staff.posts(path, {"items": [{"item_id": item, "quantity": 3}]})).status == 201

    async def test_gives_back_what_it_waited_for_first(self, ada: Person, staff: Person) -> None:
        product = await rare(staff, stock=3, limit=5)
        order = await ada.places(product, 5)
        item = {"item_id": order["items"][0]["id"], "quantity": 3}
        await ada.posts(f"/orders/{order['id']}/cancellation", {"reason": "fewer", "items": [item]})
        assert await backordered(ada, order) == 0
        assert (await ada.gets(f"/products/{product['id']}")).body["available"] == 1


class TestAReceipt:
    async def test_goes_to_the_oldest_first_and_to_the_stock_last(
        self, ada: Person, ben: Person, staff: Person
    ) -> None:
        product = await rare(staff, stock=0, limit=10)
        first = await ada.places(product, 4)
        placed = await ben.orders((product, 3))
        second = placed.body
        token = {"Consistency-Token": placed.token}
        await ben.gets("/orders", headers=token)
        assert await eventually_waiting(staff, product, 2)
        assert (await receives(staff, product, 5))["available"] == 0
        assert (await backordered(ada, first), await backordered(ben, second)) == (0, 2)
        assert await eventually_waiting(staff, product, 1)
        assert (await receives(staff, product, 5))["available"] == 3
        assert await backordered(ben, second) == 0

    async def test_is_told_to_those_who_get_of_it(self, ada: Person, staff: Person) -> None:
        product = await rare(staff, stock=0, limit=10)
        order = await ada.places(product, 1)
        assert await eventually_waiting(staff, product, 1)
        await receives(staff, product, 1)
        history = (await ada.gets(f"/orders/{order['id']}/events")).body["events"]
        assert history[-1]["type"] == "daybook.order.backorder_filled.v1"

    async def test_what_others_give_back_goes_there_too(self, ada: Person, staff: Person, clock: Clock) -> None:
        product = await rare(staff, stock=2, limit=10)
        kept = await ada.places(product, 2)
        waits = await ada.places(product, 1)
        assert await eventually_waiting(staff, product, 1)
        await ada.cancels(kept)
        await clock.once("default")
        assert await backordered(ada, waits) == 0
        assert (await ada.gets(f"/products/{product['id']}")).body["available"] == 1


async def eventually_waiting(staff: Person, product: Json, orders: int) -> bool:
    """The read model knows of so many orders that wait."""
    pool = staff.shop.reader._db

    async def known() -> bool:
        waiting = await pool.fetchval(
            "SELECT count(DISTINCT order_id) FROM backorders WHERE product_id = $1::text::uuid", product["id"]
        )
        return bool(waiting == orders)

    await eventually(known)
    return True


class TestTheLimit:
    async def test_cannot_fall_below_what_is_ordered(self, ada: Person, staff: Person) -> None:
        product = await rare(staff, stock=0, limit=10)
        await ada.places(product, 4)
        (await staff.patches(f"/products/{product['id']}", {"backorder_limit": 3})).refused(
            409, "backorder_limit_in_use", product_id=product["id"], in_use=4
        )
        (await staff.patches(f"/products/{product['id']}", {"backorder_limit": 4})).then(200, ProductAnswer)
        (await ada.orders((product, 1))).refused(422, "insufficient_stock")


class TestAnOrderThatIsNotPaid:
    async def test_ends_when_its_time_is_over_and_gives_its_stock_back(
        self, service: Running, ada: Person, staff: Person, clock: Clock
    ) -> None:
        pen = await staff.adds_product(stock=5)
        service.backend.pay_within *= 0
        try:
            order = (await ada.posts("/orders", ada.order_of((pen, 2)) | {"payment_terms": "online"})).body
        finally:
            service.backend.pay_within = type(service.backend.pay_within)(minutes=30)
        later = (await ada.posts("/orders", ada.order_of((pen, 1)) | {"payment_terms": "online"})).body

        async def expired() -> bool:
            await clock.once("default")
            return bool((await ada.gets(f"/orders/{order['id']}")).body["status"] == "expired")

        await eventually(expired)
        assert (await ada.gets(f"/orders/{later['id']}")).body["status"] == "pending"
        assert (await ada.gets(f"/products/{pen['id']}")).body["available"] == 4
        history = (await ada.gets(f"/orders/{order['id']}/events")).body["events"]
        assert [event["actor"].partition(":")[0] for event in history if "expired" in event["type"]] == ["clock"]

    async def test_does_not_end_while_something_is_authorized(
        self, service: Running, ada: Person, staff: Person, clock: Clock
    ) -> None:
        pen = await staff.adds_product(stock=5)
        service.backend.pay_within *= 0
        try:
            order = (await ada.posts("/orders", ada.order_of((pen, 2)) | {"payment_terms": "online"})).body
        finally:
            service.backend.pay_within = type(service.backend.pay_within)(minutes=30)
        body = {"amount_cents": 100, "currency": "USD", "psp_reference": uuid4().hex}
        (await staff.posts(f"/orders/{order['id']}/payments", body)).then(201, PaymentMade)
        for _ in range(3):
            await clock.once("default")
        (await ada.gets(f"/orders/{order['id']}")).then(200, OrderAnswer, status="pending")


class TestAPriceOfItsOwn:
    async def test_is_given_by_staff(self, ada: Person, staff: Person, pen: Json) -> None:
        body = ada.order_of((pen, 2)) | {"shipping_cents": 500, "user_id": str(ada.id)}
        body["items"][0]["discount_cents"] = 800
        order = (await staff.posts("/orders", body)).then(201, OrderAnswer, user_id=str(ada.id)).body
        assert order["items"][0]["line_total_cents"] == 2 * 6900 - 800
        assert order["total_cents"] == 2 * 6900 - 800 + 500
        (await ada.posts("/orders", body)).refused(403, "forbidden")
        body["items"][0]["discount_cents"] = 2 * 6900 + 1
        (await staff.posts("/orders", body)).refused(
            422, "discount_exceeds_price", product_id=pen["id"], most_cents=13800
        )

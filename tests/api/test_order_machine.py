"""Whatever a customer and the staff do in whatever order: the service answers as a model of fifty lines does."""

import asyncio
from typing import Any, ClassVar
from uuid import uuid4

import httpx
import hypothesis
from hypothesis import HealthCheck
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from events.domain.statuses import NEXT_STATUSES
from tests.api.person import Json, Person
from tests.api.running import Running

EXAMPLES, STEPS = 40, 50
STOCK = (10, 30)
"""Units of each product at the beginning: few, so that it is sold out now and then."""
ALREADY: list[tuple[str, ...]] = [(), ("confirmed",), ("confirmed", "shipped", "delivered")]
"""How far an order is moved as soon as it is placed: most of what there is to do comes after."""

Asked = tuple[httpx.Response, str, str, Any, dict[str, str]]


class Line:
    """One line of the model's order."""

    def __init__(self, product: int, ordered: int) -> None:
        self.product = product
        self.ordered = self.open = ordered
        self.shipped = self.delivered = self.announced = self.returned = 0


class Order:
    """An order as the model has it."""

    def __init__(self, document: Json, lines: list[Line]) -> None:
        self.id = document["id"]
        self.item_ids = [item["id"] for item in document["items"]]
        self.lines = lines
        self.version = 1
        self.confirmed = False

    def sum(self, what: str) -> int:
        return sum(getattr(line, what) for line in self.lines)

    @property
    def status(self) -> str:
        if not self.open and not self.sum("shipped"):
            return "cancelled"
        if self.open:
            return "confirmed" if self.confirmed else "pending"
        if self.sum("delivered") < self.sum("shipped"):
            return "shipped"
        return "returned" if self.sum("returned") == self.sum("shipped") else "delivered"

    @property
    def open(self) -> int:
        return self.sum("open")

    def part(self, line: int, quantity: int) -> Json:
        return {"item_id": self.item_ids[line], "quantity": quantity}


class Orders(RuleBasedStateMachine):
    """Rules ask and say what the answer must be; what was answered under a key is asked again at any later time."""

    orders: Bundle[Order] = Bundle("orders")
    shipments: Bundle[tuple[Order, str, int, int]] = Bundle("shipments")
    returns: Bundle[tuple[Order, str, int, int]] = Bundle("returns")
    answered: Bundle[Asked] = Bundle("answered")
    client: ClassVar[httpx.Client]
    staff: ClassVar[Person]
    customer: ClassVar[Person]
    lines = st.integers(0, 1)
    quantities = st.sampled_from([1, 1, 2, 4])

    @initialize()
    def open_the_shop(self) -> None:
        self.stock = list(STOCK)
        self.products = [
            self._ask(self.staff, "POST", "/products", _product(units))[0].json()["id"] for units in self.stock
        ]

    @rule(target=orders, first=quantities, second=quantities, already=st.sampled_from(ALREADY))
    def place(self, first: int, second: int, already: tuple[str, ...]) -> Any:
        items = [{"product_id": id, "quantity": n} for id, n in zip(self.products, (first, second), strict=True)]
        body = {"items": items, "shipping_address_id": self.customer.address_id}
        response = self._ask(self.customer, "POST", "/orders", body)[0]
        for product, asked in enumerate((first, second)):
            if asked > self.stock[product]:
                problem = _refused(response, 422, "insufficient_stock")
                short = [self.products.index(problem["product_id"]), problem["asked"], problem["available"]]
                assert short in [[n, q, self.stock[n]] for n, q in enumerate((first, second)) if q > self.stock[n]]
                return multiple()
        assert response.status_code == 201, response.text
        self.stock = [self.stock[0] - first, self.stock[1] - second]
        order = Order(response.json(), [Line(0, first), Line(1, second)])
        for status in already:
            self.move(order, status)
        return order

    @rule(target=answered, order=orders, status=st.sampled_from(["confirmed", "shipped", "delivered", "cancelled"]))
    def set_status(self, order: Order, status: str) -> Any:
        return self.move(order, status)

    def move(self, order: Order, status: str) -> Any:
        asked = self._ask(self.staff, "PATCH", f"/orders/{order.id}/status", {"status": status}, keyed=True)
        partly = bool(order.sum("shipped"))
        if status == order.status:
            return self._agrees(asked, order)
        if status not in NEXT_STATUSES[order.status] or (status == "cancelled" and partly):
            _refused(asked[0], 409, "illegal_transition")
            return multiple()
        for line in order.lines:
            if status == "confirmed":
                order.confirmed = True
            elif status == "shipped":
                line.shipped, line.open = line.shipped + line.open, 0
            elif status == "delivered":
                line.delivered = line.shipped
            else:
                self.stock[line.product] += line.open
                line.open = 0
        order.version += 1
        return self._agrees(asked, order)

    @rule(target=answered, order=orders, line=lines, quantity=quantities, by_staff=st.booleans())
    def cancel_some(self, order: Order, line: int, quantity: int, by_staff: bool) -> Any:
        body = {"reason": "less", "items": [order.part(line, quantity)]}
        person = self.staff if by_staff else self.customer
        asked = self._ask(person, "POST", f"/orders/{order.id}/cancellation", body, keyed=True)
        if order.status == "cancelled":
            return self._agrees(asked, order)
        if not by_staff and order.status != "pending":
            _refused(asked[0], 409, "illegal_transition")
            return multiple()
        if quantity > order.lines[line].open:
            self._left(asked[0], quantity, order.lines[line].open)
            return multiple()
        order.lines[line].open -= quantity
        self.stock[order.lines[line].product] += quantity
        order.version += 1
        return self._agrees(asked, order)

    @rule(target=shipments, order=orders, line=lines, quantity=quantities)
    def ship(self, order: Order, line: int, quantity: int) -> Any:
        body = {"items": [order.part(line, quantity)]}
        response = self._ask(self.staff, "POST", f"/orders/{order.id}/shipments", body)[0]
        if order.status != "confirmed":
            _refused(response, 409, "illegal_transition")
            return multiple()
        if quantity > order.lines[line].open:
            self._left(response, quantity, order.lines[line].open)
            return multiple()
        order.lines[line].open -= quantity
        order.lines[line].shipped += quantity
        order.version += 1
        self._is(response.json()["order"], order)
        return order, response.json()["shipment_id"], line, quantity

    @rule(shipment=consumes(shipments))
    def deliver(self, shipment: tuple[Order, str, int, int]) -> None:
        order, shipment_id, line, quantity = shipment
        response = self._ask(self.staff, "POST", f"/orders/{order.id}/shipments/{shipment_id}/delivery", None)[0]
        assert response.status_code == 200, response.text
        # The short form may have delivered all of it before: then nothing happens.
        if order.status not in ("delivered", "returned"):
            order.lines[line].delivered += quantity
            order.version += 1
        self._is(response.json(), order)

    @rule(target=returns, order=orders, line=lines, quantity=quantities)
    def announce_return(self, order: Order, line: int, quantity: int) -> Any:
        body = {"reason": "too big", "items": [order.part(line, quantity)]}
        response = self._ask(self.customer, "POST", f"/orders/{order.id}/returns", body)[0]
        left = order.lines[line].delivered - order.lines[line].announced
        if quantity > left:
            self._left(response, quantity, left)
            return multiple()
        order.lines[line].announced += quantity
        order.version += 1
        self._is(response.json()["order"], order)
        return order, response.json()["return_id"], line, quantity

    @rule(announced=consumes(returns), restock=st.booleans())
    def receive(self, announced: tuple[Order, str, int, int], restock: bool) -> None:
        order, return_id, line, quantity = announced
        item = order.part(line, quantity) | {"disposition": "restock" if restock else "discard"}
        path = f"/orders/{order.id}/returns/{return_id}/receipt"
        response = self._ask(self.staff, "POST", path, {"items": [item]})[0]
        order.lines[line].returned += quantity
        self.stock[order.lines[line].product] += quantity if restock else 0
        order.version += 1
        self._is(response.json(), order)
        # Nothing of it is on the way back any more.
        self._left(self._ask(self.staff, "POST", path, {"items": [item]})[0], quantity, 0)

    @rule(again=answered)
    def repeat_under_the_key(self, again: Asked) -> None:
        first, method, path, body, headers = again
        response = self.client.request(method, path, json=body, headers=headers)
        assert (response.status_code, response.content) == (first.status_code, first.content)
        assert response.headers["Idempotent-Replayed"] == "true"
        assert response.headers["ETag"] == first.headers["ETag"]

    @rule(again=answered)
    def use_the_key_for_something_else(self, again: Asked) -> None:
        _, method, path, body, headers = again
        response = self.client.request(method, path, json=body | {"reason": "another"}, headers=headers)
        _refused(response, 422, "idempotency_key_reused")

    @rule(order=orders, behind=st.integers(1, 3))
    def expect_another_version(self, order: Order, behind: int) -> None:
        path, headers = f"/orders/{order.id}/cancellation", {"If-Match": f'"{order.version + behind}"'}
        response = self._ask(self.staff, "POST", path, {"reason": "late"}, headers)[0]
        assert _refused(response, 412, "version_mismatch")["current_version"] == order.version

    @rule(order=orders)
    def read(self, order: Order) -> None:
        self._is(self._ask(self.customer, "GET", f"/orders/{order.id}", None)[0].json(), order)
        units = self._ask(self.customer, "GET", f"/orders/{order.id}/fulfillment", None)[0].json()["units"]
        for told, line in zip(units, order.lines, strict=True):
            assert {name: told[name] for name in ("ordered", "open", "shipped", "delivered", "returned")} == {
                "ordered": line.ordered, "open": line.open, "shipped": line.shipped,
                "delivered": line.delivered, "returned": line.returned,
            }  # fmt: skip

    @invariant()
    def the_stock_is_right(self) -> None:
        for product_id, units in zip(getattr(self, "products", ()), getattr(self, "stock", ()), strict=True):
            assert self._ask(self.staff, "GET", f"/products/{product_id}", None)[0].json()["available"] == units

    def _ask(
        self,
        person: Person,
        method: str,
        path: str,
        body: Any,
        more: dict[str, str] | None = None,
        *,
        keyed: bool = False,
    ) -> Asked:
        headers = {"Authorization": f"Bearer {person.token}", **(more or {})}
        if keyed:
            headers["Idempotency-Key"] = uuid4().hex
        return self.client.request(method, path, json=body, headers=headers), method, path, body, headers

    def _agrees(self, asked: Asked, order: Order) -> Asked:
        assert asked[0].status_code == 200, asked[0].text
        assert asked[0].headers["ETag"] == f'"{order.version}"'
        self._is(asked[0].json(), order)
        return asked

    def _is(self, document: Json, order: Order) -> None:
        assert (document["id"], document["status"], document["version"]) == (order.id, order.status, order.version)

    def _left(self, response: httpx.Response, asked: int, left: int) -> None:
        problem = _refused(response, 409, "exceeds_open")
        assert (problem["asked"], problem["left"]) == (asked, left)


def _product(units: int) -> Json:
    return {"sku": uuid4().hex, "name": "Ink", "price_cents": 100, "stock": units}


def _refused(response: httpx.Response, status: int, code: str) -> Json:
    assert (response.status_code, response.json().get("code")) == (status, code), response.text
    return dict(response.json())


async def test_the_service_answers_as_the_model_does(service: Running, staff: Person, ada: Person) -> None:
    settings = hypothesis.settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    with httpx.Client(base_url=f"http://127.0.0.1:{service.port}", timeout=30) as client:
        Orders.client, Orders.staff, Orders.customer = client, staff, ada
        await asyncio.to_thread(run_state_machine_as_test, Orders, settings=settings)

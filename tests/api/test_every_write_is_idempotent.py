"""Every route that changes something takes an Idempotency-Key, and keeps what it promises under it.

The requests are those of the authorization matrix; here stands, for each route, another request under the same key. A
route that has none fails a test.
"""

import asyncio
import json
from typing import Any
from uuid import uuid4

import pytest

from api.app import create_app
from tests.api.answer import Answer
from tests.api.person import ADDRESS, Person
from tests.api.running import Running
from tests.api.test_authorization_matrix import NEW_ORDER, ROLES, O, Row, Scene, filled, row_of, scene

__all__ = ["scene"]

EXEMPT = {
    *("POST /auth/login", "POST /auth/refresh", "POST /auth/logout", "POST /auth/invitations/accept"),
    *("POST /auth/password", "POST /webhooks/payments/{tenant}"),
}
"""They change nothing that a repeat would change again, or have a protection of their own."""

TWO = [{"item_id": "{item_id}", "quantity": 2}]
ANOTHER: dict[str, Any] = {
    "POST /addresses": {"recipient": "Ben"} | ADDRESS,
    "POST /products": {"sku": "{new}", "name": "Pencil", "price_cents": 100},
    "PATCH /products/{product_id}": {"name": "Another nib"},
    "POST /products/{product_id}/stock": {"quantity": 2, "reason": "a reason"},
    "POST /orders": NEW_ORDER | {"items": [{"product_id": "{product_id}", "quantity": 2}]},
    "POST /accounts": {"email": "another-{new}@example.com", "name": "Cleo", "roles": ["customer"]},
    "PATCH /accounts/{account_id}": {"roles": ["staff"]},
    "POST /accounts/{account_id}/invitation": None,
    "POST /customers/{customer_id}/erasure": {"reason": "court_order"},
    f"POST {O}/payments": {"amount_cents": 101, "currency": "USD", "psp_reference": "{new}"},
    f"POST {O}/payments/{{payment_id}}/captures": {"amount_cents": 11},
    f"POST {O}/refunds": {"amount_cents": 11, "reason": "a reason"},
    f"POST {O}/holds": {"reason": "other", "gate": "confirm"},
    f"DELETE {O}/holds/{{hold_id}}": None,
    f"POST {O}/notes": {"text": "ring three times"},
    f"PATCH {O}/shipping_address": {"shipping_address_id": "{address_id}"},
    f"PATCH {O}/status": {"status": "cancelled"},
    f"POST {O}/cancellation": {"reason": "another reason"},
    f"POST {O}/shipments": {"items": TWO},
    # It has no body: another shipment is another request.
    f"POST {O}/shipments/{{shipment_id}}/delivery": None,
    f"POST {O}/returns": {"reason": "a reason", "items": TWO},
    f"POST {O}/returns/{{return_id}}/receipt": {
        "items": [{"item_id": "{item_id}", "quantity": 1, "disposition": "restock"}]
    },
}
"""Route → the body of another request to it."""

OF_EACH_ITS_OWN = {"POST /orders/batch", "POST /orders/status"}
"""A batch answers each of its orders under a key of its own: a reused one is told in its place (test_batch.py)."""

DOCUMENT = create_app(None)._app.openapi()  # type: ignore[arg-type]
WRITES = {
    f"{method.upper()} {path}": operation
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
    if method != "get"
}


@pytest.fixture
async def other_names(scene: Scene, route: str) -> dict[str, str]:
    """What the route is about, a second time."""
    return await scene.names(row_of(route))


async def ask(scene: Scene, person: Person, row: Row, body: Any, names: dict[str, str], key: str) -> Answer:
    method, path = filled(row.route, names).split(" ")
    return await person.asks(method, path, json.loads(filled(json.dumps(body), names)), key=key)


@pytest.fixture
async def person(service: Running, scene: Scene, route: str) -> Person:
    """Ada, with a role that may do it."""
    allowed = row_of(route).own.split()
    role = next(role for role, status in zip(ROLES, allowed, strict=True) if status < "300")
    return await service.person(role, account_id=scene.ada.id)


@pytest.mark.parametrize("route", sorted(WRITES.keys() - EXEMPT))
class TestEveryWrite:
    async def test_documents_the_key(self, route: str) -> None:
        headers = {one["name"] for one in WRITES[route]["parameters"] if one["in"] == "header"}
        assert "Idempotency-Key" in headers

    async def test_acts_once_under_a_key(self, scene: Scene, person: Person, route: str) -> None:
        row, key = row_of(route), uuid4().hex
        names = await scene.names(row) | {"new": uuid4().hex}
        first = await ask(scene, person, row, row.body, names, key)
        assert first.status < 300, first.response.text
        assert not first.replayed
        assert first.news
        again = await ask(scene, person, row, row.body, names, key)
        assert again.replayed
        assert (again.status, again.response.content) == (first.status, first.response.content)
        for header in ("ETag", "Consistency-Token", "Location", "Content-Type"):
            assert again.response.headers.get(header) == first.response.headers.get(header)
        again.appended()

    async def test_acts_once_for_many_at_once(self, scene: Scene, person: Person, route: str) -> None:
        row, key = row_of(route), uuid4().hex
        names = await scene.names(row) | {"new": uuid4().hex}
        before = await person.shop.reader.head()
        answers = await asyncio.gather(*(ask(scene, person, row, row.body, names, key) for _ in range(8)))
        assert {(one.status < 300, one.response.content) for one in answers} == {(True, answers[0].response.content)}
        assert sorted(one.replayed for one in answers) == [False] + [True] * 7
        events = await person.shop.reader.after(before, 100)
        assert len({event.meta()["command_id"] for event in events}) == 1

    async def test_refuses_another_request_under_its_key(
        self, scene: Scene, person: Person, route: str, other_names: dict[str, str]
    ) -> None:
        if route in OF_EACH_ITS_OWN:
            return
        row, key = row_of(route), uuid4().hex
        names = await scene.names(row) | {"new": uuid4().hex}
        assert (await ask(scene, person, row, row.body, names, key)).status < 300
        body = ANOTHER[route]
        about = names if body is not None else other_names
        (await ask(scene, person, row, body, about, key)).refused(422, "idempotency_key_reused")


def test_every_write_has_another_request() -> None:
    assert ANOTHER.keys() | OF_EACH_ITS_OWN == WRITES.keys() - EXEMPT

"""Whatever is asked, in the words of the OpenAPI document or against them, is answered as the document says.

Each operation is asked by every role for what there is and for what there is not, with requests that fit its schema and
requests that do not. No answer is a 5xx; each has a status, a content type and a shape that the document names. The
requests are the same in every run.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Mapping
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import create_app
from daybook.accounts import SQL
from tests.api.person import Json, Person
from tests.api.running import Running

EXAMPLES = 100
ROLES = ("customer", "staff", "auditor", "admin")
MOSTLY_THERE = 5
"""Of so many requests one asks for what is not there."""

CHECKS: list[CheckFunction] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

DOCUMENT = create_app(None)._app.openapi()  # type: ignore[arg-type]
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS = [
    (path, method.upper())
    for path, item in DOCUMENT["paths"].items()
    for method in item
    # Passwords, sessions and signatures have tests of their own: what nobody can guess is refused every time.
    if path == "/auth/me" or not path.startswith(("/auth", "/webhooks"))
]


class World:
    """What there is to ask for: orders in every state with all that belongs to them, and people with every role."""

    def __init__(self, port: int, tokens: Mapping[str, str], orders: list[Json], names: dict[str, list[Any]]) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.tokens = tokens
        self.orders = orders
        self.names = names

    def put_into(self, case: Case[Any], chance: random.Random) -> None:
        """Have a request ask for what there is, in its path, its headers and its body."""
        unknown = case.path_parameters.keys() - self.names.keys()
        assert not unknown, f"the world has no {unknown} yet: let the fixture make some"
        named = case.path_parameters.keys()
        order = chance.choice([one for one in self.orders if named & _MADE <= one.keys()])
        for name in named:
            if chance.randrange(MOSTLY_THERE):
                case.path_parameters[name] = order.get(name) or chance.choice(self.names[name])
        _replace(case.body, {**self.names, "item_id": [order["item_id"]], "quantity": [1, 2]}, chance)
        for name in _MOMENTS:
            if name in (case.query or {}) and chance.randrange(MOSTLY_THERE):
                case.query[name] = chance.choice(("1", "2", order["Consistency-Token"], "2100-01-01T00:00:00+00:00"))
        for header in ("Consistency-Token", "If-Match"):
            if header in case.headers and chance.randrange(MOSTLY_THERE):
                case.headers[header] = order[header]
                if header == "If-Match" and "order_id" not in named:
                    # Its version is an order's.
                    del case.headers[header]


_MOMENTS = ("as_of", "as_of_recorded", "from", "to")
_MADE = {"shipment_id", "return_id"}
"""What only some orders have."""


def _replace(body: Any, names: Mapping[str, list[Any]], chance: random.Random) -> None:
    if isinstance(body, dict):
        for name, value in body.items():
            if name in names and chance.randrange(MOSTLY_THERE):
                body[name] = chance.choice(names[name])
            _replace(value, names, chance)
    elif isinstance(body, list):
        # Of what there is little, a list names the same soon twice.
        if chance.randrange(MOSTLY_THERE):
            del body[1:]
        for one in body:
            _replace(one, names, chance)


@pytest.fixture
async def world(service: Running, staff: Person, pen: Json) -> World:
    ada = await service.customer("Ada Lovelace")
    await service.pool.execute(SQL.add_account, "default", ada.id, f"{ada.id}@example.com", "", [], "")
    people = {role: await service.person(role, account_id=ada.id) for role in ROLES}
    orders = []
    for statuses in ((), ("confirmed",), ("confirmed", "shipped"), ("confirmed", "shipped", "delivered")):
        order = await staff.moves(await ada.places(pen, 90), *statuses)
        path, parts = f"/orders/{order['id']}", [{"item_id": order["items"][0]["id"], "quantity": 3}]
        made = {"order_id": order["id"], "item_id": parts[0]["item_id"], "If-Match": f'"{order["version"]}"'}
        if statuses == ("confirmed",):
            made["shipment_id"] = (await staff.posts(f"{path}/shipments", {"items": parts})).body["shipment_id"]
        if "delivered" in statuses:
            announced = await ada.posts(f"{path}/returns", {"items": parts, "reason": "too big"})
            made["return_id"] = announced.body["return_id"]
        paid = {"amount_cents": 1000, "currency": "USD", "psp_reference": f"psp {order['id']}".replace(" ", "-")}
        made["payment_id"] = (await staff.posts(f"{path}/payments", paid)).body["payment_id"]
        hold = {"reason": "other", "gate": "confirm"}
        made["hold_id"] = (await staff.posts(f"{path}/holds", hold)).body["hold_id"]
        made["Consistency-Token"] = (await ada.cancels(order)).response.headers.get("Consistency-Token", "")
        orders.append(made)
    names = {
        name: [order[name] for order in orders if name in order]
        for name in ("order_id", "shipment_id", "return_id", "payment_id", "hold_id")
    }
    names |= {"product_id": [pen["id"]], "shipping_address_id": [ada.address_id], "user_id": [str(ada.id)]}
    names |= {
        "currency": ["USD"],
        "email": [f"{n}-of-{ada.id}@example.com" for n in range(50)],
        "roles": [["customer"]],
    }
    invited = {"email": f"guest-of-{ada.id}@example.com", "name": "Cleo", "roles": ["auditor"]}
    names |= {"level": [0, 0, 1], "tile_path": ["000.p/1", "000.p/7", "x001/000"]}
    names["account_id"] = [(await people["admin"].posts("/accounts", invited)).body["id"]]
    names["customer_id"] = [str((await service.customer()).id) for _ in range(3)]
    return World(service.port, {role: person.token for role, person in people.items()}, orders, names)


# The service, in another thread, uses the module.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
async def test_every_answer_is_one_that_the_document_names(world: World, path: str, method: str) -> None:
    operation = SCHEMA[path][method]
    documented = DOCUMENT["paths"][path][method.lower()]["responses"]
    favoured = "customer" if method == "POST" and path.startswith("/orders") and "{" not in path else "admin"
    seen: Counter[int] = Counter()
    modes = [GenerationMode.POSITIVE, *([GenerationMode.NEGATIVE] if _has_input(operation.definition.raw) else [])]
    cases = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in modes))

    @hypothesis.seed(1)
    @hypothesis.settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases, chance=st.randoms(use_true_random=False))
    def ask(case: Case[Any], chance: random.Random) -> None:
        world.put_into(case, chance)
        token = world.tokens[chance.choice((*ROLES, *[favoured] * len(ROLES)))]
        case.headers["Authorization"] = f"Bearer {token}"
        response = case.call(base_url=world.url, timeout=30)
        case.validate_response(response, checks=CHECKS)
        assert response.status_code >= 400 or str(response.status_code) in documented, response.status_code
        seen[response.status_code] += 1

    await asyncio.to_thread(ask)
    assert seen.keys() & {200, 201, 202, 207, 409}, f"nothing came as far as a decision: {seen}"


def _has_input(operation: Mapping[str, Any]) -> bool:
    return bool(operation.get("parameters") or "requestBody" in operation)

"""Who may do what: every route × role × whose it is. A route that is not in the table fails a test.

A cell is the status that each role gets, in the order of ROLES. `own`: what one asks for is one's own or the shop's.
`others`: it is another person's of the same shop. `elsewhere`: it is another shop's, or there is none: these two must
look alike. What one's role may not do is 403 whatever it is asked for; what one may not see is 404.
"""

import json
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from fastapi.routing import APIRoute
from starlette.routing import WebSocketRoute
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from api.app import create_app
from daybook.accounts import SQL
from tests.api.person import ADDRESS, Person
from tests.api.running import Running
from tests.api.test_payments import said, tells

ROLES = ("none", "customer", "staff", "auditor", "admin")

PUBLIC = {
    *("POST /auth/login", "POST /auth/refresh", "POST /auth/logout", "POST /auth/invitations/accept"),
    *("POST /webhooks/payments/{tenant}", "GET /livez", "GET /readyz", "GET /metrics"),
}
"""Routes that ask for no access token. Some ask for another proof: a cookie, an invitation, a signature."""

OTHER_PROOF = {"POST /auth/refresh", "POST /webhooks/payments/{tenant}"}

NOBODY = "401 404 404 404 404"
STAFF_FIND_NONE = "401 403 404 403 404"


@dataclass(frozen=True)
class Row:
    """One route, or one way to ask for it. `{names}` in query and body are filled in by `Scene`.

    `at`: where the order stands beforehand, as a status; or "announced" for one with a return under way, "authorized"
    and "captured" for one that is paid, "held" for one that waits.
    """

    route: str
    own: str
    others: str | None = None
    elsewhere: str | None = None
    query: str = ""
    body: Any = None
    at: str = "pending"


ITEMS = [{"item_id": "{item_id}", "quantity": 1}]
RECEIVED = [{"item_id": "{item_id}", "quantity": 1, "disposition": "discard"}]
NEW_ORDER = {"items": [{"product_id": "{product_id}", "quantity": 1}], "shipping_address_id": "{address_id}"}
NEW_PRODUCT = {"sku": "{new}", "name": "Ink", "price_cents": 100}
WHY = {"reason": "a reason"}
O = "/orders/{order_id}"  # noqa: E741

# fmt: off
TABLE = [
    #                                               none cust stff audt admn
    # The token of a session is asked for, and these are of none.
    Row("POST /auth/password",                 own="401 403 403 403 403",
        body={"current": "no, another one", "new": "a longer one, too"}),
    Row("POST /accounts",                      own="401 403 403 403 201",
        body={"email": "{new}@example.com", "name": "Cleo", "roles": ["customer"]}),
    Row("GET /accounts",                       own="401 403 403 403 200"),
    Row("GET /accounts/{account_id}",          own="401 403 403 403 200", elsewhere="401 403 403 403 404"),
    Row("PATCH /accounts/{account_id}",        own="401 403 403 403 200", elsewhere="401 403 403 403 404",
        body={"roles": ["customer", "auditor"]}),
    Row("POST /accounts/{account_id}/invitation", own="401 403 403 403 202", elsewhere="401 403 403 403 404"),
    Row("POST /customers/{customer_id}/erasure", own="401 403 403 403 200", elsewhere="401 403 403 403 404",
        body={"reason": "customer_request"}),
    Row("GET /auth/me",                        own="401 200 200 200 200"),
    Row("GET /events",                         own="401 403 403 200 200"),
    Row("GET /audit/checkpoint",               own="401 403 403 200 200"),
    Row("GET /audit/key",                      own="401 403 403 200 200"),
    Row("GET /audit/tile/{level}/{tile_path}", own="401 403 403 200 200"),
    Row("GET /audit/tile/entries/{tile_path}", own="401 403 403 200 200"),
    Row("GET /audit/proofs/inclusion",         own="401 403 403 200 200", query="?index=0"),
    Row("GET /audit/proofs/consistency",       own="401 403 403 200 200", query="?from=1"),

    Row("GET /stats/sales",                    own="401 403 200 200 200", query="?by=day"),
    Row("GET /events",                         own="401 403 403 200 200", query="?personal=true&reason=an+audit"),
    Row("GET /audit/reads",                    own="401 403 403 200 200"),

    Row("GET /addresses",                      own="401 200 200 200 200"),
    Row("POST /addresses",                     own="401 201 201 403 201", body={"recipient": "Ada"} | ADDRESS),

    Row("GET /products",                       own="401 200 200 200 200"),
    Row("POST /products",                      own="401 403 201 403 201", body=NEW_PRODUCT),
    Row("GET /products/{product_id}",          own="401 200 200 200 200", elsewhere=NOBODY),
    Row("PATCH /products/{product_id}",        own="401 403 200 403 200", elsewhere=STAFF_FIND_NONE,
        body={"name": "Nib {new}"}),
    Row("POST /products/{product_id}/stock",   own="401 403 200 403 200", elsewhere=STAFF_FIND_NONE,
        body=WHY | {"quantity": 1}),

    Row("GET /orders",                         own="401 200 200 200 200"),
    Row("GET /orders",                         own="401 200 200 200 200", others="401 403 200 200 200",
        query="?user_id={user_id}"),
    Row("POST /orders",                        own="401 201 201 403 201", others="401 422 422 403 422",
        elsewhere="401 422 422 403 422", body=NEW_ORDER),
    Row("POST /orders",                        own="401 403 201 403 201", others="401 403 201 403 201",
        elsewhere="401 403 422 403 422", body=NEW_ORDER | {"user_id": "{user_id}"}),
    Row("POST /orders/batch",                  own="401 207 207 403 207", body={"orders": [NEW_ORDER]}),
    Row("POST /orders/status",                 own="401 403 207 403 207", others="401 403 207 403 207",
        body={"order_ids": ["{order_id}"], "status": "confirmed"}),
    Row(f"GET {O}",                            own="401 200 200 200 200", others="401 404 200 200 200",
        elsewhere=NOBODY),
    Row(f"GET {O}/events",                     own="401 200 200 200 200", others="401 404 200 200 200",
        elsewhere=NOBODY),
    Row(f"GET /audit{O}/receipt",               own="401 200 200 200 200", others="401 404 200 200 200",
        elsewhere=NOBODY),
    Row(f"GET {O}/fulfillment",                own="401 200 200 200 200", others="401 404 200 200 200",
        elsewhere=NOBODY),
    Row(f"GET {O}/payments",                   own="401 200 200 200 200", others="401 404 200 200 200",
        elsewhere=NOBODY),
    Row(f"GET {O}",                            own="401 200 200 200 200", others="401 404 200 200 200",
        elsewhere=NOBODY, query="?as_of=1"),
    Row(f"GET {O}/diff",                       own="401 200 200 200 200", others="401 404 200 200 200",
        elsewhere=NOBODY),
    Row(f"GET {O}/provenance",                 own="401 200 200 200 200", others="401 404 200 200 200",
        elsewhere=NOBODY),
    Row("GET /orders",                         own="401 200 200 200 200", others="401 403 200 200 200",
        query="?user_id={user_id}&as_of_recorded=2100-01-01T00:00:00Z"),
    Row(f"POST {O}/payments",                  own="401 403 201 403 201", others="401 403 201 403 201",
        elsewhere=STAFF_FIND_NONE, body={"amount_cents": 100, "currency": "USD", "psp_reference": "{new}"}),
    Row(f"POST {O}/payments/{{payment_id}}/captures", own="401 403 202 403 202", others="401 403 202 403 202",
        elsewhere=STAFF_FIND_NONE, body={"amount_cents": 10}, at="authorized"),
    Row(f"POST {O}/refunds",                   own="401 403 202 403 202", others="401 403 202 403 202",
        elsewhere=STAFF_FIND_NONE, body=WHY | {"amount_cents": 10}, at="captured"),
    Row(f"POST {O}/holds",                     own="401 403 201 403 201", others="401 403 201 403 201",
        elsewhere=STAFF_FIND_NONE, body={"reason": "other", "gate": "ship"}),
    Row(f"DELETE {O}/holds/{{hold_id}}",       own="401 403 200 403 200", others="401 403 200 403 200",
        elsewhere=STAFF_FIND_NONE, at="held"),
    Row(f"POST {O}/notes",                     own="401 201 201 201 201", others="401 404 201 403 201",
        elsewhere=NOBODY, body={"text": "ring twice"}),
    Row(f"PATCH {O}/shipping_address",         own="401 200 200 200 200", others="401 404 200 403 200",
        elsewhere=NOBODY, body={"shipping_address_id": "{other_address_id}"}),
    Row(f"PATCH {O}/status",                   own="401 403 200 403 200", others="401 403 200 403 200",
        elsewhere=STAFF_FIND_NONE, body={"status": "confirmed"}),
    Row(f"POST {O}/cancellation",              own="401 200 200 200 200", others="401 404 200 403 200",
        elsewhere=NOBODY, body=WHY),
    Row(f"POST {O}/shipments",                 own="401 403 201 403 201", others="401 403 201 403 201",
        elsewhere=STAFF_FIND_NONE, body={"items": ITEMS}, at="confirmed"),
    Row(f"POST {O}/shipments/{{shipment_id}}/delivery", own="401 403 200 403 200", others="401 403 200 403 200",
        elsewhere=STAFF_FIND_NONE, at="shipped"),
    Row(f"POST {O}/returns",                   own="401 201 201 201 201", others="401 404 201 403 201",
        elsewhere=NOBODY, body=WHY | {"items": ITEMS}, at="delivered"),
    Row(f"POST {O}/returns/{{return_id}}/receipt", own="401 403 200 403 200", others="401 403 200 403 200",
        elsewhere=STAFF_FIND_NONE, body={"items": RECEIVED}, at="announced"),

    Row("WS /ws/orders",                       own="401 101 101 101 101"),
    Row("WS /ws/orders",                       own="401 101 101 101 101", others="401 404 101 101 101",
        query="?user_id={user_id}"),
    Row("WS /ws/orders",                       own="401 101 101 101 101", others="401 404 101 101 101",
        elsewhere=NOBODY, query="?order_id={order_id}"),
]
# fmt: on


class Scene:
    """Ada and her shop; what she has, made when a row asks for it, and made again when a request has changed it."""

    def __init__(
        self, service: Running, staff: Person, ada: Person, product: Mapping[str, Any], other_address_id: str
    ) -> None:
        self.other_address_id = other_address_id
        self.service = service
        self.staff = staff
        self.ada = ada
        self.product = product

    async def names(self, row: Row) -> dict[str, str]:
        """What stands for the names in a row, when all of it is Ada's."""
        names = {
            "user_id": str(self.ada.id),
            "product_id": self.product["id"],
            "address_id": self.ada.address_id,
            "other_address_id": self.other_address_id,
            "level": "0",
            "tile_path": "000.p/1",
        }
        if "account_id" in row.route:
            invited = {"email": f"{uuid4().hex}@example.com", "name": "Cleo", "roles": ["customer"]}
            admin = await self.service.person("admin")
            names["account_id"] = (await admin.posts("/accounts", invited)).body["id"]
        if "customer_id" in row.route:
            names["customer_id"] = str((await self.service.customer("Cleo")).id)
        if "{order_id}" in row.route + row.query + json.dumps(row.body):
            order = await self.ada.places(dict(self.product), 2)
            path = f"/orders/{order['id']}"
            names |= {"order_id": order["id"], "item_id": order["items"][0]["id"]}
            at = "delivered" if row.at == "announced" else row.at if row.at in _STEPS else "pending"
            for status in ("confirmed", "shipped", "delivered")[: _STEPS[at]]:
                await self.staff.moves(order, status)
            if _STEPS[at] >= _STEPS["shipped"]:
                fulfillment = (await self.staff.gets(f"{path}/fulfillment")).body
                names["shipment_id"] = fulfillment["shipments"][0]["id"]
            if row.at in ("authorized", "captured"):
                reference = uuid4().hex
                paid = {"amount_cents": 1000, "currency": "USD", "psp_reference": reference}
                names["payment_id"] = (await self.staff.posts(f"{path}/payments", paid)).body["payment_id"]
                if row.at == "captured":
                    await tells(self.service, said("captured", order, reference, 1000))
            if row.at == "held":
                hold = {"reason": "other", "gate": "ship"}
                names["hold_id"] = (await self.staff.posts(f"{path}/holds", hold)).body["hold_id"]
            if row.at == "announced":
                items = [{"item_id": names["item_id"], "quantity": 1}]
                announced = await self.staff.posts(f"{path}/returns", {"reason": "too big", "items": items})
                names["return_id"] = announced.body["return_id"]
        return names

    def nothing(self, names: Mapping[str, str]) -> dict[str, str]:
        """Names of the same form for which there is nothing."""
        return {name: str(uuid4()) for name in names}

    async def token(self, role: str, whose: str) -> str | None:
        """A token of somebody with this role: of Ada's account, of another's, or of hers in another shop."""
        if role == "none":
            return None
        tenant = "other" if whose == "another shop's" else "default"
        account_id = uuid4() if whose == "others" else self.ada.id
        return (await self.service.person(role, tenant=tenant, account_id=account_id)).token

    async def asks(self, row: Row, names: dict[str, str], token: str | None) -> int:
        """The status that the row's request gets."""
        method, path = filled(row.route + row.query, names).split(" ")
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        if method == "WS":
            return await self._connects(path, headers)
        body = json.loads(filled(json.dumps(row.body), names | {"new": uuid4().hex}))
        response = await self.service.client.request(method, path, json=body, headers=headers)
        return response.status_code

    async def _connects(self, path: str, headers: Mapping[str, str]) -> int:
        try:
            async with connect(f"ws://127.0.0.1:{self.service.port}{path}", additional_headers=headers) as socket:
                if not headers:
                    await socket.send('{"type": "auth", "token": "none"}')
                await socket.recv()
                return 101
        except InvalidStatus as refused:
            return refused.response.status_code
        except ConnectionClosed as closed:
            return 0 if closed.rcvd is None else closed.rcvd.code - 4000


_STEPS = {"pending": 0, "confirmed": 1, "shipped": 2, "delivered": 3}


def row_of(route: str) -> Row:
    """The route's first row."""
    return next(row for row in TABLE if row.route == route)


def filled(text: str, names: Mapping[str, str]) -> str:
    """The text with what stands for the names in it."""
    for name, value in names.items():
        text = text.replace("{" + name + "}", value)
    return text


@pytest.fixture(scope="module")
async def scene(service: Running, staff: Person, pen: dict[str, Any]) -> Scene:
    ada = await service.customer("Ada Lovelace")
    # Who has her account's id in a token has an account, too.
    await service.pool.execute(SQL.add_account, "default", ada.id, f"{ada.id}@example.com", "", [], "")
    home, other = ada.address_id, (await ada.adds_address(city="Paris", country="FR"))["id"]
    ada.address_id = home
    return Scene(service, staff, ada, pen, other)


CELLS = [
    pytest.param(row, whose, expected, id=f"{row.route}{row.query} {whose}")
    for row in TABLE
    for whose, expected in (
        *(("own", row.own), ("others", row.others)),
        *(("another shop's", row.elsewhere), ("nobody's", row.elsewhere)),
    )
    if expected is not None
]


@pytest.mark.parametrize(("row", "whose", "expected"), CELLS)
async def test_the_table_holds(scene: Scene, row: Row, whose: str, expected: str) -> None:
    got = list[str]()
    names = await scene.names(row)
    asked = scene.nothing(names) if whose == "nobody's" else names
    for role in ROLES:
        status = await scene.asks(row, asked, await scene.token(role, whose))
        got.append(str(status))
        if status < 300 and not row.route.startswith(("GET", "WS")):
            asked = await scene.names(row)
    assert " ".join(got) == expected


def test_every_route_is_in_the_table() -> None:
    app = create_app(nullcontext)._app  # type: ignore[arg-type]
    served = {
        f"{method} {route.path_format}"
        for route in app.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    } | {f"WS {route.path}" for route in app.routes if isinstance(route, WebSocketRoute)}
    assert {row.route for row in TABLE} | PUBLIC == served


@pytest.mark.parametrize("route", sorted(PUBLIC))
async def test_what_is_public_asks_for_no_token(service: Running, route: str) -> None:
    method, path = route.split(" ")
    answer = await service.client.request(method, path, json={} if method == "POST" else None)
    assert "WWW-Authenticate" not in answer.headers or route in OTHER_PROOF

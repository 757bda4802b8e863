"""Deny by default: every route and stream declares whom it lets in, and what declares nothing lets nobody in."""

from contextlib import nullcontext
from uuid import uuid4

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request, Response
from starlette.routing import Route

from api.app import create_app
from api.documentation import answers, documented
from api.permission import AUTHENTICATED, PUBLIC
from api.route import DirectRoute, StreamRoute
from events.caller import PERMISSIONS
from tests.api.answer import Answer
from tests.api.running import Running

ROLES = (*PERMISSIONS, "king")


def application(service: Running) -> FastAPI:
    return create_app(lambda: nullcontext(service.backend))._app


async def test_every_route_and_stream_declares_one(service: Running) -> None:
    others = {"/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc"}
    for route in application(service).routes:
        if isinstance(route, DirectRoute | StreamRoute):
            assert route.permission in {PUBLIC, AUTHENTICATED}.union(*PERMISSIONS.values()), route.path
        else:
            assert isinstance(route, Route)
            assert route.path in others


async def test_the_document_tells_it(service: Running) -> None:
    document = (await service.client.get("/openapi.json")).json()
    for path, item in document["paths"].items():
        for operation in item.values():
            assert operation["x-permission"], path
            assert (operation["x-permission"] == PUBLIC) == (not operation.get("security")), path


async def test_a_route_asks_for_what_it_declares_before_anything_else(service: Running) -> None:
    for route in application(service).routes:
        if not isinstance(route, DirectRoute) or route.permission == PUBLIC:
            continue
        path = route.path_format.replace("{level}", "0").replace("{tile_path}", "000")
        for name in ("order_id", "shipment_id", "return_id", "product_id", "account_id", "customer_id"):
            path = path.replace(f"{{{name}}}", str(uuid4()))
        method = next(iter(route.methods or ()))
        Answer(await service.client.request(method, path)).refused(401, "unauthenticated")
        for role in ROLES:
            if route.permission == AUTHENTICATED or route.permission in PERMISSIONS.get(role, frozenset()):
                continue
            (await (await service.person(role)).asks(method, path)).refused(403, "forbidden")


async def test_a_route_that_declares_none_cannot_be_reached(service: Running) -> None:
    router = APIRouter(route_class=DirectRoute)

    @router.get("/secret")
    async def secret(_request: Request) -> Response:
        return Response(b"secret")

    with pytest.raises(AssertionError, match="declare"):
        create_app(lambda: nullcontext(service.backend), more=router.routes)
    gate = create_app(lambda: nullcontext(service.backend))
    app = gate._app
    app.router.routes += router.routes
    scope_headers = {"Authorization": f"Bearer {service.tokens.issue(uuid4(), 'default', list(PERMISSIONS))}"}

    app.state.backend = service.backend
    async with httpx.AsyncClient(transport=httpx.ASGITransport(gate), base_url="http://test") as client:
        response = await client.get("/secret", headers=scope_headers)
    assert (response.status_code, response.json()["code"]) == (403, "forbidden")


def test_a_permission_that_no_role_has_cannot_be_declared() -> None:
    with pytest.raises(ValueError, match="no role"):
        documented("A slip of the pen", permission="orders:mange", answers=answers(200, None))

"""The simulator's door.

    POST /v1/payments                      {amount, currency, order_id, tenant} → 201; as a checkout would, with no key
    POST /v1/payments/{ref}/captures       {id, amount, currency} → 202, and what comes of it by webhook
    POST /v1/payments/{ref}/refunds        the same
    POST /v1/payments/{ref}/voids          {id} → 202
    GET  /v1/payments[?order_id=], /v1/payments/{ref}
    GET, PUT /control                      see daybook.simulator.control
    GET  /webhooks                         what became of each

All but the first want `Authorization: Bearer <key>`. A refusal is `{code, message}`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from hmac import compare_digest
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from daybook.simulator.book import SQL, Book
from daybook.simulator.control import Chance, Control
from daybook.simulator.payments import Action, Move, NewPayment, Payments, Refused, Void
from daybook.simulator.webhooks import Webhooks

Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]
Model = TypeVar("Model", bound=BaseModel)

_UNAVAILABLE = Refused(503, "unavailable", "Try again later.")


def create_simulator(book: Book, key: str, webhook_url: str, webhook_secret: str, control: Control) -> Starlette:
    """The simulator as an application. `webhook_url`: with `{tenant}` in it."""
    webhooks = Webhooks(book, webhook_url, webhook_secret, Chance(control))
    payments = Payments(book, webhooks.tell)

    async def authorize(request: Request) -> Response:
        return JSONResponse(payments.authorize(await _read(NewPayment, request), webhooks.chance), 201)

    async def list_payments(request: Request) -> Response:
        return JSONResponse({"items": payments.list(request.query_params.get("order_id"))})

    async def payments_of_all(request: Request) -> Response:
        if request.method == "POST":
            return await authorize(request)
        return await keyed(list_payments)(request)

    async def read_payment(request: Request) -> Response:
        return JSONResponse(payments.read(request.path_params["psp_reference"]))

    def asking(action: Action, model: type[Move] | type[Void]) -> Endpoint:
        async def ask(request: Request) -> Response:
            chance = webhooks.chance
            asked = await _read(model, request)
            failure = chance.failure()
            if failure == "before":
                raise _UNAVAILABLE
            under = request.headers.get("Idempotency-Key") or asked.id
            status, content = payments.ask(request.path_params["psp_reference"], action, under, asked, chance)
            await asyncio.sleep(chance.control.answer_delay_seconds)
            if failure == "after":
                raise _UNAVAILABLE
            return JSONResponse(content, status)

        return keyed(ask)

    async def controlled(request: Request) -> Response:
        if request.method == "PUT":
            webhooks.chance = Chance(await _read(Control, request))
            webhooks.tell()
        return Response(webhooks.chance.control.model_dump_json(), media_type="application/json")

    async def list_webhooks(_: Request) -> Response:
        return JSONResponse({"items": book.rows(SQL.list_webhooks)})

    def keyed(endpoint: Endpoint) -> Endpoint:
        expected = f"Bearer {key}".encode()

        async def guarded(request: Request) -> Response:
            if not compare_digest(request.headers.get("Authorization", "").encode(), expected):
                raise Refused(401, "unauthorized", "This needs a key.")
            return await endpoint(request)

        return guarded

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        sending = asyncio.create_task(webhooks.run())
        yield
        sending.cancel()
        await asyncio.wait((sending,))
        book.close()

    one = "/v1/payments/{psp_reference}"
    return Starlette(
        routes=[
            Route("/v1/payments", payments_of_all, methods=["GET", "POST"]),
            Route(one, keyed(read_payment)),
            Route(f"{one}/captures", asking("captures", Move), methods=["POST"]),
            Route(f"{one}/refunds", asking("refunds", Move), methods=["POST"]),
            Route(f"{one}/voids", asking("voids", Void), methods=["POST"]),
            Route("/control", keyed(controlled), methods=["GET", "PUT"]),
            Route("/webhooks", keyed(list_webhooks)),
        ],
        exception_handlers={Refused: _refused, HTTPException: _not_here},
        lifespan=lifespan,
    )


async def _read(model: type[Model], request: Request) -> Model:
    try:
        return model.model_validate_json(await request.body())
    except ValidationError as error:
        places = ", ".join(sorted({".".join(map(str, each["loc"])) or "body" for each in error.errors()}))
        raise Refused(422, "invalid_request", f"These make no sense: {places}.") from None


async def _refused(_: Request, error: Exception) -> Response:
    if not isinstance(error, Refused):
        raise error
    return JSONResponse({"code": error.code, "message": str(error)}, error.status)


async def _not_here(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return JSONResponse({"code": "not_found" if status == 404 else "not_allowed", "message": "Not here."}, status)

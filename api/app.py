"""The application: all routes, behind the gate."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.routing import BaseRoute

from api import (
    accounts,
    addresses,
    auditing,
    batch,
    bulk_status,
    customers,
    fulfillment,
    identity,
    operations,
    orders,
    payments,
    products,
    remarks,
    seals,
    statistics,
    time_travel,
    webhooks,
)
from api.backend import Backend
from api.documentation import document
from api.gate import Gate
from api.live import socket

OpenBackend = Callable[[], AbstractAsyncContextManager[Backend]]

_NO_TELEMETRY: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
"""The framework's own would look at every request for who listens, and tell exceptions in their own words."""


def create_app(open_backend: OpenBackend, more: Sequence[BaseRoute] = ()) -> Gate:
    """The ASGI application. `open_backend` is entered at its start and left at its end.

    `more`: routes that are served besides.
    """
    # Handed over as one flat list: included routers would each be asked in turn, at every request.
    rooms = (
        *(orders, time_travel, batch, bulk_status, fulfillment, payments, remarks, products, addresses),
        *(auditing, seals, statistics, identity, accounts, customers, operations, webhooks, socket),
    )
    routes = [route for room in rooms for route in room.router.routes] + list(more)
    app = FastAPI(
        title="Daybook",
        version="1",
        lifespan=_lifespan(open_backend),
        redirect_slashes=False,
        routes=routes,
        telemetry=_NO_TELEMETRY,
    )
    document(app)
    # The framework's own routes show the document, and are public.
    undeclared = [route for route in routes if getattr(route, "permission", None) is None]
    if undeclared:
        raise AssertionError(f"these routes do not declare whom they let in: {undeclared}")
    return Gate(app)


def _lifespan(open_backend: OpenBackend) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_backend() as backend:
            app.state.backend = backend
            yield

    return lifespan

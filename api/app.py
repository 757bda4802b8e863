"""The application: routes, and the one place where an exception becomes an answer."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import asyncpg
import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from api import addresses, auditing, fulfillment, identity, operations, orders, products
from api.backend import Backend
from api.documentation import document
from api.gate import Gate
from api.live import socket
from api.problems import UNAVAILABLE, Problem, log_failure, refused, unavailable
from events.domain.refusal import Refusal
from events.log.append import AppendError
from queries.consistency import ProjectionBehind

log = structlog.get_logger("api")

OpenBackend = Callable[[], AbstractAsyncContextManager[Backend]]


def create_app(open_backend: OpenBackend) -> Gate:
    """The ASGI application. `open_backend` is entered at its start and left at its end."""
    # Handed over as one flat list: included routers would each be asked in turn, at every request.
    rooms = (orders, fulfillment, products, addresses, auditing, identity, operations, socket)
    routes = [route for room in rooms for route in room.router.routes]
    app = FastAPI(title="Daybook", version="1", lifespan=_lifespan(open_backend), redirect_slashes=False, routes=routes)
    for exception, handler in _HANDLERS.items():
        app.add_exception_handler(exception, handler)
    document(app)
    return Gate(app)


def _lifespan(open_backend: OpenBackend) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_backend() as backend:
            app.state.backend = backend
            yield

    return lifespan


async def _problem(request: Request, error: Exception) -> Response:
    """Any failure as a problem document. Its text is ours, never that of the exception."""
    return as_problem(request, error).response(request.url.path)


def as_problem(request: Request, error: Exception) -> Problem:
    """What a client is told about this failure."""
    match error:
        case Problem():
            return error
        case Refusal():
            return refused(error)
        case AppendError():
            return log_failure(error)
        case ProjectionBehind():
            return Problem(
                503,
                "projection_behind",
                "The read model does not show that write yet; try again.",
                headers={"Retry-After": "1"},
                projection=error.projection,
            )
        case HTTPException(status_code=404):
            return Problem(404, "not_found", "There is nothing at this path.")
        case HTTPException(status_code=405):
            allowed = ", ".join(_methods_at(request))
            return Problem(405, "method_not_allowed", f"Only {allowed} here.", headers={"Allow": allowed})
        case HTTPException():
            return Problem(error.status_code, "http_error", "The request cannot be served.", headers=error.headers)
        case _ if isinstance(error, UNAVAILABLE) and not isinstance(error, ValueError):
            log.warning("database unavailable", path=request.url.path, error=type(error).__name__)
            return unavailable()
    log.error("internal error", path=request.url.path, exc_info=error)
    return Problem(500, "internal_error", "Something went wrong here. It was written down.")


def _methods_at(request: Request) -> list[str]:
    """What may be done at this path; each method is a route of its own."""
    found: set[str] = set()
    for route in request.app.routes:
        if isinstance(route, APIRoute) and route.matches(request.scope)[0] is not Match.NONE:
            found |= route.methods or set()
    return sorted(found)


_HANDLERS = dict.fromkeys(
    (
        *(Problem, Refusal, AppendError, ProjectionBehind, HTTPException, RequestValidationError),
        *(asyncpg.PostgresError, asyncpg.InterfaceError, OSError, Exception),
    ),
    _problem,
)

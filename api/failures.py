"""What a client is told about any failure. Its text is ours, never that of the exception."""

import structlog
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.routing import Match

from api.problems import UNAVAILABLE, Problem, log_failure, refused, unavailable
from events.domain.refusal import Refusal
from events.log.append import AppendError
from queries.consistency import ProjectionBehind
from queries.seals import NothingSealed, NotYetSealed

log = structlog.get_logger("api")


def as_problem(request: HTTPConnection, error: Exception) -> Problem:
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
        case NothingSealed():
            return Problem(404, "nothing_sealed_yet", "No event of this shop is sealed yet.")
        case NotYetSealed():
            detail = "That is not sealed yet; it will be in a moment."
            return Problem(503, "not_yet_sealed", detail, headers={"Retry-After": "2"})
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


def _methods_at(request: HTTPConnection) -> list[str]:
    """What may be done at this path; each method is a route of its own."""
    found: set[str] = set()
    for route in request.app.routes:
        if isinstance(route, APIRoute) and route.matches(request.scope)[0] is not Match.NONE:
            found |= route.methods or set()
    return sorted(found)

"""Problems: every failure as `application/problem+json` (RFC 9457), with a stable code and nothing of our insides."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import asyncpg
from pydantic import ValidationError
from pydantic_core import to_json
from starlette.responses import Response

from events.domain.refusal import Refusal
from events.log.append import AppendError, LogBusy, LogClosed, OutcomeUnknown
from events.log.lasting import CONNECTION_LOST

MEDIA_TYPE = "application/problem+json"

REFUSAL_STATUS = {
    "not_found": 404,
    "version_not_found": 404,
    "forbidden": 403,
    "illegal_transition": 409,
    "exceeds_open": 409,
    "order_on_hold": 409,
    "payment_required": 409,
    "psp_reference_taken": 409,
    "payment_not_known_yet": 409,
    "capture_exceeds_authorized": 409,
    "capture_exceeds_due": 409,
    "refund_exceeds_captured": 409,
    "backorder_limit_in_use": 409,
    "sku_taken": 409,
    "email_taken": 409,
    "last_admin": 409,
    "not_invited": 409,
    "open_orders": 409,
    "answer_erased": 410,
    "version_mismatch": 412,
    "contention": 503,
}
"""The HTTP status of a refusal, by code; all others are 422."""

UNAVAILABLE = (
    *CONNECTION_LOST,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.LockNotAvailableError,
    asyncpg.TransactionRollbackError,
)
"""The database is away, or has no room or time. What else it says is a defect of ours, and so is a DataError, which
asyncpg counts among the first of these and among the ValueErrors."""


class Problem(Exception):
    """A failure at the door, as it is told to the client."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.members = members

    def document(self, path: str) -> dict[str, Any]:
        """The problem document for a request to this path."""
        return {
            "type": f"urn:daybook:problem:{self.code}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "instance": path,
            "code": self.code,
            **self.members,
        }

    def response(self, path: str) -> Response:
        """The answer to a request to this path."""
        return Response(to_json(self.document(path)), self.status, self.headers, MEDIA_TYPE)


def unauthenticated(code: str, detail: str) -> Problem:
    """401, which says how to do better (RFC 6750)."""
    return Problem(401, code, detail, headers={"WWW-Authenticate": "Bearer"})


def refused(refusal: Refusal) -> Problem:
    """A business refusal, with its facts as members."""
    status = REFUSAL_STATUS.get(refusal.code, 422)
    headers = {"Retry-After": "1"} if status == 503 else None
    return Problem(status, refusal.code, refusal.detail, headers=headers, **refusal.facts)


def log_failure(error: AppendError) -> Problem:
    """The log did not answer for a command."""
    code, detail = "log_unavailable", "The log cannot be reached now; nothing was written."
    if isinstance(error, LogBusy):
        code, detail = "overloaded", "Too many commands are waiting; nothing was written."
    elif isinstance(error, LogClosed):
        code, detail = "shutting_down", "This server is stopping; nothing was written."
    elif isinstance(error, OutcomeUnknown):
        code = "outcome_unknown"
        detail = "The log was lost while it committed. Ask again with the same Idempotency-Key to learn the outcome."
    return Problem(503, code, detail, headers={"Retry-After": "1"})


def unavailable() -> Problem:
    """Something that a read needs cannot be reached."""
    detail = "The service cannot reach its database now."
    return Problem(503, "unavailable", detail, headers={"Retry-After": "1"})


def invalid(error: ValidationError, *, prefix: str = "/", within: str = "") -> Problem:
    """What pydantic found: each place as a JSON pointer into the body (or, with prefix "?", a query parameter).

    `within`: the pointer to what was validated, where that was not the whole body.
    """
    found = error.errors(include_url=False, include_context=False, include_input=False)
    if found and found[0]["type"] == "json_invalid":
        return Problem(422, "malformed_json", "The body is not JSON.")
    return validation_failed(
        [
            {
                "pointer": within + prefix.join(["", *map(_escaped, one["loc"])]),
                "code": one["type"],
                "detail": one["msg"].removeprefix("Value error, "),
            }
            for one in found
        ]
    )


def validation_failed(errors: Sequence[Mapping[str, str]]) -> Problem:
    """422 with the places that are wrong."""
    return Problem(422, "validation_failed", "The request does not fit; see errors.", errors=list(errors))


def _escaped(part: int | str) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")

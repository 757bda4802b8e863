"""The door: who may come in, what they bring, and how they are answered. Every handler is made of these steps."""

import re
from collections.abc import Mapping
from time import perf_counter
from typing import NamedTuple, TypeVar
from uuid import UUID

import structlog
from pydantic import BaseModel, ValidationError
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from api.backend import Backend, Shop
from api.metrics import commands_that
from api.permission import AUTHENTICATED
from api.problems import Problem, invalid, unauthenticated
from api.tokens import Admission, InvalidToken
from commands.command import Answer, Command
from commands.command import Request as CommandRequest
from events.caller import Caller
from events.domain.refusal import NotFound, Refusal
from events.log.append import AppendError
from events.log.ids import new_id
from events.opaque import InvalidOpaque, Positions
from queries.consistency import wait_for_position

JSON = "application/json"
Model = TypeVar("Model", bound=BaseModel)

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_ETAGS = re.compile(r'\s*(?:W/)?"[\x21\x23-\x7e]*"\s*(?:,\s*(?:W/)?"[\x21\x23-\x7e]*"\s*)*')
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_CORRELATION = re.compile(r"[\x21-\x7e]{1,128}")

log = structlog.get_logger("commands")


class Guest(NamedTuple):
    """Someone who was let in, and the shop they are in."""

    caller: Caller
    shop: Shop


def backend_of(connection: HTTPConnection) -> Backend:
    """What the composition root handed in."""
    backend: Backend = connection.app.state.backend
    return backend


def header_of(connection: HTTPConnection, name: bytes) -> str | None:
    """A request header, by its name in lower case."""
    value: bytes | None = connection.scope["headers_by_name"].get(name)
    return None if value is None else value.decode("latin-1")


async def admission_of(connection: HTTPConnection) -> Admission | None:
    """Who the Authorization header admits; None without one. Raises Problem (401)."""
    header = header_of(connection, b"authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer":
        raise unauthenticated("unauthenticated", "Authenticate with a bearer token.")
    return await verified(connection, token.strip())


async def verified(connection: HTTPConnection, token: str) -> Admission:
    """Who an access token admits. Raises Problem (401), also when its session has ended.

    A token of ours is waited for by nobody; one of an external issuer may have its keys fetched first.
    """
    backend = backend_of(connection)
    try:
        admission = backend.tokens.verify(token)
    except InvalidToken:
        admission = await _issued_elsewhere(backend, token)
    if backend.revocations.has_ended(admission.session):
        raise unauthenticated("session_ended", "The session of this token has been ended; log in.")
    return admission


def admitted(request: Request) -> Guest:
    """Whom the route has let in."""
    guest: Guest = request.scope["guest"]
    return guest


async def let_in(request: Request, permission: str) -> None:
    """Let the caller in. Raises Problem: 401 without a valid token, 403 without the permission."""
    admission = await admission_of(request)
    if admission is None:
        raise unauthenticated("unauthenticated", "Authenticate with a bearer token.")
    guest = await guest_of(request, admission)
    check_permission(guest.caller, permission)
    request.scope["guest"] = guest
    request.scope["admission"] = admission


def check_permission(caller: Caller, permission: str) -> None:
    """Raises Problem (403)."""
    if permission != AUTHENTICATED and not caller.may(permission):
        raise forbidden()


async def _issued_elsewhere(backend: Backend, token: str) -> Admission:
    try:
        if backend.issuer is not None and backend.issuer.issued(token):
            return await backend.issuer.verify(token)
    except InvalidToken:
        pass
    raise unauthenticated("invalid_token", "The token is expired, or not a token of this service.")


async def guest_of(connection: HTTPConnection, admission: Admission) -> Guest:
    """The caller in their shop. Raises Problem (401) when the shop is gone."""
    try:
        return Guest(admission.caller, await backend_of(connection).shops.shop(admission.caller.tenant))
    except LookupError:
        raise unauthenticated("invalid_token", "The token names a shop that does not exist.") from None


def forbidden() -> Problem:
    """403."""
    return Problem(403, "forbidden", "Your role does not allow this.")


async def parsed(request: Request, model: type[Model]) -> Model:
    """The JSON body as this model. Raises Problem: 415, 422 malformed_json or validation_failed."""
    return validated(await json_body_of(request), model)


async def json_body_of(request: Request) -> bytes:
    """The whole body, which says that it is JSON. Raises Problem (415, 400)."""
    content_type = (header_of(request, b"content-type") or "").partition(";")[0].strip().lower()
    if content_type != JSON and not content_type.endswith("+json"):
        raise Problem(415, "unsupported_media_type", "Send JSON, with Content-Type: application/json.")
    return await body_of(request)


def validated(body: bytes, model: type[Model]) -> Model:
    """A JSON text as this model. Raises Problem: 422 malformed_json or validation_failed."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise invalid(error) from None


async def body_of(request: Request) -> bytes:
    """The whole body. Raises Problem (400) when it breaks off."""
    message = await request.receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await request.receive()
        body += message.get("body", b"")
    if message["type"] == "http.disconnect":
        # What came of it may be whole JSON all the same; it is not what the client meant to send.
        raise Problem(400, "incomplete_body", "The body broke off.")
    return body


def queried(request: Request, model: type[Model]) -> Model:
    """The query string as this model. Raises Problem (422)."""
    parameters = request.query_params
    if len(parameters.multi_items()) != len(parameters):
        raise Problem(422, "validation_failed", "A query parameter is given at most once.", errors=[])
    try:
        return model.model_validate(dict(parameters))
    except ValidationError as error:
        raise invalid(error, prefix="?") from None


def identified(request: Request, name: str) -> UUID:
    """The UUID in the path; what is none cannot be found. Raises NotFound."""
    try:
        return UUID(request.path_params[name])
    except ValueError:
        raise NotFound("There is nothing at this path.") from None


async def performed(request: Request, guest: Guest, command: Command) -> Response:
    """Carry a command out and answer it. Raises Problem, Refusal, AppendError."""
    answer = await carried_out(guest, command, command_request(request, guest.caller))
    return answered(answer, guest.shop.positions)


async def carried_out(guest: Guest, command: Command, wanted: CommandRequest) -> Answer:
    """Carry a command out, count it, and write down what came of it. Raises Refusal, AppendError."""
    started = perf_counter()
    outcome = "error"
    try:
        answer = await guest.shop.commands.handle(command, wanted)
        outcome = outcome_of(answer)
    except Exception as error:
        outcome = outcome_of(error)
        raise
    finally:
        written_down(type(command).__name__, {outcome: 1}, guest, wanted, started)
    return answer


def outcome_of(result: Answer | BaseException) -> str:
    """What became of a command, in a word: as it is counted and written down."""
    match result:
        case Answer():
            return "replayed" if result.replayed else "done"
        case Refusal():
            return result.code
        case AppendError():
            return type(result).__name__
    return "error"


def written_down(
    command: str, outcomes: Mapping[str, int], guest: Guest, wanted: CommandRequest, started: float
) -> None:
    """Count what became of commands of one request, by outcome, and write a line about it. `started`: perf_counter."""
    for outcome, times in outcomes.items():
        commands_that(command, outcome).inc(times)
    log.info(
        "command",
        command=command,
        outcome=next(iter(outcomes)) if len(outcomes) == 1 else dict(outcomes),
        commands=sum(outcomes.values()),
        tenant=guest.caller.tenant,
        subject=str(guest.caller.subject),
        command_id=str(wanted.command_id),
        correlation_id=wanted.correlation_id,
        ms=round((perf_counter() - started) * 1000, 2),
    )


def command_request(request: Request, caller: Caller) -> CommandRequest:
    """What comes around a command in the headers. Raises Problem (400)."""
    key = header_of(request, b"idempotency-key")
    if key is not None and not _KEY.fullmatch(key):
        raise Problem(400, "invalid_idempotency_key", "An Idempotency-Key has 1 to 255 visible ASCII characters.")
    if_match = header_of(request, b"if-match")
    traceparent = header_of(request, b"traceparent")
    correlation_id: str = request.scope["correlation_id"]
    return CommandRequest(
        caller=caller,
        command_id=new_id(),
        correlation_id=correlation_id,
        idempotency_key=key,
        if_match=None if if_match is None else _versions(if_match),
        traceparent=traceparent if traceparent and _TRACEPARENT.fullmatch(traceparent) else None,
    )


def correlation_of(headers: Mapping[bytes, bytes]) -> str:
    """The client's Correlation-Id where it is usable, else a new one."""
    given = headers.get(b"correlation-id", b"").decode("latin-1")
    return given if _CORRELATION.fullmatch(given) else new_id().hex


def answered(answer: Answer, positions: Positions) -> Response:
    """A command's answer, byte for byte what was decided."""
    headers = {"ETag": f'"{answer.version}"', "Consistency-Token": positions.seal(answer.position)}
    if answer.location is not None:
        headers["Location"] = answer.location
    if answer.replayed:
        headers["Idempotent-Replayed"] = "true"
    return Response(answer.body, answer.status, headers, JSON)


async def consistent(request: Request, shop: Shop, *projections: str) -> None:
    """Hold a read until it shows the write that its Consistency-Token names. Raises Problem (400), ProjectionBehind.

    `projections`: those that it answers from. Without any the read is always current, and the token is only checked.
    """
    token = header_of(request, b"consistency-token")
    if token is None:
        return
    position = opened_position(shop.positions, token)
    for projection in projections:
        await wait_for_position(backend_of(request).pool, shop.tenant, projection, position)


def opened_position(positions: Positions, text: str) -> int:
    """A position that a client hands back. Raises Problem (400)."""
    try:
        return positions.open(text)
    except InvalidOpaque:
        raise Problem(400, "invalid_position", "This is not a position that this service gave out.") from None


def invalid_cursor() -> Problem:
    """400."""
    return Problem(400, "invalid_cursor", "This is not a cursor of this list.")


def _versions(header: str) -> frozenset[int] | None:
    if header.strip() == "*":
        return None
    if not _ETAGS.fullmatch(header):
        raise Problem(400, "invalid_if_match", 'If-Match takes an ETag in quotes, like "3".')
    # A tag that is none of ours matches nothing; a weak one never does (RFC 9110, 13.1.1).
    tags = [tag.strip() for tag in header.split(",")]
    return frozenset(int(tag[1:-1]) for tag in tags if re.fullmatch(r'"[0-9]{1,9}"', tag))

"""`GET /ws/orders`: an order stream over a WebSocket.

    connecting ──► authenticated ──► ready ──► catching up from the log ──► live
       4401, 4408       4403                        └──── 4413, 4401 ────────┘

A subscriber catches up from the log until it is where the hub is, and joins it in the same breath: what is before came
from the log, what is after comes from the hub, and nothing falls between or comes twice.
"""

import asyncio
from collections import Counter
from time import time
from typing import NamedTuple
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import to_json
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from api.door import Guest, admission_of, backend_of, check_permission, guest_of, opened_position, verified
from api.live.hubs import Hub
from api.live.subscription import Sight, Subscription
from api.metrics import FRAMES, SOCKETS
from api.origin import check_origin
from api.permission import AUTHENTICATED
from api.problems import UNAVAILABLE, Problem, invalid, refused, unavailable
from api.revocations import Revocations
from api.route import StreamRoute
from api.tokens import Admission
from events.domain.refusal import NotFound, Refusal
from queries.get_order import visible_order

HEARTBEAT = 15.0
AUTH_PATIENCE = 5.0
WRITE_PATIENCE = 10.0
PAGE = 500

BAD_REQUEST = 4400
UNAUTHENTICATED = 4401
FORBIDDEN = 4403
NO_AUTH_FRAME = 4408
TOO_SLOW = 4413
TOO_MANY = 4429
TRY_AGAIN = 1013

router = APIRouter()
_open: Counter[UUID] = Counter()


class StreamQuery(BaseModel):
    """Where to start, and for staff whose orders or which order to follow."""

    model_config = ConfigDict(extra="forbid")

    after: str | None = None
    order_id: UUID | None = None
    user_id: UUID | None = None


class AuthFrame(BaseModel):
    """The first frame of a client that cannot set headers."""

    type: str
    token: str


class Stream(NamedTuple):
    """What a socket was opened for: by whom, with which token, to see what, after what."""

    guest: Guest
    admission: Admission
    sight: Sight
    after: int | None


class Closed(Exception):
    """The socket is to be closed, with this code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


async def follow_orders(socket: WebSocket) -> None:
    """Follow orders: one's own, or for staff all, those of a user, or one."""
    stream = None
    try:
        check_origin(socket)
        admission = await admission_of(socket)
        if admission is not None:
            stream = await _stream(socket, admission)
    except _REFUSED as error:
        await socket.send_denial_response(_problem(error).response(socket.url.path))
        return
    try:
        await socket.accept()
        if stream is None:
            stream = await _stream(socket, await _authenticate(socket))
        await _serve(socket, stream)
    except _REFUSED as error:
        problem = _problem(error)
        await _close(socket, _CLOSE_CODES.get(problem.status, BAD_REQUEST), problem.code)
    except Closed as closed:
        await _close(socket, closed.code, closed.reason)
    except WebSocketDisconnect:
        pass
    finally:
        if stream is not None:
            _closed(stream.guest.caller.subject)


router.routes.append(StreamRoute("/ws/orders", follow_orders, permission=AUTHENTICATED))

_REFUSED = (Problem, Refusal, *UNAVAILABLE)
_CLOSE_CODES = {401: UNAUTHENTICATED, 403: FORBIDDEN, 404: FORBIDDEN, 429: TOO_MANY, 503: TRY_AGAIN}


async def _serve(socket: WebSocket, stream: Stream) -> None:
    shop = stream.guest.shop
    hub = await backend_of(socket).hubs.hub(shop.reader, shop.codec, shop.positions)
    SOCKETS.inc()
    pump = asyncio.create_task(_pump(socket, hub, stream, backend_of(socket).revocations))
    listen = asyncio.create_task(_until_gone(socket))
    try:
        await asyncio.wait((pump, listen), return_when=asyncio.FIRST_COMPLETED)
        if pump.done():
            await pump
    finally:
        for task in (pump, listen):
            task.cancel()
        await asyncio.gather(pump, listen, return_exceptions=True)
        SOCKETS.dec()


async def _pump(socket: WebSocket, hub: Hub, stream: Stream, revocations: Revocations) -> None:
    """Send until the token or its session ends, or the client is too slow. Raises Closed."""
    reader = stream.guest.shop.reader
    expires, session = stream.admission.expires, stream.admission.session
    subscription = Subscription(stream.sight, hub.position if stream.after is None else stream.after)

    def check_token() -> None:
        if time() >= expires:
            raise Closed(UNAUTHENTICATED, "the token has expired")
        if revocations.has_ended(session):
            raise Closed(UNAUTHENTICATED, "the session has been ended")

    with revocations.watched(session, subscription.wake):
        try:
            await _send(socket, _told("ready", hub, subscription.after))
            heartbeat = time() + HEARTBEAT
            while subscription.after < hub.position:
                frames, reached = await stream.sight.history(reader, hub.frames, subscription.after, hub.position, PAGE)
                for past in frames:
                    check_token()
                    await _send(socket, past.text)
                FRAMES.inc(len(frames))
                subscription.after = reached
            # Nothing was awaited since the positions were compared.
            hub.join(subscription)
            while True:
                check_token()
                patience = min(heartbeat, expires) - time()
                frame = await subscription.next(patience) if patience > 0 else None
                if frame is not None:
                    await _send(socket, frame.text)
                    FRAMES.inc()
                elif subscription.overflowed:
                    raise Closed(TOO_SLOW, "too slow: reconnect after the last position")
                if time() >= heartbeat:
                    given = hub.position if subscription.idle else subscription.after
                    await _send(socket, _told("heartbeat", hub, max(given, subscription.after)))
                    heartbeat = time() + HEARTBEAT
        finally:
            hub.leave(subscription)


def _told(kind: str, hub: Hub, position: int) -> str:
    return to_json({"type": kind, "position": hub.frames.token(position)}).decode()


async def _send(socket: WebSocket, text: str) -> None:
    try:
        async with asyncio.timeout(WRITE_PATIENCE):
            await socket.send_text(text)
    except TimeoutError:
        raise Closed(TOO_SLOW, "too slow: reconnect after the last position") from None


async def _until_gone(socket: WebSocket) -> None:
    """What clients send after the first frame is read and means nothing; a close is noticed here."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


async def _authenticate(socket: WebSocket) -> Admission:
    try:
        async with asyncio.timeout(AUTH_PATIENCE):
            text = await socket.receive_text()
    except TimeoutError:
        raise Closed(NO_AUTH_FRAME, "no auth frame in time") from None
    except KeyError:
        raise Closed(UNAUTHENTICATED, "the first frame is text") from None
    try:
        frame = AuthFrame.model_validate_json(text)
        if frame.type != "auth":
            raise Closed(UNAUTHENTICATED, "the first frame authenticates")
        return await verified(socket, frame.token)
    except (ValidationError, Problem):
        raise Closed(UNAUTHENTICATED, "invalid token") from None


async def _stream(socket: WebSocket, admission: Admission) -> Stream:
    """What the query string asks for, if it may be had; it counts as open from here on. Raises Problem, NotFound."""
    guest = await guest_of(socket, admission)
    caller = guest.caller
    check_permission(caller, socket.scope["permission"])
    try:
        query = StreamQuery.model_validate(dict(socket.query_params))
    except ValidationError as error:
        raise invalid(error, prefix="?") from None
    owner = query.user_id
    if not caller.may("orders:read_any"):
        if owner not in (None, caller.subject):
            raise NotFound("There is no such stream.")
        owner = caller.subject
    if query.order_id is not None:
        await visible_order(guest.shop.repository, query.order_id, caller)
    after = None if query.after is None else opened_position(guest.shop.positions, query.after)
    if _open[caller.subject] >= backend_of(socket).limits.sockets_per_account:
        raise Problem(429, "too_many_sockets", "This account has too many streams open.")
    # Counted before anything else is awaited, so that any number of them at once are not more either.
    _open[caller.subject] += 1
    return Stream(guest, admission, Sight(owner, query.order_id), after)


def _closed(subject: UUID) -> None:
    _open[subject] -= 1
    if not _open[subject]:
        del _open[subject]


def _problem(error: Exception) -> Problem:
    match error:
        case Problem():
            return error
        case Refusal():
            return refused(error)
    return unavailable()


async def _close(socket: WebSocket, code: int, reason: str) -> None:
    if socket.application_state is WebSocketState.CONNECTED:
        try:
            async with asyncio.timeout(WRITE_PATIENCE):
                await socket.close(code, reason)
        except (TimeoutError, RuntimeError, WebSocketDisconnect):
            return

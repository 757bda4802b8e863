"""Routes whose handlers take the request and give the response, with nothing in between but the door."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from api.command_limits import count_command
from api.documentation import PERMISSION
from api.door import admitted, backend_of, forbidden, let_in
from api.gate import ANSWER_HEADERS
from api.permission import PUBLIC, declared

_READS = frozenset({"GET", "HEAD"})


class DirectRoute(APIRoute):
    """The framework matches and documents; it neither reads the body nor serialises the answer.

    Handlers read what they need with the steps of `api.door` and answer with ready-made bytes, so solving
    dependencies would be work for nothing at every request. Exceptions become answers in `api.gate`. The permission
    that the route declares is asked for here, before the handler; a route that declares none lets nobody in.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.permission: str | None = (self.openapi_extra or {}).get(PERMISSION)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the caller in, call the handler itself, and send what it answers."""
        if scope["method"] not in (self.methods or ()):
            raise HTTPException(405)
        request = Request(scope, receive, send)
        if self.permission is None:
            raise forbidden()
        if self.permission != PUBLIC:
            await let_in(request, self.permission)
            if scope["method"] not in _READS and (limit := backend_of(request).limits.commands_per_minute):
                quota = await count_command(backend_of(request).redis, admitted(request).caller, limit)
                if quota is not None:
                    scope[ANSWER_HEADERS] = quota.headers()
                    quota.check()
        response = await self.endpoint(request)
        await response(scope, receive, send)


class StreamRoute(WebSocketRoute):
    """A WebSocket and what it asks of its caller, who may say only after it was opened who they are."""

    def __init__(self, path: str, endpoint: Callable[[WebSocket], Awaitable[None]], *, permission: str) -> None:
        super().__init__(path, endpoint)
        self.permission = declared(permission)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the endpoint, which finds the permission in the scope."""
        scope["permission"] = self.permission
        await super().handle(scope, receive, send)

"""The gate in front of everything: one ASGI layer, for what concerns every request alike.

It takes the slash off the end of a path, gives the request a correlation id, holds a body to its limit, and makes of
any exception the answer that a client gets. From here a request goes to the routes at once: the framework's own layers,
seven coroutines and three wrappers of `send`, would do the same again, and cost a twentieth of an order.
"""

from fastapi import FastAPI
from starlette.requests import HTTPConnection
from starlette.types import Message, Receive, Scope, Send

from api.door import correlation_of
from api.failures import as_problem
from api.problems import Problem

MOST_BYTES = 1 << 20
ANSWER_HEADERS = "answer_headers"
"""Where a route leaves headers, name and value in bytes, that its answer has whatever it comes to."""


class BodyTooLarge(Problem):
    """A body over the limit."""

    def __init__(self) -> None:
        super().__init__(413, "body_too_large", "A body has at most 1 MiB.", headers={"Connection": "close"})


class Gate:
    """Wraps the application."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        if len(path) > 1 and path.endswith("/"):
            scope["path"] = path.rstrip("/") or "/"
        # Looked up many times a request: one dict beats a search through the list each time.
        headers = scope["headers_by_name"] = dict(scope["headers"])
        correlation_id = scope["correlation_id"] = correlation_of(headers)
        scope["app"] = self._app
        if scope["type"] != "http":
            try:
                await self._app.router(scope, receive, send)
            except Exception as error:
                # Whoever has not been answered by then is turned away by the server.
                as_problem(HTTPConnection(scope), error)
            return

        answering = False

        async def tell(message: Message) -> None:
            nonlocal answering
            if message["type"] == "http.response.start":
                answering = True
                message["headers"].append((b"correlation-id", correlation_id.encode()))
                if ANSWER_HEADERS in scope:
                    message["headers"] += scope[ANSWER_HEADERS]
            await send(message)

        declared = headers.get(b"content-length")
        if declared is None:
            if b"transfer-encoding" in headers:
                receive = _bounded(receive)
        elif not declared.isdigit() or int(declared) > MOST_BYTES:
            await BodyTooLarge().response(path)(scope, receive, tell)
            return
        try:
            await self._app.router(scope, receive, tell)
        except Exception as error:
            # Also where it comes too late to be told, for what is a fault of ours is written down there.
            answer = as_problem(HTTPConnection(scope), error).response(scope["path"])
            # Nothing may keep the exception: by its traceback it would keep all of the request, and itself, until the
            # cycle collector comes, which it seldom does.
            error.__traceback__ = None
            if not answering:
                await answer(scope, receive, tell)


def _bounded(receive: Receive) -> Receive:
    """A body that comes in chunks is counted as it comes."""
    received = 0

    async def counted() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > MOST_BYTES:
            raise BodyTooLarge
        return message

    return counted

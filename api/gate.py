"""The gate in front of everything: one ASGI layer, for what concerns every request alike.

It takes the slash off the end of a path, gives the request a correlation id, and holds a body to its limit. Written
as plain ASGI: the framework's middleware classes cost a task and two queues a request.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.door import correlation_of
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

    def __init__(self, app: ASGIApp) -> None:
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
        if scope["type"] != "http":
            await self._app(scope, receive, send)
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
            await self._app(scope, receive, tell)
        except Exception:
            # The framework raises again what it has answered with a 500, and what was written to the log there.
            if not answering:
                raise


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

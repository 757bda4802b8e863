"""Answers of one JSON value a line, as long as they are: when one is asked for, and how it is sent."""

from collections.abc import AsyncGenerator

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

NDJSON = "application/x-ndjson"


def prefers_ndjson(accept: str | None) -> bool:
    """Whether an Accept header (RFC 9110, 12.5.1) would rather have lines than one JSON document.

    At the same weight what is named outdoes what a wildcard stands for, and then the document what is streamed.
    """
    if accept is None or NDJSON not in accept.lower():
        return False
    return _weight(accept, NDJSON) > _weight(accept, "application/json")


def _weight(accept: str, media_type: str) -> tuple[float, int]:
    """The weight of the most specific range that covers a type, and how specific it is; (0, -1): not acceptable."""
    found = (0.0, -1)
    ranges = ("*/*", f"{media_type.partition('/')[0]}/*", media_type)
    for part in accept.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        if name in ranges and ranges.index(name) > found[1]:
            given = (piece.partition("=")[2] for piece in parameters if piece.startswith("q="))
            found = (_quality(next(given, "1")), ranges.index(name))
    return found if found[0] else (0.0, -1)


def _quality(text: str) -> float:
    try:
        return max(0.0, min(1.0, float(text)))
    except ValueError:
        return 0.0


class Lines(StreamingResponse):
    """Sends what a generator makes as fast as the client takes it: the next part is made when this one has left.

    When the client goes away, so does the generator. When the generator fails the connection is cut, so that what came
    over cannot be taken for the whole.
    """

    def __init__(self, lines: AsyncGenerator[bytes, None]) -> None:
        super().__init__(lines, media_type=NDJSON)
        self._lines = lines

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._lines.aclose()

"""Routes whose handlers take the request and give the response, with nothing in between."""

from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Receive, Scope, Send


class DirectRoute(APIRoute):
    """The framework matches and documents; it neither reads the body nor serialises the answer.

    Handlers read what they need with the steps of `api.door` and answer with ready-made bytes, so solving
    dependencies would be work for nothing at every request. Exceptions become answers in `api.app`.
    """

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the handler itself, and send what it answers."""
        if scope["method"] not in (self.methods or ()):
            raise HTTPException(405)
        response = await self.endpoint(Request(scope, receive, send))
        await response(scope, receive, send)

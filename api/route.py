"""Routes whose handlers take the request and give the response, with nothing in between."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute


class DirectRoute(APIRoute):
    """The framework matches and documents; it neither reads the body nor serialises the answer.

    Handlers read what they need with the steps of `api.door` and answer with ready-made bytes, so solving
    dependencies would be work for nothing at every request.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler itself."""
        handler: Callable[[Request], Coroutine[Any, Any, Response]] = self.endpoint
        return handler

"""Where a browser says it comes from: only our own pages, and those that the operator named, may."""

from starlette.requests import HTTPConnection

from api.door import backend_of
from api.problems import Problem


def check_origin(connection: HTTPConnection) -> None:
    """Raises Problem (403) for a foreign Origin. Who is no browser sends none."""
    origin = connection.headers.get("origin")
    if origin is None:
        return
    host = connection.headers.get("host", "")
    if origin not in (f"http://{host}", f"https://{host}") and origin not in backend_of(connection).limits.origins:
        raise Problem(403, "foreign_origin", "This origin may not do this.")

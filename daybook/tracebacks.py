"""Where an error came from, as it may be written down: its text is left out, for it may hold somebody's data.

A database quotes the row that it refuses, and a driver the value that it could not encode. What kind of error it is,
which constraint said so, and the lines of our code, tell nothing of anybody.
"""

import traceback
from collections.abc import Iterator


def told(error: BaseException) -> str:
    """A traceback for each error that led to this one, the first of them first."""
    return "\n\nwhich led to:\n\n".join(reversed([_one(cause) for cause in _with_causes(error)]))


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        context = None if following.__suppress_context__ else following.__context__
        following = following.__cause__ or context


def _one(error: BaseException) -> str:
    frames = "".join(traceback.format_tb(error.__traceback__))
    parts = [f"Traceback (most recent call last):\n{frames}{_kind(error)}"]
    if isinstance(error, BaseExceptionGroup):
        parts += [told(one) for one in error.exceptions]
    return "\n".join(parts)


def _kind(error: BaseException) -> str:
    """The class, and what the database says of itself: SQLSTATE, constraint, table."""
    said = [
        str(value) for name in ("sqlstate", "constraint_name", "table_name") if (value := getattr(error, name, None))
    ]
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    return f"{kind} ({', '.join(said)})" if said else kind

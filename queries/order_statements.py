"""The statements that read the list of orders, one for each way into it, put together from the pieces in sql/orders.

Whose orders, the column and the direction are part of a statement and no parameters of it, so that each has a plan that
walks one index in one direction, whatever values it is run with.
"""

from pathlib import Path

from events.log.statements import load_statements
from queries.order_filter import SORTS, Sort

_PIECES = load_statements(Path(__file__).parent / "sql" / "orders")
_WHOSE = {"everyone": "$2::uuid IS NULL", "user": "user_id = $2"}
_TIMES = [sort for sort, (key, _) in SORTS.items() if key == "placed_at"]


def _made(statement: str, whose: str, sort: Sort, walk: str = "") -> str:
    key, direction = SORTS[sort]
    pieces = {"walk": walk, "columns": _PIECES.columns, "whose": _WHOSE[whose], "key": key, "direction": direction}
    for name, piece in pieces.items():
        statement = statement.replace(f":{name}:", piece)
    return statement


LIST = {(whose, sort): _made(_PIECES.list, whose, sort) for whose in _WHOSE for sort in SORTS}
"""Whose, sort → the list, whatever statuses the orders have."""

BY_STATUS = {(whose, sort): _made(_PIECES.list_by_status, whose, sort) for whose in _WHOSE for sort in _TIMES}
"""Whose, sort → the list of the orders with certain statuses."""

SEARCH = {
    (along, sort): _made(_PIECES.search, "everyone", sort, walk)
    for along, walk in (("words", _PIECES.walk_words), ("user", _PIECES.walk_user))
    for sort in _TIMES
}
"""Along what, sort → the search that walks along the orders of words, or of a user."""

"""Finding orders by words: which way into the index of words is the shortest.

Each page is one walk of bounded length: along the orders of the rarest word, or of the user, whichever are fewer. Each
order on the way is held to the other words and filters. So a page may come to its end before it is full, even empty,
with a cursor from which the next one goes on.
"""

from typing import Any

import asyncpg

from events.domain.refusal import Refusal
from queries.consistency import SQL
from queries.order_counts import FACETS
from queries.order_filter import OrderFilter, Place, Word
from queries.order_statements import SEARCH

WALK = 200
"""Orders that one page looks at, at most."""

MOST_COMPLETIONS = 30
"""Words that a beginning may stand for, where nothing else leads to the orders."""


class SearchTooBroad(Refusal):
    """More words begin like this than can be looked up."""

    code = "search_too_broad"


async def search_orders(
    db: asyncpg.Pool,
    tenant: str,
    wanted: OrderFilter,
    orders_of_user: int,
    after: Place | None,
    limit: int,
) -> list[Any]:
    """Rows of orders, `limit` at most; then, where the walk ended before the list, one without a document.

    `orders_of_user`: how many the user has, where one is named. Raises SearchTooBroad.
    """
    along = await _way(db, tenant, wanted, orders_of_user)
    rows: list[Any] = await db.fetch(
        SEARCH["user" if along is None else "words", wanted.sort],
        *(tenant, wanted.user_id, limit, WALK, *wanted.bounds(after), along),
        [word.text for word in wanted.words],
        [word.highest for word in wanted.words],
        *(wanted.standing.get(kind) for kind in FACETS),
    )
    return rows


async def _way(db: asyncpg.Pool, tenant: str, wanted: OrderFilter, orders_of_user: int) -> list[str] | None:
    """The words along whose orders to walk; None: along the user's."""
    if wanted.user_id is not None and orders_of_user <= WALK:
        return None
    whole = [word.text for word in wanted.words if not word.prefix]
    if whole:
        rows = await db.fetch(SQL.count_word_orders, tenant, whole, WALK + 1)
        rarest = min(rows, key=lambda row: row["orders"])
        # None is rare: a user's orders are then the better way, for all of them are the user's.
        return None if wanted.user_id is not None and rarest["orders"] > WALK else [rarest["word"]]
    return None if wanted.user_id is not None else await _completions(db, tenant, max(wanted.words, key=_length))


async def _completions(db: asyncpg.Pool, tenant: str, word: Word) -> list[str]:
    rows = await db.fetch(SQL.words_from, tenant, word.text, word.highest, MOST_COMPLETIONS + 1)
    if len(rows) > MOST_COMPLETIONS:
        raise SearchTooBroad(f"More than {MOST_COMPLETIONS} words begin with {word.text}: write more of it.")
    return [row["word"] for row in rows]


def _length(word: Word) -> int:
    return len(word.text)

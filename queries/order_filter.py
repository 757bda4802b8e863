"""Which orders are asked for, in which order, and from where on."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, NamedTuple
from uuid import UUID

from pydantic_core import to_json

from events.search_words import HIGHEST, word_of

Sort = Literal["-placed_at", "placed_at", "-total_cents", "total_cents"]
SORTS: dict[Sort, tuple[str, str]] = {
    "-placed_at": ("placed_at", "DESC"),
    "placed_at": ("placed_at", "ASC"),
    "-total_cents": ("total_cents", "DESC"),
    "total_cents": ("total_cents", "ASC"),
}
"""What lists may be sorted by → the column, and its direction: what an index has, however deep one reads."""

MOST_WORDS = 8
SHORTEST_PREFIX = 2
_LAST_POSITION = 2**63 - 1


class Word(NamedTuple):
    """A word that an order must have, or with `prefix` the beginning of one."""

    text: str
    prefix: bool

    @property
    def highest(self) -> str:
        """The highest of all words that will do; the lowest is the text."""
        return self.text + HIGHEST if self.prefix else self.text


class Place(NamedTuple):
    """A place in a list: between two orders, or before or after all."""

    key: datetime | int
    position: int


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """What is asked for. `user_id` None: everyone's. Empty statuses: any. The times are half-open: [from, to)."""

    user_id: UUID | None = None
    statuses: frozenset[str] = frozenset()
    payment_statuses: frozenset[str] = frozenset()
    fulfillment_statuses: frozenset[str] = frozenset()
    placed_from: datetime | None = None
    placed_to: datetime | None = None
    words: tuple[Word, ...] = ()
    sort: Sort = "-placed_at"

    @property
    def key(self) -> str:
        """The column that the list is sorted by."""
        return SORTS[self.sort][0]

    @property
    def descends(self) -> bool:
        """Whether the highest comes first."""
        return SORTS[self.sort][1] == "DESC"

    @property
    def standing(self) -> dict[str, frozenset[str]]:
        """What is said of statuses, by their kind."""
        said = {
            "status": self.statuses,
            "payment_status": self.payment_statuses,
            "fulfillment_status": self.fulfillment_statuses,
        }
        return {kind: statuses for kind, statuses in said.items() if statuses}

    @property
    def counted(self) -> bool:
        """Whether the kept counts tell how many orders these are."""
        return not (self.words or self.placed_from or self.placed_to)

    @property
    def name(self) -> str:
        """Says all of it: the cursors of two lists are the same only where their names are."""
        said = {
            "user": self.user_id,
            "statuses": [sorted(one) for one in (self.statuses, self.payment_statuses, self.fulfillment_statuses)],
            "placed": (self.placed_from, self.placed_to),
            "words": sorted(set(self.words)),
            "sort": self.sort,
        }
        return "orders " + to_json(said).decode()

    def bounds(self, after: Place | None) -> tuple[datetime | int, int, datetime | int, int]:
        """Between which two places the rest of the list is, both exclusive: lower key and position, upper ones."""
        if self.key == "placed_at":
            lower = Place(self.placed_from or datetime.min.replace(tzinfo=UTC), 0)
            upper = Place(self.placed_to or datetime.max.replace(tzinfo=UTC), 0)
        else:
            lower, upper = Place(-1, 0), Place(_LAST_POSITION, _LAST_POSITION)
        if after is not None:
            lower, upper = (lower, after) if self.descends else (after, upper)
        return (*lower, *upper)


def asked_words(text: str) -> tuple[Word, ...]:
    """The words of a search: what stands between blanks; one that ends in `*` is the beginning of a word."""
    found = (Word(word_of(term), term.endswith("*")) for term in text.split())
    return tuple(dict.fromkeys(word for word in found if word.text))

"""Which orders a client asks for, in the query string of the list."""

from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Any, get_args
from uuid import UUID

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema, field_validator
from pydantic.json_schema import JsonSchemaValue

from api.as_of import AsOf
from api.order_schemas import FulfillmentStatus, PaymentStatus
from api.paging import Limit, Paging
from commands.change_order_status import Status
from commands.past_order import Moment
from commands.text import Text
from queries.list_orders import DEEPEST
from queries.order_filter import MOST_WORDS, SHORTEST_PREFIX, SORTS, OrderFilter, Sort, asked_words


class _Among:
    """One or several of some names, separated by commas."""

    def __init__(self, names: Any) -> None:
        """`names`: a Literal."""
        self.names: Collection[str] = get_args(names)

    def __call__(self, value: object) -> object:
        chosen = frozenset(value.split(",")) if isinstance(value, str) else value
        if not isinstance(chosen, frozenset) or not chosen <= set(self.names):
            raise ValueError(f"one or several of these, separated by commas: {', '.join(self.names)}")
        return chosen

    @property
    def schema(self) -> JsonSchemaValue:
        return {"type": "array", "items": {"type": "string", "enum": list(self.names)}}


_STATUS, _PAYMENT, _FULFILLMENT = _Among(Status), _Among(PaymentStatus), _Among(FulfillmentStatus)
_OF_TIME = ("status", "payment_status", "fulfillment_status", "placed_from", "placed_to", "q")
"""Filters that no order by totals has an index for."""


class OrderQuery(Paging, AsOf):
    """Which orders, and which page of them: by `cursor`, or by `page` and `per_page`."""

    status: Annotated[frozenset[str], BeforeValidator(_STATUS), WithJsonSchema(_STATUS.schema)] = frozenset()
    payment_status: Annotated[frozenset[str], BeforeValidator(_PAYMENT), WithJsonSchema(_PAYMENT.schema)] = frozenset()
    fulfillment_status: Annotated[
        frozenset[str], BeforeValidator(_FULFILLMENT), WithJsonSchema(_FULFILLMENT.schema)
    ] = frozenset()
    user_id: UUID | None = None
    placed_from: Annotated[Moment, Field(description="at this moment or later; RFC 3339 with its zone")] | None = None
    placed_to: Annotated[Moment, Field(description="before this moment; RFC 3339 with its zone")] | None = None
    q: (
        Annotated[str, Text(1, 200), Field(description="words of an order; one that ends in * is a beginning")] | None
    ) = None
    sort: Sort = "-placed_at"
    facets: Annotated[bool, Field(description="tell how many orders have which statuses")] = False
    per_page: Limit | None = None
    page: Annotated[int, Field(ge=1, le=1_000_000)] | None = None

    def asks(self, user_id: UUID | None) -> OrderFilter:
        """The orders that are asked for, of this user or (None) of everyone."""
        return OrderFilter(
            user_id=user_id,
            statuses=self.status,
            payment_statuses=self.payment_status,
            fulfillment_statuses=self.fulfillment_status,
            placed_from=self.placed_from,
            placed_to=self.placed_to,
            words=() if self.q is None else asked_words(self.q),
            sort=self.sort,
        )

    @field_validator("placed_to")
    @classmethod
    def _after_its_beginning(cls, placed_to: datetime | None, info: ValidationInfo) -> datetime | None:
        begin = info.data.get("placed_from")
        if placed_to is not None and begin is not None and placed_to < begin:
            raise ValueError("the end of a range is not before its beginning")
        return placed_to

    @field_validator("q")
    @classmethod
    def _some_words(cls, text: str | None) -> str | None:
        if text is not None:
            words = asked_words(text)
            if not 1 <= len(words) <= MOST_WORDS:
                raise ValueError(f"a search has 1 to {MOST_WORDS} words of letters or digits")
            if any(word.prefix and len(word.text) < SHORTEST_PREFIX for word in words):
                raise ValueError(
                    f"the beginning of a word has at least {SHORTEST_PREFIX} letters or digits before its *"
                )
        return text

    @field_validator("sort")
    @classmethod
    def _with_an_index(cls, sort: Sort, info: ValidationInfo) -> Sort:
        if SORTS[sort][0] == "total_cents":
            filters = [name for name in _OF_TIME if info.data.get(name)]
            if filters:
                raise ValueError(f"orders by their totals are listed without {', '.join(filters)}")
        return sort

    @field_validator("page", "per_page")
    @classmethod
    def _within_reach(cls, number: int | None, info: ValidationInfo) -> int | None:
        if number is None:
            return None
        if info.data.get("cursor") is not None:
            raise ValueError("page by cursor or by number, not both")
        if info.data.get("q") is not None:
            raise ValueError("a search goes on by cursor, not by number")
        if info.field_name == "page" and number * (info.data.get("per_page") or 50) > DEEPEST:
            raise ValueError(f"numbered pages end after {DEEPEST:,} orders: go on by cursor")
        return number

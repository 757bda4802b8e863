"""A past order: one line of an import file, and what it has to be."""

import json
import re
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from commands.add_address import AddressCreate
from commands.add_product import ProductName, SkuText
from commands.change_order_status import Status
from commands.text import Text
from events.codec import rfc3339
from events.domain.money import Cents, Currency
from events.domain.statuses import NEXT_STATUSES

MOST_ITEMS = 1_000
BOUND = 2**63
"""Quantities and amounts stay below this, each and together: whoever reads them may count in 64 bits."""

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)


def _written_as_rfc3339(value: object) -> object:
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        raise ValueError("a time is RFC 3339 with its zone, like 1996-07-04T10:15:00Z")
    return value


def _in_utc(value: datetime) -> datetime:
    try:
        moment = value.astimezone(UTC)
    except OverflowError:
        raise ValueError("a time is within the years 1900 to 9999") from None
    if moment < _EARLIEST:
        raise ValueError("a time is within the years 1900 to 9999")
    return moment


Reference = Annotated[str, Text(1, 200)]
Email = Annotated[str, Text(3, 254), Field(pattern=r"^[^@\s]+@[^@\s]+$")]
Moment = Annotated[AwareDatetime, BeforeValidator(_written_as_rfc3339), AfterValidator(_in_utc)]
Amount = Annotated[int, Field(ge=0, lt=BOUND, strict=True)]


class _Part(BaseModel):
    """A part of a line: nothing in it that is not known, and null means that it is not there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, data: Any) -> Any:
        return {k: v for k, v in data.items() if v is not None} if isinstance(data, dict) else data


class PastCustomer(_Part):
    """Who ordered."""

    reference: Reference
    name: Annotated[str, Text(1, 200)]
    email: Email


class PastItem(_Part):
    """One line, as it was sold: `name` and `price_cents` are its own, whatever the catalogue says."""

    sku: SkuText
    name: ProductName
    quantity: Annotated[int, Field(ge=1, lt=BOUND, strict=True)]
    price_cents: Annotated[Cents, Field(strict=True)]
    discount_cents: Amount = 0

    @property
    def gross_cents(self) -> int:
        """Price × quantity."""
        return self.price_cents * self.quantity

    @model_validator(mode="after")
    def _discount_is_part_of_it(self) -> Self:
        if self.discount_cents > self.gross_cents:
            raise ValueError("a discount is at most price × quantity")
        return self


class PastStatus(_Part):
    """A status, and since when it had it."""

    status: Status
    at: Moment


class PastOrder(_Part):
    """One line of an import file. `reference` is what the other system calls the order."""

    reference: Reference
    customer: PastCustomer
    currency: Currency
    items: Annotated[list[PastItem], Field(min_length=1, max_length=MOST_ITEMS)]
    shipping_cents: Amount = 0
    shipping_address: AddressCreate
    history: Annotated[list[PastStatus], Field(min_length=1, max_length=len(NEXT_STATUSES))]

    @property
    def gross_cents(self) -> int:
        """Price × quantity of all lines."""
        return sum(item.gross_cents for item in self.items)

    @property
    def discount_cents(self) -> int:
        """The discounts of all lines."""
        return sum(item.discount_cents for item in self.items)

    @property
    def total_cents(self) -> int:
        """Lines less discounts, and shipping."""
        return self.gross_cents - self.discount_cents + self.shipping_cents

    @model_validator(mode="after")
    def _amounts_are_bounded(self) -> Self:
        if self.gross_cents + self.shipping_cents >= BOUND:
            raise ValueError("the amounts of an order stay below 2⁶³ together")
        return self

    @model_validator(mode="after")
    def _history_is_a_way(self) -> Self:
        if self.history[0].status != "pending":
            raise ValueError("a history begins with pending")
        for before, after in zip(self.history, self.history[1:], strict=False):
            if after.status not in NEXT_STATUSES[before.status]:
                raise ValueError(f"an order that is {before.status} cannot become {after.status}")
            if after.at < before.at:
                raise ValueError("the times of a history do not decrease")
        return self

    def fingerprint(self) -> str:
        """A hash of what the line says: the order of its members, blanks, zones and null do not count."""
        content = self.model_dump(exclude_none=True)
        content["history"] = [[entry.status, rfc3339(entry.at)] for entry in self.history]
        return blake2b(json.dumps(content, sort_keys=True).encode(), digest_size=16).hexdigest()

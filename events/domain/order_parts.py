"""What an order is made of."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, NotRequired, TypedDict

from events.domain.line_ledger import Part


class Address(TypedDict):
    """Where an order goes. Personal data: sealed wherever it is stored in the log."""

    recipient: str
    line1: str
    line2: NotRequired[str | None]
    city: str
    region: NotRequired[str | None]
    postal_code: NotRequired[str | None]
    country: str


class Line(TypedDict):
    """One line of an order: name and price as they were when it was placed."""

    id: str
    product_id: str
    product_name: str
    quantity: int
    price_cents: int
    discount_cents: int


def line_total(line: Line) -> int:
    """Cents: price × quantity − discount."""
    return line["price_cents"] * line["quantity"] - line["discount_cents"]


def share_of(line: Line, quantity: int) -> int:
    """Cents of a line's total that fall to its first so many units.

    A total that does not divide evenly is split by largest remainder, so the shares of all units sum to the whole.
    """
    each, rest = divmod(line_total(line), line["quantity"])
    return each * quantity + min(rest, quantity)


class Hold(TypedDict):
    """Why an order waits, and before which step: `confirm` or `ship`."""

    id: str
    reason: str
    gate: str


class Shipment(NamedTuple):
    """What left the house together. `delivered_at` None: it is under way."""

    items: Sequence[Part]
    carrier: str | None
    tracking: str | None
    shipped_at: datetime
    delivered_at: datetime | None = None


class Return(NamedTuple):
    """What is to come back, and what of it has."""

    items: Sequence[Part]
    requested_at: datetime
    received: Sequence[Part] = ()

    def awaited(self, item_id: str) -> int:
        """Units of a line that have not come back yet."""
        return quantity_of(self.items, item_id) - quantity_of(self.received, item_id)


class ReceivedPart(Part):
    """Units that came back: into the stock again (`restock`), or not (`discard`)."""

    disposition: str


def quantity_of(parts: Sequence[Part], item_id: str) -> int:
    """How many units of a line there are among these parts."""
    return sum(part["quantity"] for part in parts if part["item_id"] == item_id)

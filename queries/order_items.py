"""An order in a list, as JSON: what never changes of it is kept ready-made, the rest is put in as it is read.

In Python, for it is the same for most orders of a page and remembered: the database took 20 µs an order for it.
"""

from typing import Any

from pydantic_core import from_json

from events.caller import Caller
from events.codec import rfc3339
from events.domain.statuses import Statuses
from events.order_json import NO_GATES, order_object, standing_members

_rfc3339 = rfc3339.__wrapped__
"""Unremembered: each order's time is its own."""


class OrderItems:
    """Shows orders to one caller."""

    def __init__(self, caller: Caller) -> None:
        self._subject = caller.subject
        self._manages = caller.may("orders:manage")
        self._pays = caller.may("payments:manage")

    def item(self, row: Any) -> str:
        """A row with the columns of sql/orders/columns.sql as the `Order` of the public contract."""
        holds = row["holds"]
        standing = standing_members(
            Statuses(row["status"], row["fulfillment_status"], row["return_status"], row["payment_status"]),
            row["payment_terms"],
            NO_GATES if holds == "[]" else frozenset(hold["gate"] for hold in from_json(holds)),
            mine=row["user_id"] == self._subject,
            manages=self._manages,
            pays=self._pays,
        )
        return order_object(row["document"], standing, holds, row["version"], _rfc3339(row["updated_at"]))

"""An order in a list, as JSON: what never changes of it is kept ready-made, the rest is put in as it is read.

In Python, for it is the same for most orders of a page and remembered: the database took 20 µs an order for it.
"""

from functools import lru_cache
from typing import Any

from pydantic_core import from_json, to_json

from events.caller import Caller
from events.codec import rfc3339
from events.domain.statuses import Statuses, allowed_after
from events.order_actions import actions_of

_NO_GATES: frozenset[str] = frozenset()
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
        standing = _standing(
            Statuses(row["status"], row["fulfillment_status"], row["return_status"], row["payment_status"]),
            row["payment_terms"],
            _NO_GATES if holds == "[]" else frozenset(hold["gate"] for hold in from_json(holds)),
            mine=row["user_id"] == self._subject,
            manages=self._manages,
            pays=self._pays,
        )
        return (
            f'{{{row["document"]},{standing},"holds":{holds},"version":{row["version"]},'
            f'"updated_at":"{_rfc3339(row["updated_at"])}"}}'
        )


@lru_cache(maxsize=4_096)
def _standing(
    statuses: Statuses, payment_terms: str, gates: frozenset[str], *, mine: bool, manages: bool, pays: bool
) -> str:
    """Where an order stands, and what may be done with it, as members of a JSON object."""
    actions = actions_of(statuses, payment_terms, gates, mine=mine, manages=manages, pays=pays)
    allowed = allowed_after(statuses.status, statuses.fulfillment_status)
    return to_json({**statuses._asdict(), "allowed_statuses": allowed, "allowed_actions": actions})[1:-1].decode()

"""What an order holds of the stock, told from its events: the one rule by which stock can be counted again."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from events.domain.line_ledger import Part

GIVES_BACK = frozenset({"OrderLinesCancelled", "OrderCancelled", "OrderExpired", "OrderReturnReceived"})
"""The events after which there may be more of a product."""


class HeldStock:
    """One order's. It takes its units when it is placed, and gives back those that are cancelled, or come back and can
    be sold again; what is shipped is gone. An imported order holds nothing."""

    def __init__(self) -> None:
        self._products: dict[str, UUID] = {}
        self._open: Counter[str] = Counter()

    def post(self, event_type: str, fields: Mapping[str, Any]) -> Mapping[UUID, int]:
        """Product → by how many more (or fewer) units of it there are after this event, the order's next."""
        match event_type:
            case "OrderPlaced":
                self._products = {line["id"]: UUID(line["product_id"]) for line in fields["lines"]}
                self._open = Counter({line["id"]: line["quantity"] for line in fields["lines"]})
                return self._units(self._open, -1)
            case "OrderShipped":
                items = fields["items"]
                self._open = Counter() if items is None else self._open - _counted(items)
            case "OrderLinesCancelled":
                cancelled = _counted(fields["items"])
                self._open -= cancelled
                return self._units(cancelled)
            case "OrderCancelled" | "OrderExpired":
                rest, self._open = self._open, Counter()
                return self._units(rest)
            case "OrderReturnReceived":
                return self._units(_counted(one for one in fields["items"] if one["disposition"] == "restock"))
        return {}

    def _units(self, counted: Counter[str], sign: int = 1) -> Counter[UUID]:
        units: Counter[UUID] = Counter()
        for item_id, quantity in counted.items():
            if item_id in self._products:
                units[self._products[item_id]] += sign * quantity
        return units


def _counted(parts: Iterable[Part]) -> Counter[str]:
    return Counter({part["item_id"]: part["quantity"] for part in parts})

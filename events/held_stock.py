"""What an order holds of the stock, told from its events: the one rule by which stock can be counted again."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from events.domain.line_ledger import Part
from events.domain.product import backorders_of

MOVES = frozenset(
    {"OrderBackorderFilled", "OrderLinesCancelled", "OrderCancelled", "OrderExpired", "OrderReturnReceived"}
)
"""The events after which there may be more of a product, or less, but for the order's first."""


class Moved(NamedTuple):
    """Product → by how many more (or fewer) units of it there are: in the stock, and to be ordered beyond it."""

    stock: Counter[UUID]
    backorders: Counter[UUID]


class HeldStock:
    """One order's. It takes its units when it is placed, as far as they are there; the others are to come, and count
    against the product's backorders until they are filled. It gives back what is cancelled, and what comes back and can
    be sold again; what is shipped is gone. An imported order holds nothing."""

    def __init__(self) -> None:
        self._products: dict[str, UUID] = {}
        self._open: Counter[str] = Counter()
        self.to_come: Counter[str] = Counter()
        """Line → units that are to come."""

    def post(self, event_type: str, fields: Mapping[str, Any]) -> Moved:
        """What moves with this event, the order's next."""
        match event_type:
            case "OrderPlaced":
                self._products = {line["id"]: UUID(line["product_id"]) for line in fields["lines"]}
                self._open = Counter({line["id"]: line["quantity"] for line in fields["lines"]})
                self.to_come = _counted(fields.get("backordered") or ())
                return Moved(self._units(self._open - self.to_come, -1), self._units(self.to_come, -1))
            case "OrderShipped":
                items = fields["items"]
                self._open = Counter() if items is None else self._open - _counted(items)
            case "OrderBackorderFilled":
                filled = _counted(fields["items"])
                self.to_come -= filled
                return Moved(self._units(filled, -1), self._units(filled))
            case "OrderLinesCancelled":
                return self._given_up(_counted(fields["items"]))
            case "OrderCancelled" | "OrderExpired":
                return self._given_up(self._open)
            case "OrderReturnReceived":
                restocked = _counted(one for one in fields["items"] if one["disposition"] == "restock")
                return Moved(self._units(restocked), Counter())
        return Moved(Counter(), Counter())

    def product_of(self, item_id: str) -> UUID:
        """The product of a line."""
        return self._products[item_id]

    def _given_up(self, cancelled: Counter[str]) -> Moved:
        """Those go first that are still to come."""
        to_come = cancelled & self.to_come
        self._open = self._open - cancelled
        self.to_come = self.to_come - to_come
        return Moved(self._units(cancelled - to_come), self._units(to_come))

    def _units(self, counted: Counter[str], sign: int = 1) -> Counter[UUID]:
        units: Counter[UUID] = Counter()
        for item_id, quantity in counted.items():
            if item_id in self._products:
                units[self._products[item_id]] += sign * quantity
        return units


def taken_by(placed: Mapping[str, Any]) -> Iterable[tuple[str, int]]:
    """Product id, as text, → how many units of the stock an order takes that is placed; what is short is not taken."""
    if not placed.get("backordered"):
        return [(line["product_id"], line["quantity"]) for line in placed["lines"]]
    return [(str(product), -units) for product, units in HeldStock().post("OrderPlaced", placed).stock.items()]


def units_moved(
    held: HeldStock, event_type: str, stream_id: UUID, fields: Mapping[str, Any]
) -> Iterator[tuple[UUID, int]]:
    """What one event moves of the guarded quantities: of which, and by how much. `held`: of its stream, before it."""
    if event_type in ("ProductStockReceived", "ProductStockAdjusted"):
        yield stream_id, fields["quantity"]
    elif event_type == "ProductBackorderLimitSet":
        yield backorders_of(stream_id), fields["change"]
    moved = held.post(event_type, fields)
    yield from moved.stock.items()
    for product_id, units in moved.backorders.items():
        yield backorders_of(product_id), units


def _counted(parts: Iterable[Part]) -> Counter[str]:
    return Counter({part["item_id"]: part["quantity"] for part in parts})

"""The line ledger: of every line of an order, what became of its units. Statuses follow from it (statuses.py).

Always, for each line and for all together: nothing is negative, cancelled + shipped + open = ordered, reserved +
backordered = open, and returned ≤ delivered ≤ shipped.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypedDict

from events.domain.refusal import Refusal


class Part(TypedDict):
    """So many units of one line."""

    item_id: str
    quantity: int


class Units(NamedTuple):
    """What became of the units of a line."""

    ordered: int
    cancelled: int = 0
    shipped: int = 0
    delivered: int = 0
    returned: int = 0
    backordered: int = 0

    @property
    def open(self) -> int:
        """Those that are neither cancelled nor shipped."""
        return self.ordered - self.cancelled - self.shipped

    @property
    def reserved(self) -> int:
        """Those that are open and lie in the stock for this order; the others are still to come."""
        return self.open - self.backordered

    def plus(self, column: int, quantity: int) -> "Units":
        """With so many more in a column, by its number."""
        units = list(self)
        units[column] += quantity
        return Units(*units)


class UnknownItem(Refusal):
    code = "unknown_item"


class ExceedsOpen(Refusal):
    """More than is left of a line for what is asked."""

    code = "exceeds_open"


@dataclass(frozen=True, slots=True)
class LineLedger:
    """`lines`: item id → its units; `total`: all of them together. An entry makes another ledger of it."""

    lines: Mapping[str, Units]
    total: Units

    @classmethod
    def opened(cls, lines: Iterable[Mapping[str, Any]], backordered: Iterable[Part] = ()) -> "LineLedger":
        """The ledger of an order that was just placed."""
        units = {line["id"]: Units(line["quantity"]) for line in lines}
        ledger = cls(units, Units(sum(line.ordered for line in units.values())))
        return ledger.entered("backordered", backordered) if backordered else ledger

    def entered(self, name: str, parts: Iterable[Part], sign: int = 1) -> "LineLedger":
        """The ledger with these units in the column of this name too, or taken from it."""
        column = Units._fields.index(name)
        lines, entered = dict(self.lines), 0
        for part in parts:
            item_id, quantity = part["item_id"], sign * part["quantity"]
            lines[item_id] = lines[item_id].plus(column, quantity)
            entered += quantity
        return LineLedger(lines, self.total.plus(column, entered))

    def cancelled(self, parts: Iterable[Part]) -> "LineLedger":
        """The ledger with these units cancelled: those first that are still to come."""
        parts = list(parts)
        return self.entered("cancelled", parts).entered("backordered", self.to_come(parts), -1)

    def to_come(self, parts: Iterable[Part]) -> list[Part]:
        """What of these units is not in the stock yet, if those go first."""
        counted = ((one["item_id"], min(one["quantity"], self.lines[one["item_id"]].backordered)) for one in parts)
        return [Part(item_id=item_id, quantity=quantity) for item_id, quantity in counted if quantity]

    def all(self, count: Callable[[Units], int]) -> list[Part]:
        """Of every line so many units as `count` tells, where that is not 0."""
        counted = ((item_id, count(units)) for item_id, units in self.lines.items())
        return [Part(item_id=item_id, quantity=quantity) for item_id, quantity in counted if quantity]

    def check(self, parts: Iterable[Part], count: Callable[[str, Units], int], what: str) -> None:
        """Hold parts to what there is of each line, as `count` tells by its id. Raises UnknownItem, ExceedsOpen."""
        for part in parts:
            item_id, asked = part["item_id"], part["quantity"]
            if item_id not in self.lines:
                raise UnknownItem("The order has no such line.", item_id=item_id)
            left = count(item_id, self.lines[item_id])
            if asked > left:
                raise ExceedsOpen(
                    f"Of this line {left} can be {what}, and {asked} were asked for.",
                    item_id=item_id,
                    asked=asked,
                    left=left,
                )

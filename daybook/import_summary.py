"""What an import came to: counts, and sums over the orders of the file that are now in the log."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from commands.past_order import PastOrder


@dataclass(slots=True)
class Sums:
    """One currency's sums, in its minor units."""

    gross: int = 0
    discounts: int = 0
    shipping: int = 0
    totals: int = 0


@dataclass(slots=True)
class Summary:
    """Counted order by order. One that is in the file twice is summed once, so references are remembered."""

    imported: int = 0
    unchanged: int = 0
    refused: int = 0
    lines: int = 0
    units: int = 0
    sums: dict[str, Sums] = field(default_factory=dict)
    statuses: Counter[str] = field(default_factory=Counter)
    orders: set[str] = field(default_factory=set)
    customers: set[str] = field(default_factory=set)
    products: set[str] = field(default_factory=set)

    def count(self, past: PastOrder, *, new: bool) -> None:
        """Count an order that is in the log, `new` with this line or from before."""
        if new:
            self.imported += 1
        else:
            self.unchanged += 1
        if past.reference in self.orders:
            return
        self.orders.add(past.reference)
        self.customers.add(past.customer.reference)
        self.products.update(item.sku for item in past.items)
        self.lines += len(past.items)
        self.units += sum(item.quantity for item in past.items)
        self.statuses[past.history[-1].status] += 1
        sums = self.sums.setdefault(past.currency, Sums())
        sums.gross += past.gross_cents
        sums.discounts += past.discount_cents
        sums.shipping += past.shipping_cents
        sums.totals += past.total_cents

    def rows(self) -> Iterator[tuple[str, int]]:
        """What to print: name and figure, amounts in minor units."""
        yield "orders imported", self.imported
        yield "orders unchanged", self.unchanged
        yield "orders refused", self.refused
        yield "lines", self.lines
        yield "units", self.units
        yield "distinct customers", len(self.customers)
        yield "distinct products", len(self.products)
        for status, orders in sorted(self.statuses.items()):
            yield f"last status {status}", orders
        for currency, sums in sorted(self.sums.items()):
            yield f"{currency} sum of price x quantity", sums.gross
            yield f"{currency} sum of discounts", sums.discounts
            yield f"{currency} sum of shipping", sums.shipping
            yield f"{currency} sum of order totals", sums.totals

    def text(self) -> str:
        """The rows as aligned lines."""
        rows = list(self.rows())
        names = max(len(name) for name, _ in rows)
        figures = max(len(str(figure)) for _, figure in rows)
        return "\n".join(f"{name:<{names}}  {figure:>{figures}}" for name, figure in rows)

"""Give what is in the stock to the orders that wait for it, the oldest first."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from eventsourcing.domain import Aggregate

from commands.command import Command, Decision, Known, Request
from events.domain.line_ledger import Part
from events.domain.order import Order


def fill_orders(
    orders: Iterable[Aggregate | None], product_id: UUID, units: int
) -> tuple[Sequence[Order], Mapping[UUID, int]]:
    """Give so many units of a product to these orders, in this order; answers those that got some, and what that
    changes of the guarded quantities."""
    filled: list[Order] = []
    change: dict[UUID, int] = {}
    for order in orders:
        if not isinstance(order, Order) or not units:
            continue
        for line in order.lines:
            waiting = order.ledger.lines[line["id"]].backordered
            given = min(units, waiting) if line["product_id"] == str(product_id) else 0
            if given:
                parts = [Part(item_id=line["id"], quantity=given)]
                for quantity_id, by in order.filled(parts).items():
                    change[quantity_id] = change.get(quantity_id, 0) + by
                order.fill_backorder(parts)
                units -= given
                filled.append(order)
    return filled, change


def owners_of(orders: Iterable[Order]) -> Mapping[UUID, UUID]:
    """Order → whose it is."""
    return {order.id: UUID(order.user_id) for order in orders}


@dataclass(frozen=True, slots=True)
class FillBackorders(Command):
    """`waiting`: the orders that wait for this product, the oldest first."""

    product_id: UUID
    waiting: Sequence[UUID]

    def streams(self, request: Request) -> Iterable[UUID]:
        return self.waiting

    def counted(self, request: Request) -> Iterable[UUID]:
        return (self.product_id,)

    def decide(self, known: Known, request: Request) -> Decision:
        waiting = [known[order_id] for order_id in self.waiting]
        filled, change = fill_orders(waiting, self.product_id, known.available[self.product_id])
        return Decision(200, b"", 0, changed=filled, stock=change, owners=owners_of(filled))

    def fingerprint(self) -> bytes:
        return f"fill_backorders {self.product_id}".encode()

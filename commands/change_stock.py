"""Stock that came in (+), or a correction of the count (−). What is reserved cannot be taken away."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import to_json

from commands.change_product import known_product
from commands.command import Command, Decision, Known, Request, check_version
from commands.fill_backorders import fill_orders, owners_of
from commands.text import Text
from events.domain.order import Order
from events.product_document import product_document


def _not_zero(value: int) -> int:
    if value == 0:
        raise ValueError("a change of stock is not zero")
    return value


class StockChange(BaseModel):
    """Units to add or to take away, and why."""

    model_config = ConfigDict(extra="forbid")

    quantity: Annotated[int, Field(ge=-(10**9), le=10**9, strict=True), AfterValidator(_not_zero)]
    reason: Annotated[str, Text(1, 500)]


@dataclass(frozen=True, slots=True)
class ChangeStock(Command):
    """`waiting`: orders that wait for units of the product, the oldest first: what comes in is theirs before it is
    anybody's, in the same commit."""

    product_id: UUID
    change: StockChange
    waiting: Sequence[UUID] = ()

    def streams(self, request: Request) -> Iterable[UUID]:
        return (self.product_id, *self.waiting)

    def counted(self, request: Request) -> Iterable[UUID]:
        return (self.product_id,)

    def decide(self, known: Known, request: Request) -> Decision:
        product = known_product(known, self.product_id)
        check_version(request, product)
        quantity, reason = self.change.quantity, self.change.reason
        filled: Sequence[Order] = ()
        stock: Mapping[UUID, int] = {}
        if quantity > 0:
            product.receive_stock(quantity, reason)
            filled, stock = fill_orders((known[order_id] for order_id in self.waiting), product.id, quantity)
        else:
            product.adjust_stock(quantity, reason)
        change = quantity + stock.get(product.id, 0)
        return Decision(
            status=200,
            body=to_json(product_document(product, known.available[product.id] + change)),
            version=product.version,
            changed=(product, *filled),
            stock={**stock, product.id: change},
            owners=owners_of(filled),
        )

    def fingerprint(self) -> bytes:
        return f"change_stock {self.product_id} ".encode() + to_json(self.change)

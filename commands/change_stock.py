"""Stock that came in (+), or a correction of the count (−). What is reserved cannot be taken away."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import to_json

from commands.change_product import known_product
from commands.command import Command, Decision, Known, Request, check_version
from commands.text import Text
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
    product_id: UUID
    change: StockChange

    def streams(self, request: Request) -> Iterable[UUID]:
        return (self.product_id,)

    def counted(self, request: Request) -> Iterable[UUID]:
        return (self.product_id,)

    def decide(self, known: Known, request: Request) -> Decision:
        product = known_product(known, self.product_id)
        check_version(request, product)
        quantity, reason = self.change.quantity, self.change.reason
        if quantity > 0:
            product.receive_stock(quantity, reason)
        else:
            product.adjust_stock(quantity, reason)
        return Decision(
            status=200,
            body=to_json(product_document(product, known.available[product.id] + quantity)),
            version=product.version,
            changed=(product,),
            stock={product.id: quantity},
        )

    def fingerprint(self) -> bytes:
        return f"change_stock {self.product_id} ".encode() + to_json(self.change)

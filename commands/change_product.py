"""Rename a product or change its price. Orders that stand keep what they were placed with."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from commands.add_product import ProductName
from commands.command import Command, Decision, Known, Request, check_version
from events.domain.money import Cents
from events.domain.product import Product, backorders_of
from events.domain.refusal import NotFound, Refusal
from events.product_document import product_document


class ProductChange(BaseModel):
    """What shall be different; what is not named stays."""

    model_config = ConfigDict(extra="forbid")

    name: ProductName | None = None
    price_cents: Annotated[Cents, Field(strict=True)] | None = None
    backorder_limit: Annotated[int, Field(ge=0, le=10**9, strict=True)] | None = None


class BackorderLimitInUse(Refusal):
    """More units are ordered beyond the stock than the new limit allows."""

    code = "backorder_limit_in_use"


@dataclass(frozen=True, slots=True)
class ChangeProduct(Command):
    product_id: UUID
    change: ProductChange

    def streams(self, request: Request) -> Iterable[UUID]:
        return (self.product_id,)

    def counted(self, request: Request) -> Iterable[UUID]:
        return (self.product_id,)

    def decide(self, known: Known, request: Request) -> Decision:
        product = known_product(known, self.product_id)
        check_version(request, product)
        if self.change.name is not None:
            product.rename(self.change.name)
        if self.change.price_cents is not None:
            product.change_price(self.change.price_cents)
        more = 0 if self.change.backorder_limit is None else product.set_backorder_limit(self.change.backorder_limit)
        changed = bool(product.pending_events)
        return Decision(
            status=200,
            body=to_json(product_document(product, known.available[product.id])),
            version=product.version,
            changed=(product,) if changed else (),
            read=() if changed else (product,),
            stock={backorders_of(product.id): more} if more else {},
        )

    def short_of(self, quantity_id: UUID, asked: int, left: int) -> Refusal:
        """The limit cannot fall below what is ordered beyond the stock."""
        limit = self.change.backorder_limit or 0
        return BackorderLimitInUse(
            f"Of this product {limit + asked - left} units are ordered beyond its stock: the limit cannot be lower.",
            product_id=str(self.product_id),
            in_use=limit + asked - left,
        )

    def fingerprint(self) -> bytes:
        return f"change_product {self.product_id} ".encode() + to_json(self.change)


def known_product(known: Known, product_id: UUID) -> Product:
    """The product. Raises NotFound."""
    product = known[product_id]
    if not isinstance(product, Product):
        raise NotFound("There is no such product.")
    return product

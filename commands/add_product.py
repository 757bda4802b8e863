"""Add a product to the catalogue, with its first stock. A SKU belongs to one product for ever."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from commands.command import Command, Decision, Known, Request
from commands.text import Text
from events.domain.money import Cents, Currency
from events.domain.product import Product, Sku
from events.domain.refusal import Refusal
from events.log.ids import new_id
from events.product_document import product_document

SkuText = Annotated[str, Text(1, 64)]
ProductName = Annotated[str, Text(1, 200)]
Units = Annotated[int, Field(ge=0, le=10**9, strict=True)]


class ProductCreate(BaseModel):
    """A product, its price in minor units, and how many there are."""

    model_config = ConfigDict(extra="forbid")

    sku: SkuText
    name: ProductName
    price_cents: Annotated[Cents, Field(strict=True)]
    currency: Currency = "USD"
    stock: Units = 0


class SkuTaken(Refusal):
    code = "sku_taken"


@dataclass(frozen=True, slots=True)
class AddProduct(Command):
    product: ProductCreate
    product_id: UUID = field(default_factory=new_id)

    def streams(self, request: Request) -> Iterable[UUID]:
        return (Sku.id_of(request.caller.tenant, self.product.sku),)

    def decide(self, known: Known, request: Request) -> Decision:
        wanted = self.product
        taken = known[Sku.id_of(request.caller.tenant, wanted.sku)]
        if isinstance(taken, Sku):
            raise SkuTaken("Another product has this SKU.", product_id=taken.product_id)
        product = Product.add(
            self.product_id,
            sku=wanted.sku,
            name=wanted.name,
            price_cents=wanted.price_cents,
            currency=wanted.currency,
        )
        if wanted.stock:
            product.receive_stock(wanted.stock, "first stock")
        return Decision(
            status=201,
            body=to_json(product_document(product, available=wanted.stock)),
            version=product.version,
            location=f"/products/{product.id}",
            changed=(Sku.assign(request.caller.tenant, wanted.sku, product.id), product),
            stock={product.id: wanted.stock},
        )

    def fingerprint(self) -> bytes:
        return b"add_product " + to_json(self.product)

"""Place an order: prices, names and address are copied into it, and its stock is reserved in the same commit."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

import uuid_utils
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import to_json
from uuid_utils.compat import uuid7

from commands.command import Command, Decision, Known, Request
from events.domain.customer import Customer
from events.domain.order import Order
from events.domain.order_parts import Line
from events.domain.product import Product
from events.domain.refusal import Refusal
from events.order_document import order_document


def _random_or_timed(value: UUID) -> UUID:
    if value.version not in (4, 7):
        raise ValueError("ids are UUIDs of version 4 or 7")
    return value


Identifier = Annotated[UUID, AfterValidator(_random_or_timed)]


class OrderItem(BaseModel):
    """One product and how many of it."""

    model_config = ConfigDict(extra="forbid")

    product_id: Identifier
    quantity: int = Field(ge=1, le=100, strict=True)


class OrderCreate(BaseModel):
    """What a customer asks for."""

    model_config = ConfigDict(extra="forbid")

    items: list[OrderItem] = Field(min_length=1, max_length=50)
    shipping_address_id: Identifier
    payment_terms: Literal["offline"] = "offline"


class DuplicateProduct(Refusal):
    code = "duplicate_product"


class UnknownAddress(Refusal):
    code = "unknown_address"


class UnknownProduct(Refusal):
    code = "unknown_product"


class MixedCurrency(Refusal):
    code = "mixed_currency"


@dataclass(frozen=True, slots=True)
class PlaceOrder(Command):
    """`number`: the short one that the order will have. Where there will be none it is lost: gaps do not matter."""

    order: OrderCreate
    number: str

    def streams(self, request: Request) -> Iterable[UUID]:
        return (request.caller.subject, *(item.product_id for item in self.order.items))

    def decide(self, known: Known, request: Request) -> Decision:
        user_id = request.caller.subject
        customer = known[user_id]
        address_id = str(self.order.shipping_address_id)
        address = customer.addresses.get(address_id) if isinstance(customer, Customer) else None
        products = self._products(known)
        if customer is None or address is None:
            raise UnknownAddress("You have no such address.", address_id=address_id)
        currencies = {product.currency for product in products}
        if len(currencies) > 1:
            raise MixedCurrency("An order is in one currency.", currencies=sorted(currencies))
        order = Order.place(
            uuid7(),
            number=self.number,
            user_id=str(user_id),
            currency=currencies.pop(),
            lines=self._lines(products),
            shipping_cents=0,
            shipping_address=address,
            payment_terms=self.order.payment_terms,
        )
        document = order_document(order)
        return Decision(
            status=201,
            body=to_json(document),
            version=order.version,
            location=f"/orders/{document['id']}",
            changed=(order,),
            read=(customer, *products),
            stock={item.product_id: -item.quantity for item in self.order.items},
            person=user_id,
            owner=user_id,
        )

    def fingerprint(self) -> bytes:
        return b"place_order " + to_json(self.order)

    def _products(self, known: Known) -> list[Product]:
        products: dict[UUID, Product] = {}
        for item in self.order.items:
            if item.product_id in products:
                raise DuplicateProduct("A product is listed at most once.", product_id=str(item.product_id))
            product = known[item.product_id]
            if not isinstance(product, Product):
                raise UnknownProduct("There is no such product.", product_id=str(item.product_id))
            products[item.product_id] = product
        return list(products.values())

    def _lines(self, products: Iterable[Product]) -> list[Line]:
        """Names and prices as they are now, for they may change and the order must not."""
        return [
            {
                "id": str(uuid_utils.uuid7()),
                "product_id": str(item.product_id),
                "product_name": product.name,
                "quantity": item.quantity,
                "price_cents": product.price_cents,
                "discount_cents": 0,
            }
            for item, product in zip(self.order.items, products, strict=True)
        ]

"""Place an order: prices, names and address are copied into it, and its stock is reserved in the same commit."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from commands.command import Command, Decision, InsufficientStock, Known, NotYours, Request
from events.codec import rfc3339
from events.domain.customer import Customer
from events.domain.line_ledger import Part
from events.domain.money import Cents
from events.domain.order import Order
from events.domain.order_parts import Line
from events.domain.product import Product, backorders_of
from events.domain.refusal import Refusal
from events.log.ids import id_of, new_id
from events.order_json import order_json


def _random_or_timed(value: UUID) -> UUID:
    if value.version not in (4, 7):
        raise ValueError("ids are UUIDs of version 4 or 7")
    return id_of(value)


Identifier = Annotated[UUID, AfterValidator(_random_or_timed)]


class OrderItem(BaseModel):
    """One product and how many of it."""

    model_config = ConfigDict(extra="forbid")

    product_id: Identifier
    quantity: int = Field(ge=1, le=100, strict=True)
    discount_cents: Annotated[Cents, Field(strict=True)] = 0


class OrderCreate(BaseModel):
    """What a customer asks for. Staff may order for a customer (`user_id`), give discounts, and charge for shipping."""

    model_config = ConfigDict(extra="forbid")

    items: list[OrderItem] = Field(min_length=1, max_length=50)
    shipping_address_id: Identifier
    payment_terms: Literal["offline", "online"] = "offline"
    user_id: UUID | None = None
    shipping_cents: Annotated[Cents, Field(strict=True)] = 0

    @property
    def is_special(self) -> bool:
        """Whether it asks for what only staff may give."""
        return bool(self.user_id or self.shipping_cents or any(item.discount_cents for item in self.items))


class DuplicateProduct(Refusal):
    code = "duplicate_product"


class UnknownAddress(Refusal):
    code = "unknown_address"


class UnknownProduct(Refusal):
    code = "unknown_product"


class MixedCurrency(Refusal):
    code = "mixed_currency"


class DiscountExceedsPrice(Refusal):
    code = "discount_exceeds_price"


PAY_WITHIN = timedelta(minutes=30)
"""How long an order that is paid online waits for its payment, unless a setting says otherwise."""


@dataclass(frozen=True, slots=True)
class PlaceOrder(Command):
    """`number`: the short one that the order will have. Where there will be none it is lost: gaps do not matter."""

    order: OrderCreate
    number: str
    pay_within: timedelta = PAY_WITHIN

    def streams(self, request: Request) -> Iterable[UUID]:
        return (self._user_id(request), *(item.product_id for item in self.order.items))

    def decide(self, known: Known, request: Request) -> Decision:
        if self.order.is_special and not request.caller.may("orders:place_for_any"):
            raise NotYours("Only staff order for others, give discounts, or charge for shipping.")
        user_id = self._user_id(request)
        customer = known[user_id]
        if isinstance(customer, Customer):
            customer.check_remembered()
        address_id = str(self.order.shipping_address_id)
        address = customer.addresses.get(address_id) if isinstance(customer, Customer) else None
        products = self._products(known)
        if customer is None or address is None:
            raise UnknownAddress("You have no such address.", address_id=address_id)
        currencies = {product.currency for product in products}
        if len(currencies) > 1:
            raise MixedCurrency("An order is in one currency.", currencies=sorted(currencies))
        lines = self._lines(products)
        backordered = self._backordered(lines, products, known)
        at = Order.Placed.create_timestamp()
        order = Order.place(
            new_id(),
            number=self.number,
            user_id=str(user_id),
            currency=currencies.pop(),
            lines=lines,
            shipping_cents=self.order.shipping_cents,
            shipping_address=address,
            payment_terms=self.order.payment_terms,
            at=at,
            expires_at=rfc3339(at + self.pay_within) if self.order.payment_terms == "online" else None,
            backordered=backordered,
        )
        return Decision(
            status=201,
            body=order_json(order, request.caller).encode(),
            version=order.version,
            location=f"/orders/{order.id}",
            changed=(order,),
            read=(customer, *products),
            stock=self._taken(lines, backordered),
            person=user_id,
            owner=user_id,
        )

    def short_of(self, quantity_id: UUID, asked: int, left: int) -> Refusal | None:
        """Of a product that is short, the rest may be backordered: decide again. More than its limit allows is refused
        by the decision itself."""
        return None

    def fingerprint(self) -> bytes:
        return b"place_order " + self.order.model_dump_json(exclude_defaults=True).encode()

    def _user_id(self, request: Request) -> UUID:
        return self.order.user_id or request.caller.subject

    def _products(self, known: Known) -> list[Product]:
        products: dict[UUID, Product] = {}
        for item in self.order.items:
            if item.product_id in products:
                raise DuplicateProduct("A product is listed at most once.", product_id=str(item.product_id))
            product = known[item.product_id]
            if not isinstance(product, Product):
                raise UnknownProduct("There is no such product.", product_id=str(item.product_id))
            if item.discount_cents > item.quantity * product.price_cents:
                raise DiscountExceedsPrice(
                    "A discount is at most price × quantity.",
                    product_id=str(item.product_id),
                    most_cents=item.quantity * product.price_cents,
                )
            products[item.product_id] = product
        return list(products.values())

    def _lines(self, products: Iterable[Product]) -> list[Line]:
        """Names and prices as they are now, for they may change and the order must not."""
        return [
            {
                "id": str(new_id()),
                "product_id": str(product.id),
                "product_name": product.name,
                "quantity": item.quantity,
                "price_cents": product.price_cents,
                "discount_cents": item.discount_cents,
            }
            for item, product in zip(self.order.items, products, strict=True)
        ]

    def _backordered(self, lines: Iterable[Line], products: Iterable[Product], known: Known) -> list[Part]:
        """What of each line is not in the stock, as far as the append has told that it is short. Raises
        InsufficientStock."""
        if not known.available:
            return []
        backordered = []
        for line, product in zip(lines, products, strict=True):
            asked, there = line["quantity"], known.available.get(product.id)
            if there is None or there >= asked:
                continue
            beyond = known.available.get(backorders_of(product.id), product.backorder_limit)
            if asked - there > beyond:
                raise InsufficientStock(
                    f"There are {there + beyond} of this product, and {asked} were asked for.",
                    product_id=str(product.id),
                    asked=asked,
                    available=there + beyond,
                )
            backordered.append(Part(item_id=line["id"], quantity=asked - there))
        return backordered

    def _taken(self, lines: Sequence[Line], backordered: Sequence[Part]) -> Mapping[UUID, int]:
        """Guarded quantity → by how much it changes: from the stock what is there, from the backorders the rest."""
        taken = {item.product_id: -item.quantity for item in self.order.items}
        if backordered:
            products = {line["id"]: UUID(line["product_id"]) for line in lines}
            for part in backordered:
                product_id = products[part["item_id"]]
                taken[product_id] += part["quantity"]
                taken[backorders_of(product_id)] = -part["quantity"]
        return taken

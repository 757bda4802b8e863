"""Import an order from elsewhere: its history becomes events with their own business times.

Who ordered, and what, is known by then (register_customer.py, add_product.py): no order is in the log without
its products. Its stock is not ours to count, and its customer needs no confirmation.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self
from uuid import NAMESPACE_URL, UUID, uuid5

from commands.command import Command, Decision, Known, Request
from commands.past_order import PastOrder
from events.domain.customer import Customer
from events.domain.order import Order
from events.domain.order_parts import Line
from events.domain.product import Sku
from events.domain.refusal import Refusal
from events.log.ids import new_id


class ReferenceReused(Refusal):
    code = "reference_reused"


class UnknownParts(Refusal):
    """The customer or a product of the order has not been added yet."""

    code = "unknown_parts"


def order_id_of(tenant: str, reference: str) -> UUID:
    """The id of the order that another system calls by this reference."""
    return uuid5(NAMESPACE_URL, f"urn:daybook:{tenant}:order:{reference}")


def customer_id_of(tenant: str, reference: str) -> UUID:
    """The id of the customer that another system calls by this reference."""
    return uuid5(NAMESPACE_URL, f"urn:daybook:{tenant}:customer:{reference}")


@dataclass(frozen=True, slots=True)
class ImportOrder(Command):
    """Answers 201 for an order that is new, 200 for one that is in the log already, unchanged.

    `skus`: SKU → the id of its claim.
    """

    past: PastOrder
    order_id: UUID
    customer_id: UUID
    skus: Mapping[str, UUID]
    number: str

    @classmethod
    def into(cls, tenant: str, past: PastOrder, number: str) -> Self:
        """The command that imports this order into a tenant's log."""
        return cls(
            past=past,
            order_id=order_id_of(tenant, past.reference),
            customer_id=customer_id_of(tenant, past.customer.reference),
            skus={item.sku: Sku.id_of(tenant, item.sku) for item in past.items},
            number=number,
        )

    @property
    def looked_at(self) -> tuple[UUID, ...]:
        """The streams that the decision looks at."""
        return (self.order_id, self.customer_id, *self.skus.values())

    def streams(self, request: Request) -> Iterable[UUID]:
        return self.looked_at

    def decide(self, known: Known, request: Request) -> Decision:
        fingerprint = self.past.fingerprint()
        there = known[self.order_id]
        if isinstance(there, Order):
            # Its fingerprint goes with its customer's key: of a forgotten person nothing can be compared.
            if there.fingerprint not in (None, fingerprint):
                raise ReferenceReused("An order with this reference is in the log, with other content.")
            return Decision(status=200, body=b"", version=there.version, read=(there,))
        customer = known[self.customer_id]
        skus = [sku for sku_id in self.skus.values() if isinstance(sku := known[sku_id], Sku)]
        if not isinstance(customer, Customer) or len(skus) < len(self.skus):
            raise UnknownParts("The customer or a product of this order is not known.")
        customer.check_remembered()
        order = Order.import_from(
            self.order_id,
            self.past.history[0].at,
            number=self.number,
            user_id=str(self.customer_id),
            currency=self.past.currency,
            lines=self._lines({sku.sku: sku.product_id for sku in skus}),
            shipping_cents=self.past.shipping_cents,
            shipping_address=self.past.shipping_address.as_address(),
            reference=self.past.reference,
            fingerprint=fingerprint,
        )
        for entry in self.past.history[1:]:
            order.change_status(entry.status, at=entry.at)
        return Decision(
            status=201,
            body=b"",
            version=order.version,
            changed=(order,),
            read=(customer, *skus),
            person=self.customer_id,
            owner=self.customer_id,
        )

    def fingerprint(self) -> bytes:
        return b"import_order " + self.past.fingerprint().encode()

    def _lines(self, products: dict[str, str]) -> list[Line]:
        return [
            {
                "id": str(new_id()),
                "product_id": products[item.sku],
                "product_name": item.name,
                "quantity": item.quantity,
                "price_cents": item.price_cents,
                "discount_cents": item.discount_cents,
            }
            for item in self.past.items
        ]

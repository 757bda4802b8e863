"""A small shop for the specifications: who is in it, what it sells, and one order of Ada's."""

from typing import Any
from uuid import UUID, uuid5

from events.caller import Caller
from events.domain import order_events as happened
from events.domain.customer import Customer
from events.domain.line_ledger import Part
from events.domain.order import Order
from events.domain.order_parts import Address
from events.domain.product import Product, Sku
from tests.commands.scenario import Fact, Scenario, given, on

TENANT = "default"

ADA = UUID("018f0000-0000-7000-8000-00000000ada0")
BEN = UUID("018f0000-0000-7000-8000-00000000be10")
ORDER = UUID("018f0000-0000-7000-8000-000000000001")
PEN = UUID("018f0000-0000-7000-8000-0000000000a1")
INK = UUID("018f0000-0000-7000-8000-0000000000a2")
TEA = UUID("018f0000-0000-7000-8000-0000000000a3")
HOME = UUID("018f0000-0000-7000-8000-0000000000b1")

ADDRESS: Address = {"recipient": "Ada Lovelace", "line1": "12 St James's Square", "city": "London", "country": "GB"}

ada = Caller(ADA, TENANT, ("customer",))
ben = Caller(BEN, TENANT, ("customer",))
staff = Caller(UUID(int=1), TENANT, ("staff",))
auditor = Caller(UUID(int=2), TENANT, ("auditor",))

shop: Scenario = given(
    on(ADA, Customer.Added, name="Ada Lovelace", email="ada@example.com", reference=None),
    on(ADA, Customer.AddressAdded, address_id=str(HOME), address=ADDRESS),
    on(BEN, Customer.Added, name="Ben Ohara", email="ben@example.com", reference=None),
    on(PEN, Product.Added, sku="PEN-F", name="Fountain pen", price_cents=6900, currency="USD"),
    on(INK, Product.Added, sku="INK-50", name="Blue ink", price_cents=1250, currency="USD"),
    on(TEA, Product.Added, sku="TEA-100", name="Assam", price_cents=890, currency="EUR"),
    on(Sku.id_of(TENANT, "PEN-F"), Sku.Assigned, sku="PEN-F", product_id=str(PEN)),
    on(Sku.id_of(TENANT, "INK-50"), Sku.Assigned, sku="INK-50", product_id=str(INK)),
)

placed = on(
    ORDER,
    Order.Placed,
    number="7K3M9QF",
    user_id=str(ADA),
    currency="USD",
    lines=[
        {
            "id": "018f0000-0000-7000-8000-0000000000c1",
            "product_id": str(PEN),
            "product_name": "Fountain pen",
            "quantity": 1,
            "price_cents": 6900,
            "discount_cents": 0,
        },
        {
            "id": "018f0000-0000-7000-8000-0000000000c2",
            "product_id": str(INK),
            "product_name": "Blue ink",
            "quantity": 3,
            "price_cents": 1250,
            "discount_cents": 0,
        },
    ],
    shipping_cents=0,
    shipping_address=ADDRESS,
    payment_terms="offline",
    expires_at=None,
    backordered=[],
)
PENS, INKS = "018f0000-0000-7000-8000-0000000000c1", "018f0000-0000-7000-8000-0000000000c2"
"""Its lines."""
HELD = {PEN: 1, INK: 3}
"""The stock that the order holds while it is open."""


def step(cls: type[happened.BeforePayments], reason: str | None = None) -> Fact:
    """A step of the whole order along its statuses."""
    return on(ORDER, cls, reason=reason, **cls.OF_VERSION_1)


def parts(*items: tuple[str, int]) -> list[Part]:
    """So many units of these lines."""
    return [Part(item_id=item_id, quantity=quantity) for item_id, quantity in items]


def shipment(*items: tuple[str, int], status: str, so_far: str, number: int = 1, **fields: Any) -> Fact:
    """The so-many-th shipment of the order, and where that brings it."""
    return on(
        ORDER,
        happened.Shipped,
        shipment_id=shipment_id(number),
        items=parts(*items),
        status=status,
        fulfillment_status=so_far,
        return_status="none",
        payment_status="unpaid",
        **{"carrier": None, "tracking": None, "reason": None} | fields,
    )


def arrival(*, status: str, so_far: str, number: int = 1) -> Fact:
    """That the so-many-th shipment arrived, and where that brings the order."""
    return on(
        ORDER,
        happened.Delivered,
        shipment_id=shipment_id(number),
        status=status,
        fulfillment_status=so_far,
        return_status="none",
        payment_status="unpaid",
        reason=None,
    )


def shipment_id(number: int = 1) -> str:
    """The id of the order's so-many-th shipment."""
    return str(uuid5(ORDER, f"shipment {number}"))


pending = shop.given(placed)
confirmed = pending.given(step(happened.Confirmed))
shipped = confirmed.given(step(happened.Shipped))
delivered = shipped.given(step(happened.Delivered))
returned = delivered.given(step(happened.Returned))
cancelled = pending.given(step(happened.Cancelled, "changed my mind"))
expired = pending.given(step(happened.Expired))

"""A shop at work on a real log: Ada orders pens, and staff see to her orders."""

import json
from dataclasses import replace
from uuid import UUID

from uuid_utils.compat import uuid7

from commands.add_address import AddAddress, AddressCreate
from commands.add_product import AddProduct, ProductCreate
from commands.cancel_order import Cancellation, CancelOrder
from commands.change_order_status import ChangeOrderStatus, StatusChange
from commands.command import Answer, Command, Request
from commands.place_order import OrderCreate, OrderItem, PlaceOrder
from commands.register_customer import RegisterCustomer
from daybook.shop import Shop
from events.caller import Caller

ADA, HOME, PEN = uuid7(), uuid7(), uuid7()
ada = Caller(ADA, "", ("customer",))
staff = Caller(uuid7(), "", ("staff",))

STOCK = 30
PRICE = 6900


async def open_for_business(shop: Shop) -> None:
    """Ada has an address, and there are pens."""
    address = {"recipient": "Ada Lovelace", "line1": "12 St James's Square", "city": "London", "country": "GB"}
    await ask(shop, RegisterCustomer(ADA, "Ada Lovelace", "ada@example.com"))
    await ask(shop, AddAddress(AddressCreate.model_validate(address), HOME), ada)
    await ask(shop, AddProduct(ProductCreate(sku="PEN", name="Pen", price_cents=PRICE, stock=STOCK), PEN))


async def ask(
    process: Shop, command: Command, by: Caller = staff, key: str | None = None, if_match: int | None = None
) -> Answer:
    """Handle a command in a process."""
    expected = None if if_match is None else frozenset({if_match})
    caller = replace(by, tenant=process.tenant)
    return await process.commands.handle(command, Request(caller, uuid7(), "a test", key, expected))


async def place(process: Shop, quantity: int = 1, key: str | None = None) -> Answer:
    """Ada orders so many pens."""
    item = OrderItem(product_id=PEN, quantity=quantity)
    order = OrderCreate(items=[item], shipping_address_id=HOME)
    return await ask(process, PlaceOrder(order, await process.numbers.take()), ada, key)


def order_of(answer: Answer) -> UUID:
    """The id of the order in an answer."""
    return UUID(json.loads(answer.body)["id"])


def to(order_id: UUID, status: str) -> ChangeOrderStatus:
    """The order shall have this status."""
    return ChangeOrderStatus(order_id, StatusChange.model_validate({"status": status}))


def cancel(order_id: UUID, reason: str = "mistake") -> CancelOrder:
    """The order shall be cancelled."""
    return CancelOrder(order_id, Cancellation(reason=reason))

"""Customers with an address each, and products with more stock than any bench can sell."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from api.tokens import Tokens
from commands.add_address import AddAddress, AddressCreate
from commands.add_product import AddProduct, ProductCreate
from commands.command import Command, Request
from commands.register_customer import RegisterCustomer
from daybook.settings import Settings
from daybook.shop import Shop
from daybook.wiring import open_service
from events.caller import Caller
from events.log.ids import new_id

TENANT = "default"
STOCK = 10**9
_LONG_ENOUGH = timedelta(hours=6)


@dataclass(frozen=True)
class Shopper:
    """A customer as a client is: a token, and the address to send orders to."""

    id: UUID
    address_id: UUID
    token: str


@dataclass(frozen=True)
class Market:
    """Who buys, and what there is to buy."""

    shoppers: list[Shopper]
    products: list[UUID]


def make_market(settings: Settings, *, shoppers: int = 100, products: int = 20, stock: int = STOCK) -> Market:
    """Add them to the log, by the commands that add customers and products. Tokens last for hours."""
    # In a thread, for the caller may have an event loop of its own.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, _make(settings, shoppers, products, stock)).result()


def token_for(settings: Settings, subject: UUID, role: str) -> str:
    """A token as a login gives it, but one that outlasts a bench."""
    return Tokens(settings.secret).issue(subject, TENANT, [role], _LONG_ENOUGH)


async def _make(settings: Settings, shoppers: int, products: int, stock: int) -> Market:
    async with open_service(settings, "bench market") as service:
        shop = await service.shop(TENANT)
        buyers = await asyncio.gather(*(_shopper(settings, shop, n) for n in range(shoppers)))
        wares = [
            AddProduct(
                ProductCreate(sku=f"{uuid4().hex[:8]}-{n}", name=f"Ware no. {n}", price_cents=995 + 10 * n, stock=stock)
            )
            for n in range(products)
        ]
        system = UUID(int=0)
        await asyncio.gather(*(_handle(shop, system, ware) for ware in wares))
        return Market(buyers, [ware.product_id for ware in wares])


async def _shopper(settings: Settings, shop: Shop, number: int) -> Shopper:
    customer_id = uuid4()
    await _handle(
        shop, customer_id, RegisterCustomer(customer_id, f"Shopper No. {number}", f"{customer_id}@example.com")
    )
    address = AddAddress(
        AddressCreate(
            recipient=f"Shopper No. {number}",
            line1=f"{number + 1} Threadneedle Street",
            city="London",
            postal_code="EC2R 8AH",
            country="GB",
        )
    )
    await _handle(shop, customer_id, address)
    return Shopper(customer_id, address.address_id, token_for(settings, customer_id, "customer"))


async def _handle(shop: Shop, subject: UUID, command: Command) -> None:
    command_id = new_id()
    caller = Caller(subject, shop.tenant, ("system",))
    await shop.commands.handle(command, Request(caller, command_id, correlation_id=command_id.hex))

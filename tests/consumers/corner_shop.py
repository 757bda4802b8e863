"""A shop to confirm orders of, driven by the service's own commands and projections."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Literal
from uuid import UUID

from uuid_utils.compat import uuid7

from bench.stack import free_port
from commands.add_address import AddAddress, AddressCreate
from commands.add_product import AddProduct, ProductCreate
from commands.command import Answer, Command, Request
from commands.place_order import PAY_WITHIN, OrderCreate, OrderItem, PlaceOrder
from commands.register_customer import RegisterCustomer
from daybook.projector_process import make_runners
from daybook.settings import Settings
from daybook.shop import Shop
from daybook.wiring import Service, open_service
from events.caller import Caller
from events.log.connect import connect
from events.log.recorded import RecordedEvent
from projections.confirmations import Enqueue
from projections.leadership import AdvisoryLeadership
from tests.databases import Database


def settings_for(database: Database, redis_url: str, data: Path, smtp_url: str | None = None) -> Settings:
    """Settings for the processes of a test; without an SMTP URL, a port that is free."""
    return Settings(
        database_url=database.url,
        database_owner_url=database.owner_url,
        redis_url=redis_url,
        smtp_url=smtp_url or f"smtp://127.0.0.1:{free_port()}",
        secret="for tests alone: Kx7vQ2mZ9pLr4TnB",
        master_key=bytes(n * n % 251 for n in range(32)),
        data=data,
    )


@asynccontextmanager
async def open_corner_shop(settings: Settings) -> AsyncIterator["CornerShop"]:
    """The shop of the default tenant, with its customer."""
    async with open_service(settings, "tests") as service:
        shop = CornerShop(service, await service.shop("default"))
        await shop.open()
        yield shop


class CornerShop:
    """One tenant's shop, with a customer who has an address."""

    def __init__(self, service: Service, shop: Shop) -> None:
        self.service = service
        self.shop = shop
        self.tenant = shop.tenant
        self.customer = uuid7()
        self.address = uuid7()

    async def open(self, name: str = "Ada Lovelace", email: str = "ada@example.com") -> None:
        await self.handle(RegisterCustomer(self.customer, name, email))
        address = AddressCreate(
            recipient=name, line1="12 Gracechurch St", city="London", postal_code="EC3V 0BR", country="GB"
        )
        await self.handle(AddAddress(address, self.address))

    async def place(
        self, *items: tuple[str, int, int], currency: str = "USD", pay_within: timedelta | None = None
    ) -> UUID:
        """Place an order of (name, quantity, price in minor units), perhaps to be paid online; answers its id."""
        lines = []
        for name, quantity, price in items or (("Blue ink", 1, 1250),):
            product = AddProduct(
                ProductCreate(sku=uuid7().hex, name=name, price_cents=price, currency=currency, stock=quantity)
            )
            await self.handle(product)
            lines.append(OrderItem(product_id=product.product_id, quantity=quantity))
        terms: Literal["offline", "online"] = "offline" if pay_within is None else "online"
        order = OrderCreate(items=lines, shipping_address_id=self.address, payment_terms=terms)
        number = await self.shop.numbers.take()
        answer = await self.handle(PlaceOrder(order, number, pay_within or PAY_WITHIN))
        return UUID((answer.location or "").removeprefix("/orders/"))

    async def handle(self, command: Command) -> Answer:
        command_id = uuid7()
        caller = Caller(self.customer, self.tenant, ("customer",))
        return await self.shop.commands.handle(command, Request(caller, command_id, command_id.hex))

    async def project(self, enqueue: Enqueue | None = None) -> list[UUID]:
        """Bring every projection up to the head; answers what was handed to the broker."""
        enqueued: list[UUID] = []

        async def note(_tenant: str, ids: Sequence[UUID]) -> None:
            enqueued.extend(ids)

        service = self.service
        url = service.settings.database_url
        leadership = AdvisoryLeadership(lambda: connect(url, "tests leader"))
        for runner in make_runners(
            service.pool, self.tenant, self.shop.codec, service.redis, enqueue or note, leadership
        ):
            await runner.catch_up()
        return enqueued

    async def order(self, *items: tuple[str, int, int], currency: str = "USD") -> UUID:
        """Place an order and project it; answers its delivery's id."""
        await self.place(*items, currency=currency)
        return (await self.project())[-1]

    async def events(self, stream_id: UUID) -> list[RecordedEvent]:
        return await self.shop.reader.streams({stream_id: 0})

    async def row(self, delivery_id: UUID) -> dict[str, object]:
        row = await self.service.pool.fetchrow(
            "SELECT *, due_at > now() AS put_off FROM deliveries WHERE tenant_id = $1 AND delivery_id = $2",
            self.tenant,
            delivery_id,
        )
        assert row is not None
        return dict(row)

    async def statuses(self) -> dict[str, int]:
        """Status → how many deliveries have it."""
        rows = await self.service.pool.fetch("SELECT status, count(*) FROM deliveries GROUP BY status")
        return {row["status"]: row["count"] for row in rows}

    async def all_done(self, count: int) -> bool:
        """Whether there are so many deliveries, all of them done."""
        return await self.statuses() == {"done": count}

    async def make_due(self) -> None:
        """Let the time of every lease and backoff pass."""
        await self.service.pool.execute("UPDATE deliveries SET due_at = now() - interval '1 hour'")

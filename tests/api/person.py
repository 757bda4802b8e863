"""People who use the service over HTTP, in the words of the trade."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import httpx

from api.order_schemas import OrderAnswer
from api.schemas import AddressAnswer, ProductAnswer
from daybook.shop import Shop
from tests.api.answer import Answer

Json = dict[str, Any]

ADDRESS = {"line1": "12 St James's Square", "city": "London", "postal_code": "SW1Y 4JH", "country": "GB"}


class Person:
    """One account with its token."""

    def __init__(self, client: httpx.AsyncClient, shop: Shop, account_id: UUID, token: str) -> None:
        self.client = client
        self.shop = shop
        self.id = account_id
        self.token = token
        self.address_id = ""

    async def asks(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        if_match: str | None = None,
        headers: Mapping[str, str | bytes] | None = None,
        query: Mapping[str, str | int] | None = None,
    ) -> Answer:
        """Send one request; the answer knows which events were appended meanwhile."""
        sent: dict[str, str | bytes] = {"Authorization": f"Bearer {self.token}"}
        if key is not None:
            sent["Idempotency-Key"] = key
        if if_match is not None:
            sent["If-Match"] = if_match
        before = await self.shop.reader.head()
        response = await self.client.request(
            method,
            path,
            json=body,
            headers=[(name.encode(), _bytes(value)) for name, value in (sent | dict(headers or {})).items()],
            params=query,
        )
        return Answer(response, [event.type for event in await self.shop.reader.after(before, 1_000)])

    async def gets(
        self,
        path: str,
        *,
        headers: Mapping[str, str | bytes] | None = None,
        query: Mapping[str, str | int] | None = None,
        **parameters: str | int,
    ) -> Answer:
        """Read; the query string may be given as keywords, too."""
        return await self.asks("GET", path, headers=headers, query={**(query or {}), **parameters} or None)

    async def posts(self, path: str, body: Any, **options: Any) -> Answer:
        return await self.asks("POST", path, body, **options)

    async def patches(self, path: str, body: Any, **options: Any) -> Answer:
        return await self.asks("PATCH", path, body, **options)

    async def adds_address(self, **fields: Any) -> Json:
        """Add an address, and order to it from now on."""
        answer = (await self.posts("/addresses", {"recipient": "Ada Lovelace"} | ADDRESS | fields)).then(
            201, AddressAnswer
        )
        self.address_id = answer.body["id"]
        return answer.body

    async def adds_product(self, *, stock: int = 100, price_cents: int = 6900, **fields: Any) -> Json:
        """Add a product under a new SKU (staff)."""
        given = {"sku": f"SKU-{uuid4().hex}", "name": "Fountain pen", "price_cents": price_cents, "stock": stock}
        return (await self.posts("/products", given | fields)).then(201, ProductAnswer).body

    def order_of(self, *items: tuple[Json, int]) -> Json:
        """The request for an order of these products and quantities."""
        return {
            "items": [{"product_id": product["id"], "quantity": quantity} for product, quantity in items],
            "shipping_address_id": self.address_id,
        }

    async def orders(self, *items: tuple[Json, int], **options: Any) -> Answer:
        """Ask for an order, whatever comes of it."""
        return await self.posts("/orders", self.order_of(*items), **options)

    async def places(self, product: Json, quantity: int = 1, **options: Any) -> Json:
        """Place an order of one product."""
        return (await self.orders((product, quantity), **options)).then(201, OrderAnswer).body

    async def cancels(self, order: Json, reason: str = "changed my mind", **options: Any) -> Answer:
        return await self.posts(f"/orders/{order['id']}/cancellation", {"reason": reason}, **options)

    async def sets(self, order: Json, status: str, **options: Any) -> Answer:
        """Ask for another status (staff)."""
        return await self.patches(f"/orders/{order['id']}/status", {"status": status}, **options)

    async def moves(self, order: Json, *statuses: str) -> Json:
        """Move an order along (staff)."""
        for status in statuses:
            order = (await self.sets(order, status)).then(200, OrderAnswer).body
        return order


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("ascii")

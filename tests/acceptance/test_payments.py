"""The road of the money, by the processes that `daybook up` starts, and with a provider that is slow, fails, repeats
itself and mixes things up.
"""

import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from bench.up import Up
from tests.projections.eventually import eventually

Json = dict[str, Any]


@pytest.fixture(scope="module")
def up() -> Iterator[Up]:
    data = Path(tempfile.mkdtemp(prefix="money-")).resolve()
    try:
        with Up(data) as running:
            running.wait_until_ready()
            yield running
    finally:
        shutil.rmtree(data)


class Shop:
    """A customer and staff at the API, and the provider's own door."""

    def __init__(self, client: httpx.AsyncClient, provider: httpx.AsyncClient) -> None:
        self.client = client
        self.provider = provider
        self.headers: dict[str, dict[str, str]] = {}

    async def asks(self, who: str, method: str, path: str, body: Any = None) -> Json:
        if who not in self.headers:
            login = {"email": f"{who}@example.com", "password": "daybook-demo"}
            token = (await self.client.post("/auth/login", json=login)).json()["access_token"]
            self.headers[who] = {"Authorization": f"Bearer {token}"}
        answer = await self.client.request(method, path, json=body, headers=self.headers[who])
        assert answer.is_success, answer.text
        return dict(answer.json())

    async def places(self) -> Json:
        """Ada orders one thing, and will pay online."""
        product = (await self.asks("ada", "GET", "/products"))["items"][0]
        address = (await self.asks("ada", "GET", "/addresses"))["items"][0]
        items = [{"product_id": product["id"], "quantity": 1}]
        body = {"items": items, "shipping_address_id": address["id"], "payment_terms": "online"}
        return await self.asks("ada", "POST", "/orders", body)

    async def pays(self, order: Json) -> None:
        """At the provider's checkout."""
        body = {"amount": order["total_cents"], "currency": "USD", "order_id": order["id"], "tenant": "default"}
        answer = await self.provider.post("/v1/payments", json=body)
        assert answer.status_code == 201, answer.text

    async def payments(self, order: Json) -> Json:
        return await self.asks("ada", "GET", f"/orders/{order['id']}/payments")

    async def then_payments(self, order: Json, **expected: Any) -> Json:
        """In the end the order's money stands like this."""

        async def stands() -> bool:
            return expected.items() <= (await self.payments(order)).items()

        await eventually(stands, 20)
        return await self.payments(order)

    async def paid(self) -> tuple[Json, str]:
        """An order whose payment is authorized, and the payment's id."""
        order = await self.places()
        await self.pays(order)
        ledger = await self.then_payments(order, payment_status="authorized")
        return order, ledger["payments"][0]["id"]

    async def captures(self, order: Json, payment_id: str, cents: int) -> None:
        path = f"/orders/{order['id']}/payments/{payment_id}/captures"
        await self.asks("staff", "POST", path, {"amount_cents": cents})

    async def control(self, **control: Any) -> None:
        assert (await self.provider.put("/control", json=control)).status_code == 200


@pytest.fixture
async def shop(up: Up) -> AsyncIterator[Shop]:
    url = json.loads((up.data / "run.json").read_text())["payment_url"]
    key = json.loads((up.data / "secrets.json").read_text())["payment_key"]
    async with (
        httpx.AsyncClient(base_url=up.url, timeout=20) as client,
        httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {key}"}) as provider,
    ):
        shop = Shop(client, provider)
        yield shop
        await shop.control()


async def test_from_the_checkout_to_the_refund(shop: Shop) -> None:
    order, payment_id = await shop.paid()
    await shop.asks("staff", "PATCH", f"/orders/{order['id']}/status", {"status": "confirmed"})
    await shop.captures(order, payment_id, order["total_cents"])
    await shop.then_payments(order, payment_status="paid", captured_cents=order["total_cents"])
    await shop.asks("staff", "POST", f"/orders/{order['id']}/refunds", {"amount_cents": 50, "reason": "scratched"})
    await shop.then_payments(order, payment_status="partially_refunded", refunded_cents=50, refund_pending_cents=0)
    (theirs,) = (await shop.provider.get("/v1/payments", params={"order_id": order["id"]})).json()["items"]
    assert (theirs["captured"], theirs["refunded"]) == (order["total_cents"], 50)


async def test_a_payment_for_a_cancelled_order_is_released(shop: Shop) -> None:
    order = await shop.places()
    await shop.asks("ada", "POST", f"/orders/{order['id']}/cancellation", {"reason": "changed my mind"})
    await shop.pays(order)
    await shop.then_payments(order, payment_status="voided", voided_cents=order["total_cents"])


async def test_cancelling_releases_what_was_authorized(shop: Shop) -> None:
    order, _ = await shop.paid()
    await shop.asks("ada", "POST", f"/orders/{order['id']}/cancellation", {"reason": "changed my mind"})
    await shop.then_payments(order, payment_status="voided", voided_cents=order["total_cents"])


async def test_a_capture_that_is_declined_can_be_asked_for_again(shop: Shop) -> None:
    order, payment_id = await shop.paid()
    await shop.control(decline=["captures"])
    await shop.captures(order, payment_id, 100)
    ledger = await shop.then_payments(order, payment_status="authorized", capture_pending_cents=0)
    assert [capture["status"] for capture in ledger["captures"]] == ["failed"]
    await shop.control()
    await shop.captures(order, payment_id, 100)
    await shop.then_payments(order, captured_cents=100)


async def test_whatever_comes_late_twice_or_out_of_order_counts_once(shop: Shop) -> None:
    orders = [await shop.paid() for _ in range(5)]
    await shop.control(delay_seconds=0.3, duplicate_rate=1.0, reorder=True)
    for order, payment_id in orders:
        await shop.captures(order, payment_id, 200)
        await shop.captures(order, payment_id, 50)
    for order, _ in orders:
        await shop.then_payments(order, captured_cents=250, capture_pending_cents=0)
        await shop.asks("staff", "POST", f"/orders/{order['id']}/refunds", {"amount_cents": 30, "reason": "late"})
    for order, _ in orders:
        await shop.then_payments(order, refunded_cents=30, refund_pending_cents=0)
        (theirs,) = (await shop.provider.get("/v1/payments", params={"order_id": order["id"]})).json()["items"]
        assert (theirs["captured"], theirs["refunded"]) == (250, 30)


async def test_a_provider_that_fails_is_asked_again_under_the_same_key(shop: Shop, up: Up) -> None:
    order, payment_id = await shop.paid()
    await shop.control(fail_rate=1.0)
    await shop.captures(order, payment_id, 100)
    database = await asyncpg.connect(json.loads((up.data / "run.json").read_text())["database_owner_url"])

    async def failed_once() -> bool:
        failed = "SELECT count(*) FROM deliveries WHERE order_id = $1::text::uuid AND last_error IS NOT NULL"
        return bool(await database.fetchval(failed, order["id"]))

    await eventually(failed_once, 20)
    await database.close()
    await shop.control()
    await shop.then_payments(order, captured_cents=100, capture_pending_cents=0)
    (theirs,) = (await shop.provider.get("/v1/payments", params={"order_id": order["id"]})).json()["items"]
    assert theirs["captured"] == 100

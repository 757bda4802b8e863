"""The payment simulator as a process, for one test."""

import base64
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from bench.stack import Child, clean_environment, free_port
from tests.projections.eventually import eventually

NOWHERE = "http://127.0.0.1:9/{tenant}"


class Provider:
    """A simulator that runs: at `url`, with `key`; its webhooks are signed with `webhook_secret`."""

    def __init__(self, url: str, key: str, webhook_secret: str, client: httpx.AsyncClient) -> None:
        self.url = url
        self.key = key
        self.webhook_secret = webhook_secret
        self._client = client

    async def authorize(self, order_id: object, amount: int, currency: str = "USD", tenant: str = "default") -> str:
        """A payment as a checkout makes it; answers its psp_reference."""
        content = {"amount": amount, "currency": currency, "order_id": str(order_id), "tenant": tenant}
        answer = await self._client.post("/v1/payments", json=content)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["psp_reference"])

    async def control(self, **control: Any) -> None:
        """See daybook.simulator.control; what is not named is as it should be."""
        answer = await self._client.put("/control", json=control)
        assert answer.status_code == 200, answer.text

    async def payment(self, psp_reference: str) -> dict[str, Any]:
        """One payment as it stands."""
        return dict((await self._client.get(f"/v1/payments/{psp_reference}")).json())

    async def payments(self, order_id: object = None) -> list[dict[str, Any]]:
        """All payments, or an order's."""
        asked = {} if order_id is None else {"order_id": str(order_id)}
        return list((await self._client.get("/v1/payments", params=asked)).json()["items"])

    async def webhooks(self) -> list[dict[str, Any]]:
        """What became of each: `{id, psp_reference, type, status, copies, attempts, last_answer}`."""
        return list((await self._client.get("/webhooks")).json()["items"])

    async def all_webhooks_sent(self, patience: float = 10.0) -> None:
        """Wait until none waits to be sent."""

        async def sent() -> bool:
            return all(webhook["status"] != "waiting" for webhook in await self.webhooks())

        await eventually(sent, patience)


@asynccontextmanager
async def running_provider(
    data: Path,
    webhook_url: str = NOWHERE,
    *,
    port: int | None = None,
    key: str | None = None,
    webhook_secret: str | None = None,
) -> AsyncIterator[Provider]:
    """Start it, ready, with its book in `data`; end it after. `webhook_url`: `{tenant}` stands for the payment's."""
    url = f"http://127.0.0.1:{port or free_port()}"
    key = key or secrets.token_urlsafe(32)
    webhook_secret = webhook_secret or "whsec_" + base64.b64encode(os.urandom(32)).decode()
    environment = clean_environment() | {
        "DAYBOOK_DATA": str(data),
        "PAYMENT_URL": url,
        "PAYMENT_KEY": key,
        "PAYMENT_WEBHOOK_SECRETS": webhook_secret,
    }
    child = Child(
        "provider",
        ["-m", "daybook", "provider", "--webhooks", webhook_url],
        environment,
        data / "provider.log",
        "simulating payments",
    )
    try:
        child.wait_until_ready()
        headers = {"Authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False) as client:
            yield Provider(url, key, webhook_secret, client)
    finally:
        child.end()

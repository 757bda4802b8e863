"""The payment simulator: its webhooks are signed, come until they are taken, and outlive it."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from consumers.http_payment_provider import HttpPaymentProvider
from events.webhook_signature import verify
from tests.projections.eventually import eventually
from tests.provider import running_provider


class Till:
    """Where webhooks come in. Each is answered with the next of `answers`, and 204 after these."""

    def __init__(self, *answers: int) -> None:
        self.answers = list(answers)
        self.came: list[tuple[dict[str, str], bytes]] = []
        self.url = ""

    def types(self) -> list[str]:
        return [json.loads(body)["type"] for _, body in self.came]

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in head[1:] if line)}
        self.came.append((headers, await reader.readexactly(int(headers["content-length"]))))
        status = self.answers.pop(0) if self.answers else 204
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        writer.close()


@pytest.fixture
async def till() -> AsyncIterator[Till]:
    till = Till()
    server = await asyncio.start_server(till.connected, "127.0.0.1", 0)
    till.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/{{tenant}}"
    yield till
    server.close()


async def test_a_webhook_is_signed_and_comes_under_its_id_until_it_is_taken(till: Till, tmp_path: Path) -> None:
    till.answers = [503, 409]
    async with running_provider(tmp_path, till.url) as provider:
        reference = await provider.authorize("order", 1000)
        await provider.all_webhooks_sent()
    assert len({headers["webhook-id"] for headers, _ in till.came}) == 1
    assert len(till.came) == 3
    for headers, body in till.came:
        verify([provider.webhook_secret], headers, body, time.time())
    said = json.loads(till.came[0][1])["data"]
    assert said == {
        "psp_reference": reference, "order_id": "order", "request_id": None, "amount": 1000, "currency": "USD",
    }  # fmt: skip


async def test_payments_and_webhooks_outlive_it(till: Till, tmp_path: Path) -> None:
    async with running_provider(tmp_path, till.url) as provider:
        await provider.control(webhooks_paused=True)
        reference = await provider.authorize("order", 1000)
    async with running_provider(tmp_path, till.url) as again:
        await again.all_webhooks_sent()
        assert (await again.payment(reference))["status"] == "authorized"
    assert till.types() == ["payment.authorized"]


async def test_it_declines_duplicates_and_reorders_as_it_is_told(till: Till, tmp_path: Path) -> None:
    async with running_provider(tmp_path, till.url) as provider:
        asked = HttpPaymentProvider(provider.url, provider.key)
        await provider.control(decline=["captures"], duplicate_rate=1.0, webhooks_paused=True)
        reference = await provider.authorize("order", 1000)
        await asked.capture(reference, 1000, "USD", uuid4())
        await asked.close()
        await provider.control(reorder=True)
        await provider.all_webhooks_sent()
        assert (await provider.payment(reference))["captured"] == 0

        async def all_came() -> bool:
            return len(till.came) == 4

        await eventually(all_came)
    assert sorted(till.types()) == ["payment.authorized"] * 2 + ["payment.capture_failed"] * 2

"""Asking a payment provider over HTTP: what is taken, what is refused for good, and what is to be asked again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from consumers.http_payment_provider import HttpPaymentProvider
from consumers.payment_provider import PaymentRefused, ProviderKeyRefused, ProviderUnavailable
from tests.provider import Provider, running_provider


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[Provider]:
    async with running_provider(tmp_path) as provider:
        yield provider


@pytest.fixture
async def asked(provider: Provider) -> AsyncIterator[HttpPaymentProvider]:
    asked = HttpPaymentProvider(provider.url, provider.key)
    yield asked
    await asked.close()


async def test_what_is_taken_happens_once_however_often_it_is_asked(
    provider: Provider, asked: HttpPaymentProvider
) -> None:
    reference = await provider.authorize("order", 1000)
    capture, refund, void = uuid4(), uuid4(), uuid4()
    for _ in range(2):
        await asked.capture(reference, 600, "USD", capture)
        await asked.refund(reference, 200, "USD", refund)
        await asked.void(reference, void)
    payment = await provider.payment(reference)
    assert (payment["captured"], payment["refunded"], payment["voided"]) == (600, 200, 400)


async def test_what_is_against_the_rules_is_refused_for_good(provider: Provider, asked: HttpPaymentProvider) -> None:
    reference = await provider.authorize("order", 1000)
    with pytest.raises(PaymentRefused) as refusal:
        await asked.capture(reference, 1001, "USD", uuid4())
    assert refusal.value.code == "capture_exceeds_authorized"
    for unknown in ("psp_none", "a/b?c", ".."):
        with pytest.raises(PaymentRefused, match="unknown_payment"):
            await asked.void(unknown, uuid4())


async def test_a_failing_provider_is_asked_again(provider: Provider, asked: HttpPaymentProvider) -> None:
    reference = await provider.authorize("order", 1000)
    await provider.control(fail_rate=1.0)
    with pytest.raises(ProviderUnavailable, match="503"):
        await asked.capture(reference, 1000, "USD", uuid4())


async def test_a_wrong_key_is_told_and_not_shown(provider: Provider) -> None:
    stranger = HttpPaymentProvider(provider.url, "not-the-key")
    with pytest.raises(ProviderKeyRefused) as refusal:
        await stranger.void("psp_1", uuid4())
    assert "not-the-key" not in str(refusal.value)
    await stranger.close()


@asynccontextmanager
async def saying(words: bytes | None) -> AsyncIterator[HttpPaymentProvider]:
    """Something at the provider's address that says this and hangs up; None: nothing, for ever."""
    connections: list[asyncio.StreamWriter] = []

    def connected(_: asyncio.StreamReader, connection: asyncio.StreamWriter) -> None:
        connections.append(connection)
        if words is not None:
            connection.write(words)
            connection.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    asked = HttpPaymentProvider(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", "key", timeout=0.2)
    try:
        yield asked
    finally:
        await asked.close()
        for connection in connections:
            connection.close()
        server.close()


@pytest.mark.parametrize(
    "words",
    [
        None,
        b"",
        b"220 mail.example ESMTP\r\n",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nlost",
        b"HTTP/1.1 409 Conflict\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
    ],
)
async def test_what_is_no_answer_of_a_provider_decides_nothing(words: bytes | None) -> None:
    async with saying(words) as asked:
        with pytest.raises(ProviderUnavailable):
            await asked.void("psp_1", uuid4())

"""Asking the payment provider: once under an id, however often; and what it refuses for good is recorded."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from pydantic_core import from_json

from commands.cancel_order import Cancellation, CancelOrder
from commands.move_payment import CaptureCreate, RequestCapture
from commands.record_payment import PaymentCreate, RecordPayment
from consumers.deliver import Deliverer
from consumers.http_payment_provider import HttpPaymentProvider
from consumers.mailer import Mailer
from daybook.worker import effects
from tests.consumers.corner_shop import CornerShop
from tests.provider import Provider, running_provider


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[Provider]:
    """Its webhooks come nowhere: what it was asked for is seen at the provider."""
    async with running_provider(tmp_path) as provider:
        yield provider


@pytest.fixture
async def deliverer(shop: CornerShop, mailer: Mailer, provider: Provider) -> AsyncIterator[Deliverer]:
    service, port = shop.service, HttpPaymentProvider(provider.url, provider.key)
    yield Deliverer(service.pool, effects(service, mailer, service.settings.mail_from, port))
    await port.close()


class Captured:
    """An order of 1250 with a payment, and a capture that was asked for and is due to be told to the provider."""

    def __init__(self, shop: CornerShop, order_id: UUID, reference: str, capture_id: UUID) -> None:
        self.shop = shop
        self.order_id = order_id
        self.reference = reference
        self.capture_id = capture_id

    async def then_events(self, *types: str) -> None:
        """These are the order's last events."""
        events = await self.shop.events(self.order_id)
        assert [event.type for event in events][-len(types) :] == list(types)


async def captured(shop: CornerShop, provider: Provider, *, cents: int = 1250, authorized: int = 1250) -> Captured:
    order_id = await shop.place()
    reference = await provider.authorize(order_id, authorized)
    payment = PaymentCreate(amount_cents=1250, currency="USD", psp_reference=reference)
    made = from_json((await shop.handle(RecordPayment(shop.tenant, order_id, payment))).body)
    command = RequestCapture(order_id, UUID(made["payment_id"]), CaptureCreate(amount_cents=cents))
    capture_id = UUID(from_json((await shop.handle(command)).body)["capture_id"])
    assert capture_id in await shop.project()
    return Captured(shop, order_id, reference, capture_id)


async def test_a_capture_is_asked_for_once_however_often_it_is_delivered(
    shop: CornerShop, provider: Provider, deliverer: Deliverer
) -> None:
    asked = await captured(shop, provider, cents=500)
    for _ in range(3):
        await deliverer.deliver(shop.tenant, [asked.capture_id])
        await shop.service.pool.execute(
            "UPDATE deliveries SET status = 'pending', due_at = now() WHERE delivery_id = $1", asked.capture_id
        )
    assert (await provider.payment(asked.reference))["captured"] == 500
    await asked.then_events("CaptureRequested")


async def test_what_the_provider_refuses_is_free_again(
    shop: CornerShop, provider: Provider, deliverer: Deliverer
) -> None:
    asked = await captured(shop, provider, authorized=100)
    await deliverer.deliver(shop.tenant, [asked.capture_id])
    await asked.then_events("CaptureRequested", "CaptureFailed")
    assert (await shop.row(asked.capture_id))["status"] == "done"


async def test_a_capture_for_an_order_that_has_ended_is_not_made(
    shop: CornerShop, provider: Provider, deliverer: Deliverer
) -> None:
    asked = await captured(shop, provider)
    await shop.handle(CancelOrder(asked.order_id, Cancellation(reason="changed my mind")))
    await deliverer.deliver(shop.tenant, [asked.capture_id])
    await asked.then_events("OrderCancelled", "CaptureFailed", "PaymentVoidRequested")
    assert (await provider.payment(asked.reference))["captured"] == 0
    (void_id,) = [one for one in await shop.project() if one != asked.capture_id]
    await deliverer.deliver(shop.tenant, [void_id])
    assert (await provider.payment(asked.reference))["voided"] == 1250


async def test_a_provider_that_fails_is_asked_again_later(
    shop: CornerShop, provider: Provider, deliverer: Deliverer
) -> None:
    asked = await captured(shop, provider)
    await provider.control(fail_rate=1.0)
    await deliverer.deliver(shop.tenant, [asked.capture_id])
    row = await shop.row(asked.capture_id)
    assert (row["status"], row["attempts"], row["last_error"]) == ("pending", 1, "ProviderUnavailable")
    await provider.control()
    await shop.make_due()
    await deliverer.deliver(shop.tenant, [asked.capture_id])
    assert (await provider.payment(asked.reference))["captured"] == 1250


async def test_without_a_provider_it_waits_for_one(shop: CornerShop, mailer: Mailer, provider: Provider) -> None:
    asked = await captured(shop, provider)
    nobody = Deliverer(shop.service.pool, effects(shop.service, mailer, shop.service.settings.mail_from))
    await nobody.deliver(shop.tenant, [asked.capture_id])
    assert (await shop.row(asked.capture_id))["status"] == "pending"
    await asked.then_events("CaptureRequested")


async def test_an_order_that_the_log_does_not_have_is_given_up(shop: CornerShop, deliverer: Deliverer) -> None:
    delivery_id = uuid4()
    await shop.service.pool.execute(
        "INSERT INTO deliveries (tenant_id, delivery_id, kind, order_id, customer_id) VALUES ($1, $2, $3, $4, $5)",
        *(shop.tenant, delivery_id, "payment_capture", uuid4(), shop.customer),
    )
    await deliverer.deliver(shop.tenant, [delivery_id])
    assert (await shop.row(delivery_id))["status"] == "dead"

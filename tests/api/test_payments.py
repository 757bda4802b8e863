"""Payments over HTTP: recorded, captured and refunded as the provider says."""

import time
from typing import Any
from uuid import uuid4

import pytest

from api.order_schemas import CaptureMade, OrderAnswer, PaymentMade, PaymentsAnswer, RefundMade
from api.schemas import WebhookTaken
from events.webhook_signature import sign
from tests.api.answer import Answer
from tests.api.person import Json, Person
from tests.api.running import WEBHOOK_SECRET, Running

pytestmark = pytest.mark.usefixtures("service")


def said(kind: str, order: Json, reference: str, amount: int, request_id: str | None = None, **more: Any) -> Json:
    """An event of the provider's."""
    data = {"psp_reference": reference, "order_id": order["id"], "request_id": request_id, "amount": amount}
    return {"id": f"evt_{uuid4().hex}", "type": f"payment.{kind}", "data": data | {"currency": "USD"} | more}


async def tells(service: Running, event: Json, secret: str = WEBHOOK_SECRET, tenant: str = "default") -> Answer:
    """The provider tells this."""
    body = repr(event).replace("'", '"').replace("None", "null").encode()
    now = int(time.time())
    headers = {
        "Content-Type": "application/json",
        "webhook-id": event["id"],
        "webhook-timestamp": str(now),
        "webhook-signature": sign(secret, event["id"], now, body),
    }
    return Answer(await service.client.post(f"/webhooks/payments/{tenant}", content=body, headers=headers))


async def paid(ada: Person, staff: Person, pen: Json, *, terms: str = "online") -> tuple[Json, str, str]:
    """An order whose payment is authorized; with the payment's id and reference."""
    order = (await ada.posts("/orders", ada.order_of((pen, 1)) | {"payment_terms": terms})).then(201, OrderAnswer).body
    reference = f"psp-{uuid4().hex}"
    body = {"amount_cents": order["total_cents"], "currency": "USD", "psp_reference": reference}
    made = (await staff.posts(f"/orders/{order['id']}/payments", body)).then(201, PaymentMade)
    assert made.body["order"]["payment_status"] == "authorized"
    return order, made.body["payment_id"], reference


class TestAnAuthorization:
    async def test_lets_an_online_order_be_confirmed(self, ada: Person, staff: Person, pen: Json) -> None:
        order = (await ada.posts("/orders", ada.order_of((pen, 1)) | {"payment_terms": "online"})).body
        assert order["expires_at"] > order["created_at"]
        (await staff.sets(order, "confirmed")).refused(409, "payment_required", missing_cents=order["total_cents"])
        body = {"amount_cents": order["total_cents"], "currency": "USD", "psp_reference": uuid4().hex}
        (await staff.posts(f"/orders/{order['id']}/payments", body)).then(201, PaymentMade).appended(
            "PaymentAuthorized", "PaymentReferenceClaimed"
        )
        (await staff.sets(order, "confirmed")).then(200, OrderAnswer, status="confirmed", payment_status="authorized")

    async def test_is_recorded_once_and_for_one_order(self, ada: Person, staff: Person, pen: Json) -> None:
        order, payment_id, reference = await paid(ada, staff, pen)
        body = {"amount_cents": order["total_cents"], "currency": "USD", "psp_reference": reference}
        again = (await staff.posts(f"/orders/{order['id']}/payments", body)).then(201, PaymentMade).appended()
        assert again.body["payment_id"] == payment_id
        (await staff.posts(f"/orders/{order['id']}/payments", body | {"amount_cents": 1})).refused(
            409, "psp_reference_taken"
        )
        other = await ada.places(pen)
        (await staff.posts(f"/orders/{other['id']}/payments", body)).refused(409, "psp_reference_taken")

    async def test_in_another_currency_is_refused(self, ada: Person, staff: Person, pen: Json) -> None:
        order = await ada.places(pen)
        body = {"amount_cents": 1, "currency": "EUR", "psp_reference": uuid4().hex}
        (await staff.posts(f"/orders/{order['id']}/payments", body)).refused(422, "currency_mismatch")

    async def test_for_an_order_that_has_ended_is_released(self, ada: Person, staff: Person, pen: Json) -> None:
        order = await ada.places(pen)
        await ada.cancels(order)
        body = {"amount_cents": 100, "currency": "USD", "psp_reference": uuid4().hex}
        (await staff.posts(f"/orders/{order['id']}/payments", body)).then(201, PaymentMade).appended(
            "PaymentAuthorized", "PaymentVoidRequested", "PaymentReferenceClaimed"
        )

    async def test_is_for_staff_to_record(self, ada: Person, pen: Json) -> None:
        order = await ada.places(pen)
        body = {"amount_cents": 1, "currency": "USD", "psp_reference": "mine"}
        (await ada.posts(f"/orders/{order['id']}/payments", body)).refused(403, "forbidden")


class TestACapture:
    async def test_is_asked_for_and_then_done(self, service: Running, ada: Person, staff: Person, pen: Json) -> None:
        order, payment_id, reference = await paid(ada, staff, pen)
        path = f"/orders/{order['id']}/payments"
        asked = (await staff.posts(f"{path}/{payment_id}/captures", {"amount_cents": 900})).then(202, CaptureMade)
        capture_id = asked.appended("CaptureRequested").body["capture_id"]
        before = (await ada.gets(path)).then(200, PaymentsAnswer, capture_pending_cents=900, captured_cents=0).body
        assert before["captures"][0]["status"] == "requested"
        event = said("captured", order, reference, 900, capture_id)
        (await tells(service, event)).then(200, WebhookTaken, replayed=False)
        (await tells(service, event)).then(200, WebhookTaken, replayed=True)
        (await ada.gets(path)).then(
            200, PaymentsAnswer, payment_status="partially_paid", captured_cents=900, capture_pending_cents=0
        )

    async def test_of_more_than_is_left_is_refused(self, ada: Person, staff: Person, pen: Json) -> None:
        order, payment_id, _ = await paid(ada, staff, pen)
        path = f"/orders/{order['id']}/payments/{payment_id}/captures"
        (await staff.posts(path, {"amount_cents": 6000})).then(202, CaptureMade)
        (await staff.posts(path, {"amount_cents": 1000})).refused(
            409, "capture_exceeds_authorized", asked_cents=1000, left_cents=900
        )
        (await staff.posts(f"/orders/{order['id']}/payments/{uuid4()}/captures", {"amount_cents": 1})).refused(
            404, "not_found"
        )

    async def test_that_fails_can_be_asked_for_again(
        self, service: Running, ada: Person, staff: Person, pen: Json
    ) -> None:
        order, payment_id, reference = await paid(ada, staff, pen)
        path = f"/orders/{order['id']}/payments/{payment_id}/captures"
        first = (await staff.posts(path, {"amount_cents": 6900})).body["capture_id"]
        (await tells(service, said("capture_failed", order, reference, 6900, first, reason="declined"))).then(
            200, WebhookTaken
        )
        second = (await staff.posts(path, {"amount_cents": 6900})).then(202, CaptureMade).body["capture_id"]
        assert second != first

    async def test_that_comes_after_the_order_was_cancelled_goes_back(
        self, service: Running, ada: Person, staff: Person, pen: Json
    ) -> None:
        order, payment_id, reference = await paid(ada, staff, pen)
        path = f"/orders/{order['id']}/payments"
        capture = (await staff.posts(f"{path}/{payment_id}/captures", {"amount_cents": 6900})).body["capture_id"]
        (await staff.cancels(order)).then(200, OrderAnswer, status="cancelled").appended("OrderCancelled")
        await tells(service, said("captured", order, reference, 6900, capture))
        late = (await ada.gets(path)).then(200, PaymentsAnswer, captured_cents=6900, refund_pending_cents=6900).body
        (refund,) = late["refunds"]
        await tells(service, said("refunded", order, reference, 6900, refund["id"]))
        (await ada.gets(path)).then(200, PaymentsAnswer, payment_status="refunded", refunded_cents=6900)


class TestARefund:
    async def test_gives_back_what_was_captured_and_no_more(
        self, service: Running, ada: Person, staff: Person, pen: Json
    ) -> None:
        order, payment_id, reference = await paid(ada, staff, pen)
        path = f"/orders/{order['id']}"
        refund = {"amount_cents": 100, "reason": "scratched"}
        (await staff.posts(f"{path}/refunds", refund)).refused(
            409,
            "refund_exceeds_captured",
            asked_cents=100,
            left_cents=0,
            refundable_cents_by_payment={payment_id: 0},
        )
        await tells(service, said("captured", order, reference, 6900))
        made = (await staff.posts(f"{path}/refunds", refund)).then(202, RefundMade).body
        assert made["order"]["payment_status"] == "paid"
        (await staff.posts(f"{path}/refunds", refund | {"amount_cents": 6801})).refused(409, "refund_exceeds_captured")
        await tells(service, said("refunded", order, reference, 100, made["refund_id"]))
        (await ada.gets(path)).then(200, OrderAnswer, payment_status="partially_refunded")

    async def test_that_the_provider_refuses_leaves_it_to_be_given(
        self, service: Running, ada: Person, staff: Person, pen: Json
    ) -> None:
        order, _, reference = await paid(ada, staff, pen)
        await tells(service, said("captured", order, reference, 6900))
        refund = {"amount_cents": 6900, "reason": "lost"}
        made = (await staff.posts(f"/orders/{order['id']}/refunds", refund)).body
        await tells(service, said("refund_failed", order, reference, 6900, made["refund_id"]))
        (await staff.posts(f"/orders/{order['id']}/refunds", refund)).then(202, RefundMade)


class TestAWebhook:
    async def test_may_bring_the_authorization_itself(self, service: Running, ada: Person, pen: Json) -> None:
        order, reference = await ada.places(pen), uuid4().hex
        (await tells(service, said("captured", order, reference, 6900))).refused(409, "payment_not_known_yet")
        (await tells(service, said("authorized", order, reference, 6900))).then(200, WebhookTaken)
        (await tells(service, said("captured", order, reference, 6900))).then(200, WebhookTaken)
        (await ada.gets(f"/orders/{order['id']}")).then(200, OrderAnswer, payment_status="paid")

    async def test_that_is_not_signed_by_the_provider_is_refused(
        self, service: Running, ada: Person, pen: Json
    ) -> None:
        event = said("authorized", await ada.places(pen), uuid4().hex, 6900)
        foreign = await tells(service, event, "whsec_" + "c29tZWJvZHkgZWxzZSwgd2hvIGlzIG5vdCB1cw==")
        assert (foreign.status, foreign.body["code"]) == (401, "bad_signature")
        bare = await service.client.post("/webhooks/payments/default", json=event)
        assert (bare.status_code, bare.json()["code"]) == (401, "bad_signature")

    async def test_for_a_shop_that_is_not_there_is_not_found(self, service: Running, ada: Person, pen: Json) -> None:
        event = said("authorized", await ada.places(pen), uuid4().hex, 6900)
        (await tells(service, event, tenant="nowhere")).refused(404, "not_found")

    async def test_does_not_reach_another_shop(self, service: Running, ada: Person, pen: Json) -> None:
        event = said("authorized", await ada.places(pen), uuid4().hex, 6900)
        (await tells(service, event, tenant="other")).refused(404, "not_found")


class TestAVoid:
    async def test_that_comes_before_a_capture_has_failed_is_not_lost(
        self, service: Running, ada: Person, staff: Person, pen: Json
    ) -> None:
        order, payment_id, reference = await paid(ada, staff, pen)
        path = f"/orders/{order['id']}/payments"
        capture = (await staff.posts(f"{path}/{payment_id}/captures", {"amount_cents": 6900})).body["capture_id"]
        await tells(service, said("voided", order, reference, 6900))
        await tells(service, said("capture_failed", order, reference, 6900, capture, reason="payment_voided"))
        (await ada.gets(path)).then(200, PaymentsAnswer, payment_status="voided", voided_cents=6900)
        (await staff.sets(order, "confirmed")).refused(409, "payment_required", missing_cents=6900)

    async def test_releases_no_more_than_it_says(self, service: Running, ada: Person, staff: Person, pen: Json) -> None:
        order, _, reference = await paid(ada, staff, pen)
        await staff.cancels(order)
        await tells(service, said("voided", order, reference, 2900))
        await tells(service, said("captured", order, reference, 4000))
        (await ada.gets(f"/orders/{order['id']}/payments")).then(
            200, PaymentsAnswer, voided_cents=2900, captured_cents=4000, refund_pending_cents=4000
        )


class TestARequest:
    async def test_of_one_payment_is_not_decided_by_another(
        self, service: Running, ada: Person, staff: Person, pen: Json
    ) -> None:
        order, payment_id, _ = await paid(ada, staff, pen)
        path, reference = f"/orders/{order['id']}/payments", uuid4().hex
        other = {"amount_cents": 10, "currency": "USD", "psp_reference": reference}
        await staff.posts(path, other)
        capture = (await staff.posts(f"{path}/{payment_id}/captures", {"amount_cents": 900})).body["capture_id"]
        (await tells(service, said("captured", order, reference, 900, capture))).refused(
            409, "capture_exceeds_authorized"
        )
        (await tells(service, said("capture_failed", order, reference, 900, capture))).refused(404, "not_found")

"""The payment provider's webhooks (Standard Webhooks): signed, told at least once, and in any order."""

from time import time
from uuid import NAMESPACE_URL, uuid5

from fastapi import APIRouter, Request, Response
from pydantic_core import to_json

from api.documentation import answers, documented
from api.door import JSON, Guest, backend_of, body_of, carried_out, validated
from api.permission import PUBLIC
from api.problems import Problem
from api.route import DirectRoute
from api.schemas import WebhookTaken
from commands.command import Command
from commands.command import Request as CommandRequest
from commands.record_payment import PaymentCreate, RecordPayment
from commands.record_provider_event import ProviderEvent, RecordProviderEvent
from events.caller import Caller
from events.domain.refusal import NotFound
from events.log.ids import new_id
from events.webhook_signature import BadSignature, verify

router = APIRouter(tags=["payments"], route_class=DirectRoute)

PROVIDER = uuid5(NAMESPACE_URL, "urn:daybook:payment-provider")
"""Stands for the provider in the log, and is whose keys the ids of its events are."""


@router.post(
    "/webhooks/payments/{tenant}",
    **documented(
        "The payment provider tells",
        permission=PUBLIC,
        body=ProviderEvent,
        answers=answers(200, WebhookTaken, 401, 409),
    ),
)
async def payment_told(request: Request) -> Response:
    """What has happened to a payment, signed by the provider. The same event again is answered as before, and does
    nothing; one that is about a payment that has not been told of is 409, to be told again."""
    body = await body_of(request)
    backend = backend_of(request)
    try:
        verify(backend.webhook_secrets, request.headers, body, time())
    except BadSignature:
        raise Problem(401, "bad_signature", "The signature is missing, too old, or not ours.") from None
    event = validated(body, ProviderEvent)
    try:
        shop = await backend.shops.shop(request.path_params["tenant"])
    except LookupError:
        raise NotFound("There is no such shop.") from None
    guest = Guest(Caller(PROVIDER, shop.tenant, ("payment_provider",)), shop)
    wanted = CommandRequest(guest.caller, new_id(), request.scope["correlation_id"], idempotency_key=event.id)
    answer = await carried_out(guest, _command(shop.tenant, event), wanted)
    return Response(to_json({"event_id": event.id, "replayed": answer.replayed}), media_type=JSON)


def _command(tenant: str, event: ProviderEvent) -> Command:
    if event.type != "payment.authorized":
        return RecordProviderEvent(tenant, event)
    said = event.data
    payment = PaymentCreate(amount_cents=said.amount, currency=said.currency, psp_reference=said.psp_reference)
    return RecordPayment(tenant, said.order_id, payment)

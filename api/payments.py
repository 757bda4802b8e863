"""An order's payments over HTTP: what was authorized, captures, refunds."""

from fastapi import APIRouter, Request, Response

from api.as_of import AsOf, asked_moment
from api.documentation import answers, documented
from api.door import JSON, admitted, consistent, identified, parsed, performed
from api.order_schemas import CaptureMade, PaymentMade, PaymentsAnswer, RefundMade
from api.permission import AUTHENTICATED
from api.route import DirectRoute
from api.time_travel import past_orders
from commands.move_payment import CaptureCreate, RefundCreate, RequestCapture, RequestRefund
from commands.record_payment import PaymentCreate, RecordPayment
from queries.get_order import get_payments

router = APIRouter(tags=["payments"], route_class=DirectRoute)

_WRITE = ("Idempotency-Key", "If-Match")


@router.get(
    "/orders/{order_id}/payments",
    **documented(
        "Read an order's payments",
        permission=AUTHENTICATED,
        query=AsOf,
        answers=answers(200, PaymentsAnswer, 404),
        headers=("Consistency-Token",),
    ),
)
async def read_payments(request: Request) -> Response:
    """The money ledger: what is due, authorized, captured and refunded, and each payment, capture and refund."""
    guest = admitted(request)
    moment = await asked_moment(request, guest)
    await consistent(request, guest.shop)
    order_id = identified(request, "order_id")
    if moment is None:
        found = await get_payments(guest.shop.repository, order_id, guest.caller)
    else:
        found = await past_orders(guest).payments_as_of(order_id, moment)
    return Response(found.json, headers={"ETag": f'"{found.version}"'}, media_type=JSON)


@router.post(
    "/orders/{order_id}/payments",
    status_code=201,
    **documented(
        "Record a payment",
        permission="payments:manage",
        body=PaymentCreate,
        answers=answers(201, PaymentMade, 404, 409),
        headers=_WRITE,
    ),
)
async def record_payment(request: Request) -> Response:
    """That a payment was authorized at the provider, by its reference there (staff). The same one again: nothing
    happens. A payment for an order that has ended is released by itself."""
    guest = admitted(request)
    order_id = identified(request, "order_id")
    payment = await parsed(request, PaymentCreate)
    return await performed(request, guest, RecordPayment(guest.shop.tenant, order_id, payment))


@router.post(
    "/orders/{order_id}/payments/{payment_id}/captures",
    status_code=202,
    **documented(
        "Capture a payment",
        permission="payments:manage",
        body=CaptureCreate,
        answers=answers(202, CaptureMade, 404, 409),
        headers=_WRITE,
    ),
)
async def capture(request: Request) -> Response:
    """Have so much of what was authorized taken (staff). It is captured when the provider says so."""
    guest = admitted(request)
    order_id, payment_id = identified(request, "order_id"), identified(request, "payment_id")
    wanted = await parsed(request, CaptureCreate)
    return await performed(request, guest, RequestCapture(order_id, payment_id, wanted))


@router.post(
    "/orders/{order_id}/refunds",
    status_code=202,
    **documented(
        "Refund a payment",
        permission="payments:manage",
        body=RefundCreate,
        answers=answers(202, RefundMade, 404, 409),
        headers=_WRITE,
    ),
)
async def refund(request: Request) -> Response:
    """Have so much given back (staff), of one payment. It is refunded when the provider says so."""
    guest = admitted(request)
    order_id = identified(request, "order_id")
    wanted = await parsed(request, RefundCreate)
    return await performed(request, guest, RequestRefund(order_id, wanted))

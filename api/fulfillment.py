"""What happens to an order after it was confirmed, over HTTP: shipments, their delivery, returns."""

from fastapi import APIRouter, Request, Response

from api.as_of import AsOf, asked_moment
from api.documentation import answers, documented
from api.door import JSON, admitted, consistent, identified, parsed, performed
from api.order_schemas import Fulfillment, OrderAnswer, ReturnMade, ShipmentMade
from api.permission import AUTHENTICATED
from api.route import DirectRoute
from api.time_travel import past_orders
from commands.deliver_shipment import DeliverShipment
from commands.receive_return import Receipt, ReceiveReturn
from commands.request_return import RequestReturn, ReturnCreate
from commands.ship_order import ShipmentCreate, ShipOrder
from queries.get_order import get_fulfillment

router = APIRouter(tags=["fulfillment"], route_class=DirectRoute)

_WRITE = ("Idempotency-Key", "If-Match")


@router.get(
    "/orders/{order_id}/fulfillment",
    **documented(
        "Read how far an order is fulfilled",
        permission=AUTHENTICATED,
        query=AsOf,
        answers=answers(200, Fulfillment, 404),
        headers=("Consistency-Token",),
    ),
)
async def read_fulfillment(request: Request) -> Response:
    """What became of the units of each line, the shipments and the returns; always current."""
    guest = admitted(request)
    moment = await asked_moment(request, guest)
    await consistent(request, guest.shop)
    order_id = identified(request, "order_id")
    if moment is None:
        found = await get_fulfillment(guest.shop.repository, order_id, guest.caller)
    else:
        found = await past_orders(guest).fulfillment_as_of(order_id, moment)
    return Response(found.json, headers={"ETag": f'"{found.version}"'}, media_type=JSON)


@router.post(
    "/orders/{order_id}/shipments",
    status_code=201,
    **documented(
        "Ship some of an order",
        permission="orders:manage",
        body=ShipmentCreate,
        answers=answers(201, ShipmentMade, 404, 409),
        headers=_WRITE,
    ),
)
async def ship(request: Request) -> Response:
    """Some of what is open leaves the house (staff). The order is shipped when nothing is open any more."""
    guest = admitted(request)
    order_id = identified(request, "order_id")
    shipment = await parsed(request, ShipmentCreate)
    return await performed(request, guest, ShipOrder(order_id, shipment))


@router.post(
    "/orders/{order_id}/shipments/{shipment_id}/delivery",
    **documented(
        "A shipment arrived", permission="orders:manage", answers=answers(200, OrderAnswer, 404, 409), headers=_WRITE
    ),
)
async def deliver(request: Request) -> Response:
    """A shipment arrived (staff). One that had arrived before: nothing happens."""
    guest = admitted(request)
    order_id, shipment_id = identified(request, "order_id"), identified(request, "shipment_id")
    return await performed(request, guest, DeliverShipment(order_id, shipment_id))


@router.post(
    "/orders/{order_id}/returns",
    status_code=201,
    **documented(
        "Announce a return",
        permission=AUTHENTICATED,
        body=ReturnCreate,
        answers=answers(201, ReturnMade, 404, 409),
        headers=_WRITE,
    ),
)
async def request_return(request: Request) -> Response:
    """Some of what arrived will come back: says the owner, or staff."""
    guest = admitted(request)
    order_id = identified(request, "order_id")
    wanted = await parsed(request, ReturnCreate)
    return await performed(request, guest, RequestReturn(order_id, wanted))


@router.post(
    "/orders/{order_id}/returns/{return_id}/receipt",
    **documented(
        "Take in what came back",
        permission="orders:manage",
        body=Receipt,
        answers=answers(200, OrderAnswer, 404, 409),
        headers=_WRITE,
    ),
)
async def receive_return(request: Request) -> Response:
    """What came back (staff). What is restocked can be ordered again from the same commit on."""
    guest = admitted(request)
    order_id, return_id = identified(request, "order_id"), identified(request, "return_id")
    receipt = await parsed(request, Receipt)
    return await performed(request, guest, ReceiveReturn(order_id, return_id, receipt))

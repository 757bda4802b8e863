"""Orders over HTTP: placing, moving, cancelling; the list, one order, its history."""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic_core import to_json

from api.as_of import AsOf, asked_moment
from api.documentation import answers, documented
from api.door import (
    JSON,
    admitted,
    backend_of,
    consistent,
    forbidden,
    identified,
    invalid_cursor,
    parsed,
    performed,
    queried,
)
from api.order_query import OrderQuery
from api.order_schemas import OrderAnswer, OrderListPage
from api.permission import AUTHENTICATED
from api.route import DirectRoute
from api.schemas import History
from api.time_travel import list_orders_as_of, past_orders
from commands.cancel_order import Cancellation, CancelOrder
from commands.change_order_status import ChangeOrderStatus, StatusChange
from commands.change_shipping_address import ChangeShippingAddress, ShippingAddressChange
from commands.place_order import OrderCreate, PlaceOrder
from events.opaque import InvalidOpaque
from queries.get_order import get_order, visible_order
from queries.list_orders import OrderList
from queries.order_history import order_history

router = APIRouter(tags=["orders"], route_class=DirectRoute)

_WRITE = ("Idempotency-Key", "If-Match")
_READ = ("Consistency-Token",)


@router.post(
    "/orders",
    status_code=201,
    **documented(
        "Place an order",
        permission="orders:place",
        body=OrderCreate,
        answers=answers(201, OrderAnswer),
        headers=("Idempotency-Key",),
    ),
)
async def place_order(request: Request) -> Response:
    """An order of one's own. Its stock is reserved in the same commit."""
    guest = admitted(request)
    order = await parsed(request, OrderCreate)
    return await performed(
        request, guest, PlaceOrder(order, await guest.shop.numbers.take(), backend_of(request).pay_within)
    )


@router.patch(
    "/orders/{order_id}/status",
    **documented(
        "Change an order's status",
        permission="orders:manage",
        body=StatusChange,
        answers=answers(200, OrderAnswer, 409),
        headers=_WRITE,
    ),
)
async def change_status(request: Request) -> Response:
    """Move an order along its statuses (staff). The status it already has: nothing happens."""
    guest = admitted(request)
    order_id = identified(request, "order_id")
    change = await parsed(request, StatusChange)
    return await performed(request, guest, ChangeOrderStatus(order_id, change))


@router.post(
    "/orders/{order_id}/cancellation",
    **documented(
        "Cancel an order",
        permission=AUTHENTICATED,
        body=Cancellation,
        answers=answers(200, OrderAnswer, 409),
        headers=_WRITE,
    ),
)
async def cancel(request: Request) -> Response:
    """The owner while it is pending, staff while anything is open: the whole, or some units. Their stock is released
    in the same commit."""
    guest = admitted(request)
    order_id = identified(request, "order_id")
    cancellation = await parsed(request, Cancellation)
    return await performed(request, guest, CancelOrder(order_id, cancellation))


@router.patch(
    "/orders/{order_id}/shipping_address",
    **documented(
        "Send an order elsewhere",
        permission=AUTHENTICATED,
        body=ShippingAddressChange,
        answers=answers(200, OrderAnswer, 404, 409),
        headers=_WRITE,
    ),
)
async def change_shipping_address(request: Request) -> Response:
    """To another of the customer's addresses: the owner while it is pending, staff until something was shipped."""
    guest = admitted(request)
    order_id = identified(request, "order_id")
    change = await parsed(request, ShippingAddressChange)
    order = await visible_order(guest.shop.repository, order_id, guest.caller)
    return await performed(request, guest, ChangeShippingAddress(order_id, UUID(order.user_id), change))


@router.get(
    "/orders",
    **documented(
        "List orders",
        permission=AUTHENTICATED,
        query=OrderQuery,
        answers=answers(200, OrderListPage),
        headers=_READ,
    ),
)
async def list_orders(request: Request) -> Response:
    """One's own orders, newest first; staff see all, or those of `user_id`. As of a moment in the past by
    `cursor`, user and status only."""
    guest = admitted(request)
    wanted = queried(request, OrderQuery)
    user_id = wanted.user_id
    if not guest.caller.may("orders:read_any"):
        if user_id not in (None, guest.caller.subject):
            raise forbidden()
        user_id = guest.caller.subject
    if wanted.as_of is not None or wanted.as_of_recorded is not None:
        return await list_orders_as_of(request, guest, user_id)
    await consistent(request, guest.shop, "orders", *(["search"] if wanted.q else []))
    orders = OrderList(backend_of(request).pool, guest.shop.tenant, guest.shop.cursors, guest.caller)
    asked = wanted.asks(user_id)
    try:
        if wanted.page is not None or wanted.per_page is not None:
            page = await orders.numbered(asked, wanted.page or 1, wanted.per_page or 50, facets=wanted.facets)
        else:
            page = await orders.after_cursor(asked, wanted.cursor, wanted.limit, facets=wanted.facets)
    except InvalidOpaque:
        raise invalid_cursor() from None
    return Response(page.json, media_type=JSON)


@router.get(
    "/orders/{order_id}",
    **documented(
        "Read an order",
        permission=AUTHENTICATED,
        query=AsOf,
        answers=answers(200, OrderAnswer, 404),
        headers=_READ,
    ),
)
async def read_order(request: Request) -> Response:
    """One order, always current; or as it was, and then nothing is allowed any more: both lists of that are empty."""
    guest = admitted(request)
    moment = await asked_moment(request, guest)
    await consistent(request, guest.shop)
    order_id = identified(request, "order_id")
    if moment is None:
        order = await get_order(guest.shop.repository, order_id, guest.caller)
    else:
        order = await past_orders(guest).as_of(order_id, moment)
    return Response(order.json, headers={"ETag": f'"{order.version}"'}, media_type=JSON)


@router.get(
    "/orders/{order_id}/events",
    **documented(
        "Read an order's history",
        permission=AUTHENTICATED,
        answers=answers(200, History, 404),
        headers=_READ,
    ),
)
async def read_history(request: Request) -> Response:
    """All that happened to an order and because of it, oldest first, as CloudEvents."""
    guest = admitted(request)
    shop = guest.shop
    await consistent(request, shop)
    order_id = identified(request, "order_id")
    history = await order_history(shop.repository, shop.reader, shop.codec, order_id, guest.caller)
    return Response(to_json({"events": history}), media_type=JSON)

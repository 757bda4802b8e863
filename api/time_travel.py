"""The past over HTTP: what changed between two moments, who set what, and lists as they were."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from api.as_of import AsOf, Between, asked_moment, moment_of
from api.documentation import answers, documented
from api.door import JSON, Guest, admitted, backend_of, consistent, identified, invalid_cursor, queried
from api.paging import Paging
from api.past_schemas import OrderDiff, OrderProvenance
from api.permission import AUTHENTICATED
from api.problems import validation_failed
from api.route import DirectRoute
from commands.change_order_status import Status
from events.opaque import InvalidOpaque
from queries.list_orders_as_of import PastOrderList
from queries.moments import AtVersion
from queries.past_order import PastOrders

router = APIRouter(tags=["time travel"], route_class=DirectRoute)

_READ = ("Consistency-Token",)


class PastOrderQuery(Paging, AsOf):
    """Which orders of then; by page numbers there are none."""

    status: Status | None = None
    user_id: UUID | None = None


@router.get(
    "/orders/{order_id}/diff",
    **documented(
        "What changed in an order",
        permission=AUTHENTICATED,
        query=Between,
        answers=answers(200, OrderDiff, 400, 404),
        headers=_READ,
    ),
)
async def read_diff(request: Request) -> Response:
    """What an order shows differently at `to` than at `from`, field by field, and the event that made it so."""
    guest = admitted(request)
    between = queried(request, Between)
    await consistent(request, guest.shop)
    since = AtVersion(0) if between.since is None else await moment_of(between.since, "from", guest)
    until = None if between.until is None else await moment_of(between.until, "to", guest)
    diff = await past_orders(guest).diff(identified(request, "order_id"), since, until)
    return Response(diff, media_type=JSON)


@router.get(
    "/orders/{order_id}/provenance",
    **documented(
        "Who set what of an order",
        permission=AUTHENTICATED,
        query=AsOf,
        answers=answers(200, OrderProvenance, 400, 404),
        headers=_READ,
    ),
)
async def read_provenance(request: Request) -> Response:
    """Of each field of an order the event that set it: who, when, and why."""
    guest = admitted(request)
    moment = await asked_moment(request, guest)
    await consistent(request, guest.shop)
    found = await past_orders(guest).provenance(identified(request, "order_id"), moment)
    return Response(found.json, headers={"ETag": f'"{found.version}"'}, media_type=JSON)


def past_orders(guest: Guest) -> PastOrders:
    """What the caller may see of orders as they were."""
    return PastOrders(guest.shop.reader, guest.shop.codec, guest.caller)


async def list_orders_as_of(request: Request, guest: Guest, user_id: UUID | None) -> Response:
    """The list as it was; `user_id`: whose orders the caller may see and wants to. Raises Problem, ProjectionBehind."""
    wanted = queried(request, PastOrderQuery)
    moment = await wanted.moment(guest)
    if moment is None or isinstance(moment, AtVersion):
        detail = "a list has no version: name a position or a time"
        raise validation_failed([{"pointer": "?as_of", "code": "moment_of_list", "detail": detail}])
    await consistent(request, guest.shop)
    orders = PastOrderList(backend_of(request).pool, guest.shop.reader, guest.shop.codec, guest.shop.cursors)
    try:
        page = await orders.page(moment, user_id, wanted.status, wanted.cursor, wanted.limit)
    except InvalidOpaque:
        raise invalid_cursor() from None
    return Response(page, media_type=JSON)

"""One's own shipping addresses over HTTP."""

from fastapi import APIRouter, Request, Response
from pydantic_core import to_json

from api.documentation import answers, documented
from api.door import JSON, admitted, consistent, parsed, performed
from api.permission import AUTHENTICATED
from api.route import DirectRoute
from api.schemas import AddressAnswer, AddressList
from commands.add_address import AddAddress, AddressCreate
from queries.list_addresses import list_addresses

router = APIRouter(tags=["addresses"], route_class=DirectRoute)


@router.post(
    "/addresses",
    status_code=201,
    **documented(
        "Add an address",
        permission="addresses:own",
        body=AddressCreate,
        answers=answers(201, AddressAnswer),
        headers=("Idempotency-Key",),
    ),
)
async def add_address(request: Request) -> Response:
    """One more address of one's own."""
    guest = admitted(request)
    return await performed(request, guest, AddAddress(await parsed(request, AddressCreate)))


@router.get(
    "/addresses",
    **documented(
        "List addresses", permission=AUTHENTICATED, answers=answers(200, AddressList), headers=("Consistency-Token",)
    ),
)
async def read_addresses(request: Request) -> Response:
    """All of one's own, in the order in which they were added; always current."""
    guest = admitted(request)
    await consistent(request, guest.shop)
    items = await list_addresses(guest.shop.repository, guest.caller.subject)
    return Response(to_json({"items": items, "next": None}), media_type=JSON)

"""What is said about an order, over HTTP: that it has to wait, and notes."""

from fastapi import APIRouter, Request, Response

from api.documentation import answers, documented
from api.door import admitted, identified, parsed, performed
from api.order_schemas import HoldMade, NoteMade, OrderAnswer
from api.permission import AUTHENTICATED
from api.route import DirectRoute
from commands.add_note import AddNote, NoteCreate
from commands.hold_order import HoldCreate, HoldOrder, ReleaseHold

router = APIRouter(tags=["orders"], route_class=DirectRoute)

_WRITE = ("Idempotency-Key", "If-Match")


@router.post(
    "/orders/{order_id}/holds",
    status_code=201,
    **documented(
        "Hold an order",
        permission="orders:manage",
        body=HoldCreate,
        answers=answers(201, HoldMade, 404),
        headers=_WRITE,
    ),
)
async def hold(request: Request) -> Response:
    """Have it wait before it is confirmed, or before it is shipped (staff). The note is part of the order's history,
    which its customer can read."""
    guest = admitted(request)
    order_id = identified(request, "order_id")
    wanted = await parsed(request, HoldCreate)
    return await performed(request, guest, HoldOrder(order_id, wanted))


@router.delete(
    "/orders/{order_id}/holds/{hold_id}",
    **documented("Release a hold", permission="orders:manage", answers=answers(200, OrderAnswer, 404), headers=_WRITE),
)
async def release(request: Request) -> Response:
    """Have it wait for this no longer (staff)."""
    guest = admitted(request)
    order_id, hold_id = identified(request, "order_id"), identified(request, "hold_id")
    return await performed(request, guest, ReleaseHold(order_id, hold_id))


@router.post(
    "/orders/{order_id}/notes",
    status_code=201,
    **documented(
        "Add a note",
        permission=AUTHENTICATED,
        body=NoteCreate,
        answers=answers(201, NoteMade, 404),
        headers=_WRITE,
    ),
)
async def add_note(request: Request) -> Response:
    """Write something down: the owner, or staff. Whoever may see the order may read it in its history."""
    guest = admitted(request)
    order_id = identified(request, "order_id")
    note = await parsed(request, NoteCreate)
    return await performed(request, guest, AddNote(order_id, note))

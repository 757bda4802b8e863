"""Many orders' statuses in one request, each with an outcome of its own; or what would come of it."""

import asyncio
from dataclasses import replace
from typing import Annotated, NamedTuple
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from api.documentation import answers, documented
from api.door import JSON, Guest, admitted, carried_out, command_request, parsed
from api.failures import as_problem
from api.order_schemas import BulkStatusAnswer
from api.route import DirectRoute
from commands.change_order_status import ChangeOrderStatus, Reason, Status, StatusChange
from commands.command import Answer
from commands.command import Request as CommandRequest
from events.log.ids import new_id

router = APIRouter(tags=["orders"], route_class=DirectRoute)

_AT_ONCE = 50


class BulkStatusChange(BaseModel):
    """The status that these orders shall have. `dry_run`: only tell what would come of it."""

    model_config = ConfigDict(extra="forbid")

    order_ids: Annotated[list[UUID], Field(min_length=1, max_length=500)]
    status: Status
    reason: Reason | None = None
    dry_run: bool = False


@router.post(
    "/orders/status",
    status_code=207,
    **documented(
        "Change many orders' statuses",
        permission="orders:manage",
        body=BulkStatusChange,
        answers=answers(207, BulkStatusAnswer),
        headers=("Idempotency-Key",),
    ),
)
async def change_statuses(request: Request) -> Response:
    """Up to 500 orders (staff), each changed or refused by itself. Under an Idempotency-Key each has a key of its own,
    so that a request that was cut off can be sent again. A dry run decides on the orders as they are now, and writes
    nothing."""
    guest = admitted(request)
    wanted = await parsed(request, BulkStatusChange)
    asked = command_request(request, guest.caller)
    turn = asyncio.Semaphore(_AT_ONCE)

    async def changed(order_id: UUID) -> _Result:
        async with turn:
            return await _changed(request, guest, order_id, wanted, asked)

    results = await asyncio.gather(*(changed(order_id) for order_id in dict.fromkeys(wanted.order_ids)))
    changes = [result.answer for result in results if result.answer is not None]
    headers = {}
    if changes:
        headers["Consistency-Token"] = guest.shop.positions.seal(max(answer.position for answer in changes))
        if all(answer.replayed for answer in changes):
            headers["Idempotent-Replayed"] = "true"
    body = b'{"dry_run":%s,"results":[%s]}' % (to_json(wanted.dry_run), b",".join(result.json for result in results))
    return Response(body, 207, headers, JSON)


class _Result(NamedTuple):
    """What became of one order, as JSON, and the answer, where it was changed."""

    json: bytes
    answer: Answer | None = None


async def _changed(
    request: Request, guest: Guest, order_id: UUID, wanted: BulkStatusChange, asked: CommandRequest
) -> _Result:
    # A space is in no key that a client may send: no other request can have this one.
    key = None if asked.idempotency_key is None else f"{asked.idempotency_key} {order_id}"
    one = replace(asked, command_id=new_id(), idempotency_key=key, if_match=None)
    command = ChangeOrderStatus(order_id, StatusChange(status=wanted.status, reason=wanted.reason))
    try:
        if wanted.dry_run:
            decision = await guest.shop.commands.preview(command, one)
            return _Result(_told(order_id, decision.status, b"order", decision.body))
        answer = await carried_out(guest, command, one)
        return _Result(_told(order_id, answer.status, b"order", answer.body), answer)
    except Exception as error:
        # Others may have been changed: whatever it was, they are told so.
        problem = as_problem(request, error)
        return _Result(_told(order_id, problem.status, b"problem", to_json(problem.document(request.url.path))))


def _told(order_id: UUID, status: int, kind: bytes, what: bytes) -> bytes:
    return b'{"order_id":"%s","status":%d,"%s":%s}' % (str(order_id).encode(), status, kind, what)

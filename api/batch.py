"""Many orders in one request, each with an outcome of its own."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import to_json
from uuid_utils.compat import uuid7

from api.documentation import answers, documented
from api.door import JSON, Guest, admitted, backend_of, carried_out, command_request, parsed
from api.failures import as_problem
from api.problems import Problem, invalid
from api.route import DirectRoute
from api.schemas import BatchAnswer
from commands.command import Answer
from commands.command import Request as CommandRequest
from commands.place_order import OrderCreate, PlaceOrder

router = APIRouter(tags=["orders"], route_class=DirectRoute)

MOST_ORDERS = 500

_AT_ONCE = 50
"""Orders of a batch that are under way together: while some are committed, the next are decided, and between them other
requests get their turn."""


class OrderBatch(BaseModel):
    """Orders, each like the body of `POST /orders`; one that is not does no harm to the others."""

    model_config = ConfigDict(extra="forbid")

    orders: Annotated[list[Any], Field(min_length=1, max_length=MOST_ORDERS)]


@dataclass(frozen=True, slots=True)
class _Result:
    """What became of one: an answer, or a problem."""

    answer: Answer | None = None
    problem: Problem | None = None

    def json(self, path: str) -> bytes:
        if self.answer is not None:
            return b'{"status":%d,"order":%s}' % (self.answer.status, self.answer.body)
        if self.problem is None:
            raise AssertionError("an order ends in one or the other")
        return to_json({"status": self.problem.status, "problem": self.problem.document(path)})


@router.post(
    "/orders/batch",
    status_code=207,
    **documented(
        "Place many orders",
        permission="orders:place",
        body=OrderBatch,
        answers=answers(207, BatchAnswer),
        headers=("Idempotency-Key",),
    ),
)
async def place_orders(request: Request) -> Response:
    """Up to 500 orders of one's own, each placed or refused by itself. Under an Idempotency-Key each has a key of its
    own, so that a batch that was cut off can be sent again: what was placed is answered as it was."""
    guest = admitted(request)
    batch = await parsed(request, OrderBatch)
    wanted = command_request(request, guest.caller)
    turn = asyncio.Semaphore(_AT_ONCE)

    async def placed(number: int, order: Any) -> _Result:
        async with turn:
            return await _placed(request, guest, number, order, wanted)

    results = await asyncio.gather(*(placed(number, order) for number, order in enumerate(batch.orders)))
    return _answered(request, guest, results)


async def _placed(request: Request, guest: Guest, number: int, order: Any, wanted: CommandRequest) -> _Result:
    # A space is in no key that a client may send: no other request can have this one.
    key = None if wanted.idempotency_key is None else f"{wanted.idempotency_key} {number}"
    try:
        command = PlaceOrder(
            OrderCreate.model_validate(order), await guest.shop.numbers.take(), backend_of(request).pay_within
        )
        return _Result(
            await carried_out(guest, command, replace(wanted, command_id=uuid7(), idempotency_key=key, if_match=None))
        )
    except ValidationError as error:
        return _Result(problem=invalid(error, prefix="/", within=f"/orders/{number}"))
    except Exception as error:
        # Others of the batch may have been placed: whatever it was, they are told so.
        return _Result(problem=as_problem(request, error))


def _answered(request: Request, guest: Guest, results: Sequence[_Result]) -> Response:
    headers = {}
    placed = [result.answer for result in results if result.answer is not None]
    if placed:
        headers["Consistency-Token"] = guest.shop.positions.seal(max(answer.position for answer in placed))
        if all(answer.replayed for answer in placed):
            headers["Idempotent-Replayed"] = "true"
    body = b'{"results":[' + b",".join(result.json(request.url.path) for result in results) + b"]}"
    return Response(body, 207, headers, JSON)

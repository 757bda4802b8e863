"""Many orders in one request, each with an outcome of its own."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from time import perf_counter
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import to_json

from api.documentation import answers, documented
from api.door import (
    JSON,
    Guest,
    admitted,
    backend_of,
    command_request,
    json_body_of,
    outcome_of,
    validated,
    written_down,
)
from api.failures import as_problem
from api.order_schemas import BatchAnswer
from api.problems import Problem, invalid
from api.route import DirectRoute
from commands.command import Answer
from commands.command import Request as CommandRequest
from commands.place_order import OrderCreate, PlaceOrder
from events.log.ids import new_id

router = APIRouter(tags=["orders"], route_class=DirectRoute)

MOST_ORDERS = 500

_SLICE = 50
"""Orders of a batch that are decided in one go and appended together; after each, other requests get their turn."""

_SLICES_AT_ONCE = 2
"""While one slice is committed, the next is decided."""


class OrderBatch(BaseModel):
    """Orders, each like the body of `POST /orders`; one that is not does no harm to the others."""

    model_config = ConfigDict(extra="forbid")

    orders: Annotated[list[Any], Field(min_length=1, max_length=MOST_ORDERS)]


class _FaultlessBatch(OrderBatch):
    """One in which each is an order: most are, and read in one go."""

    orders: Annotated[list[OrderCreate], Field(min_length=1, max_length=MOST_ORDERS)]


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
    orders = _orders(await json_body_of(request))
    wanted = command_request(request, guest.caller)
    started = perf_counter()
    turn = asyncio.Semaphore(_SLICES_AT_ONCE)

    async def placed(first: int) -> list[Answer | BaseException]:
        async with turn:
            return await _placed(request, guest, first, orders[first : first + _SLICE], wanted)

    slices = await asyncio.gather(*(placed(first) for first in range(0, len(orders), _SLICE)))
    results = [result for slice_ in slices for result in slice_]
    outcomes = Counter(outcome_of(result) for result in results if not isinstance(result, ValidationError))
    written_down(PlaceOrder.__name__, outcomes, guest, wanted, started)
    return _answered(request, guest, results)


def _orders(body: bytes) -> list[OrderCreate | ValidationError]:
    """Each as what it is, or what is wrong with it. Raises Problem (422), where the whole is no batch."""
    try:
        return [*_FaultlessBatch.model_validate_json(body).orders]
    except ValidationError:
        return [_order(one) for one in validated(body, OrderBatch).orders]


def _order(given: Any) -> OrderCreate | ValidationError:
    try:
        return OrderCreate.model_validate(given)
    except ValidationError as error:
        return error


async def _placed(
    request: Request,
    guest: Guest,
    first: int,
    orders: Sequence[OrderCreate | ValidationError],
    wanted: CommandRequest,
) -> list[Answer | BaseException]:
    """What became of these, of which the first has this number in the batch."""
    numbered = [(n, order) for n, order in enumerate(orders, first) if isinstance(order, OrderCreate)]
    pay_within = backend_of(request).pay_within
    results: list[Answer | BaseException]
    try:
        asked = [
            (PlaceOrder(order, await guest.shop.numbers.take(), pay_within), _one_of(wanted, number))
            for number, order in numbered
        ]
        results = await guest.shop.commands.handle_many(asked)
    except Exception as error:
        # Others of the batch may have been placed: whatever it was, they are told so.
        results = [error] * len(numbered)
    placed = iter(results)
    return [next(placed) if isinstance(order, OrderCreate) else order for order in orders]


def _one_of(wanted: CommandRequest, number: int) -> CommandRequest:
    # A space is in no key that a client may send: no other request can have this one.
    key = None if wanted.idempotency_key is None else f"{wanted.idempotency_key} {number}"
    return CommandRequest(
        wanted.caller,
        new_id(),
        wanted.correlation_id,
        key,
        traceparent=wanted.traceparent,
        causation_id=wanted.causation_id,
    )


def _answered(request: Request, guest: Guest, results: Sequence[Answer | BaseException]) -> Response:
    headers = {}
    placed = [result for result in results if isinstance(result, Answer)]
    if placed:
        headers["Consistency-Token"] = guest.shop.positions.seal(max(answer.position for answer in placed))
        if all(answer.replayed for answer in placed):
            headers["Idempotent-Replayed"] = "true"
    each = (_json(request, number, result) for number, result in enumerate(results))
    return Response(b'{"results":[' + b",".join(each) + b"]}", 207, headers, JSON)


def _json(request: Request, number: int, result: Answer | BaseException) -> bytes:
    if isinstance(result, Answer):
        return b'{"status":%d,"order":%s}' % (result.status, result.body)
    problem = _problem(request, number, result)
    return to_json({"status": problem.status, "problem": problem.document(request.url.path)})


def _problem(request: Request, number: int, error: BaseException) -> Problem:
    match error:
        case ValidationError():
            return invalid(error, prefix="/", within=f"/orders/{number}")
        case Exception():
            return as_problem(request, error)
    raise error

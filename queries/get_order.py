"""One order and its fulfilment, always current: what is new on its stream is read from the log."""

from dataclasses import dataclass
from uuid import UUID

from pydantic_core import to_json

from events.caller import Caller
from events.domain.order import Order
from events.domain.refusal import NotFound
from events.order_document import fulfillment_document, payments_document
from events.order_json import order_json
from events.repository import Repository


@dataclass(frozen=True, slots=True)
class Document:
    """A resource as JSON, and the version it is at."""

    json: bytes
    version: int


async def get_order(repository: Repository, order_id: UUID, caller: Caller) -> Document:
    """The order, if the caller may see it. Raises NotFound."""
    order = await visible_order(repository, order_id, caller)
    return Document(order_json(order, caller).encode(), order.version)


async def get_fulfillment(repository: Repository, order_id: UUID, caller: Caller) -> Document:
    """How far the order is fulfilled, if the caller may see it. Raises NotFound."""
    order = await visible_order(repository, order_id, caller)
    return Document(to_json(fulfillment_document(order)), order.version)


async def get_payments(repository: Repository, order_id: UUID, caller: Caller) -> Document:
    """How the order is paid, if the caller may see it. Raises NotFound."""
    order = await visible_order(repository, order_id, caller)
    return Document(to_json(payments_document(order)), order.version)


async def visible_order(repository: Repository, order_id: UUID, caller: Caller) -> Order:
    """The order as it now is, if the caller may see it. Raises NotFound."""
    order = (await repository.refresh([order_id]))[order_id]
    if not isinstance(order, Order) or not caller.may_see_orders_of(order.user_id):
        raise NotFound("There is no such order.")
    return order

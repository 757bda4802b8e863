"""What leaves the service because of an order: its confirmation, and what is asked of the payment provider.

Imported orders get no confirmation: their customers know.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple
from uuid import UUID

from pydantic_core import from_json

from events.domain.delivery import confirmation_id
from events.log.database import Connection
from events.log.recorded import RecordedEvent
from projections.checkpoints import SQL

Enqueue = Callable[[str, Sequence[UUID]], Awaitable[None]]
"""Hands deliveries of a tenant to the broker; it may be down, or full: a sweep finds what is due."""

ORDER_CONFIRMATION = "order_confirmation"
REQUESTS = {
    "CaptureRequested": ("payment_capture", "capture_id"),
    "RefundRequested": ("payment_refund", "refund_id"),
    "PaymentVoidRequested": ("payment_void", "void_id"),
}
"""Event type → the kind of its delivery, and the field with its id, which is the provider's idempotency key."""


class _Delivery(NamedTuple):
    kind: str
    id: UUID
    order_id: UUID
    customer_id: UUID


class ConfirmationsProjection:
    """Writes the deliveries with its checkpoint, under ids that follow from the events, and enqueues them after."""

    name = "confirmations"
    follows: tuple[str, ...] = ("orders", "catalogue")
    parks = True
    writes = True

    def __init__(self, tenant: str, enqueue: Enqueue) -> None:
        self._tenant = tenant
        self._enqueue = enqueue

    async def apply(self, transaction: Connection, events: Sequence[RecordedEvent]) -> None:
        deliveries = _deliveries(events)
        if deliveries:
            await transaction.execute(SQL.insert_deliveries, self._tenant, *map(list, zip(*deliveries, strict=True)))

    async def applied(self, events: Sequence[RecordedEvent]) -> None:
        deliveries = _deliveries(events)
        if deliveries:
            await self._enqueue(self._tenant, [one.id for one in deliveries])


def _deliveries(events: Sequence[RecordedEvent]) -> list[_Delivery]:
    deliveries = []
    for event in events:
        if event.type == "OrderPlaced":
            kind, delivery_id = ORDER_CONFIRMATION, confirmation_id(event.stream_id)
        elif event.type in REQUESTS:
            kind, name = REQUESTS[event.type]
            delivery_id = UUID(from_json(event.data)[name])
        else:
            continue
        deliveries.append(_Delivery(kind, delivery_id, event.stream_id, UUID(event.meta()["owner"])))
    return deliveries

"""Confirmations: one delivery for each order placed. Imported orders get none: their customers know."""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from events.domain.delivery import confirmation_id
from events.log.database import Connection
from events.log.recorded import RecordedEvent
from projections.checkpoints import SQL

Enqueue = Callable[[str, Sequence[UUID]], Awaitable[None]]
"""Hands deliveries of a tenant to the broker; it may be down, or full: a sweep finds what is due."""

ORDER_CONFIRMATION = "order_confirmation"


class ConfirmationsProjection:
    """Writes the deliveries with its checkpoint, under ids that follow from the orders', and enqueues them after."""

    name = "confirmations"
    follows: tuple[str, ...] = ("orders", "catalogue")
    parks = True
    writes = True

    def __init__(self, tenant: str, enqueue: Enqueue) -> None:
        self._tenant = tenant
        self._enqueue = enqueue

    async def apply(self, transaction: Connection, events: Sequence[RecordedEvent]) -> None:
        placed = [event for event in events if event.type == "OrderPlaced"]
        if placed:
            await transaction.execute(
                SQL.insert_deliveries,
                self._tenant,
                ORDER_CONFIRMATION,
                [confirmation_id(event.stream_id) for event in placed],
                [event.stream_id for event in placed],
                [UUID(event.meta()["owner"]) for event in placed],
            )

    async def applied(self, events: Sequence[RecordedEvent]) -> None:
        deliveries = [confirmation_id(event.stream_id) for event in events if event.type == "OrderPlaced"]
        if deliveries:
            await self._enqueue(self._tenant, deliveries)

"""Confirmations: one delivery for each order placed. Imported orders get none: their customers know.

And one for each account that somebody is invited to.
"""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from events.codec import current_fields
from events.domain.account import invitation_id
from events.domain.delivery import confirmation_id
from events.log.database import Connection
from events.log.recorded import RecordedEvent
from projections.checkpoints import SQL

Enqueue = Callable[[str, Sequence[UUID]], Awaitable[None]]
"""Hands deliveries of a tenant to the broker; it may be down, or full: a sweep finds what is due."""

ORDER_CONFIRMATION = "order_confirmation"
ACCOUNT_INVITATION = "account_invitation"


class ConfirmationsProjection:
    """Writes the deliveries with its checkpoint, under ids that follow from the orders', and enqueues them after."""

    name = "confirmations"
    follows: tuple[str, ...] = ("orders", "catalogue", "accounts")
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

        invited = [event for event in events if event.type == "AccountInvited"]
        if invited:
            await transaction.execute(
                SQL.insert_deliveries,
                self._tenant,
                ACCOUNT_INVITATION,
                [invitation_id(event.stream_id) for event in invited],
                # What it is about is the account's stream, and the person is the one with the account's id.
                [event.stream_id for event in invited],
                [UUID(current_fields(event)["account_id"]) for event in invited],
            )

    async def applied(self, events: Sequence[RecordedEvent]) -> None:
        deliveries = [confirmation_id(event.stream_id) for event in events if event.type == "OrderPlaced"]
        deliveries += [invitation_id(event.stream_id) for event in events if event.type == "AccountInvited"]
        if deliveries:
            await self._enqueue(self._tenant, deliveries)

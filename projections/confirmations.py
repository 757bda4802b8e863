"""What leaves the service: an order's confirmation, what is asked of the payment provider, an account's invitation.

Imported orders get no confirmation: their customers know.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple
from uuid import UUID

from events.codec import current_fields
from events.domain.account import invitation_id
from events.domain.delivery import confirmation_id
from events.log.database import Connection
from events.log.ids import id_of
from events.log.recorded import RecordedEvent
from projections.checkpoints import SQL

Enqueue = Callable[[str, Sequence[UUID]], Awaitable[None]]
"""Hands deliveries of a tenant to the broker; it may be down, or full: a sweep finds what is due."""

ORDER_CONFIRMATION = "order_confirmation"
ACCOUNT_INVITATION = "account_invitation"
REQUESTS = {
    "CaptureRequested": ("payment_capture", "capture_id"),
    "RefundRequested": ("payment_refund", "refund_id"),
    "PaymentVoidRequested": ("payment_void", "void_id"),
}
"""Event type → the kind of its delivery, and the field with its id, which is the provider's idempotency key."""
_INVITATIONS = ("AccountInvited", "AccountInvitedAgain")
_CONCERNS = frozenset(("OrderPlaced", *_INVITATIONS, *REQUESTS))


class _Delivery(NamedTuple):
    """`order_id`: what it is about; of an invitation the invitation's own stream."""

    kind: str
    id: UUID
    order_id: UUID
    customer_id: UUID


class ConfirmationsProjection:
    """Writes the deliveries with its checkpoint, under ids that follow from the events, and enqueues them after."""

    name = "confirmations"
    version = 1
    tables: tuple[str, ...] = ()
    follows: tuple[str, ...] = ("orders", "catalogue", "accounts")
    parks = True
    writes = True

    def __init__(self, tenant: str, enqueue: Enqueue) -> None:
        self._tenant = tenant
        self._enqueue = enqueue
        self._written: dict[int, UUID] = {}
        """Position → the delivery that was written for the event there, until its batch is committed."""

    def concerns(self, event: RecordedEvent) -> bool:
        """Those that have an effect in the world."""
        return event.type in _CONCERNS

    async def apply(self, transaction: Connection, events: Sequence[RecordedEvent]) -> None:
        deliveries = {event.position: _delivery(event) for event in events if event.type in _CONCERNS}
        if not deliveries:
            return
        await transaction.execute(
            SQL.insert_deliveries, self._tenant, *map(list, zip(*deliveries.values(), strict=True))
        )
        self._written |= {position: delivery.id for position, delivery in deliveries.items()}

    async def applied(self, events: Sequence[RecordedEvent]) -> None:
        written, self._written = self._written, {}
        deliveries = [written[event.position] for event in events if event.position in written]
        if deliveries:
            await self._enqueue(self._tenant, deliveries)


def _delivery(event: RecordedEvent) -> _Delivery:
    about = event.stream_id
    if event.type == "OrderPlaced":
        return _Delivery(ORDER_CONFIRMATION, confirmation_id(about), about, id_of(event.meta()["owner"]))
    if event.type in _INVITATIONS:
        fields = current_fields(event)
        invitation = invitation_id(about, fields.get("number", 1))
        return _Delivery(ACCOUNT_INVITATION, invitation, about, UUID(fields["account_id"]))
    kind, name = REQUESTS[event.type]
    return _Delivery(kind, UUID(event.stored[name]), about, UUID(event.meta()["owner"]))

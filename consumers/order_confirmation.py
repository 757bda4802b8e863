"""Confirms an order to its customer by mail. Everything in the mail comes from the log."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from email.message import EmailMessage
from uuid import UUID

from consumers.confirmation_mail import confirmation_mail, message_id
from consumers.effect import Delivery, Recorded, Undeliverable
from consumers.recording import entry
from events.codec import Codec
from events.domain.delivery import Confirmation
from events.log.append import Appended, Conflict
from events.log.appender import Appender
from events.log.reader import LogReader
from events.log.recorded import RecordedEvent
from events.repository import fold

ORDER_CONFIRMATION = "order_confirmation"
"""The kind of delivery that this performs."""


class OrderConfirmation:
    """The confirmations of one tenant."""

    def __init__(
        self,
        reader: LogReader,
        codec: Codec,
        appender: Appender,
        send: Callable[[EmailMessage], Awaitable[None]],
        mail_from: str,
    ) -> None:
        self._reader = reader
        self._codec = codec
        self._appender = appender
        self._send = send
        self._mail_from = mail_from

    async def read(self, deliveries: Sequence[Delivery]) -> Recorded:
        """The streams of the deliveries themselves, of their orders and of their customers."""
        wanted = [stream for one in deliveries for stream in (one.id, one.order_id, one.customer_id)]
        streams: defaultdict[UUID, list[RecordedEvent]] = defaultdict(list)
        for event in await self._reader.streams(dict.fromkeys(wanted, 0)):
            streams[event.stream_id].append(event)
        return streams

    async def perform(self, delivery: Delivery, recorded: Recorded) -> None:
        """Send the mail and record that it was sent, unless the log has that record."""
        if recorded.get(delivery.id):
            return
        placed = next((event for event in recorded.get(delivery.order_id, ()) if event.type == "OrderPlaced"), None)
        if placed is None:
            raise Undeliverable("the log has no such order")
        await self._send(await self._mail(delivery, placed, recorded.get(delivery.customer_id, ())))
        await self._record(delivery, placed)

    async def _mail(
        self, delivery: Delivery, placed: RecordedEvent, about_customer: Sequence[RecordedEvent]
    ) -> EmailMessage:
        order_placed, *customer_events = await self._codec.decode_all([placed, *about_customer])
        order, customer = fold([order_placed]), fold(customer_events)
        if customer is None:
            raise Undeliverable("the log has no such customer")
        return confirmation_mail(order, customer, delivery, self._mail_from)

    async def _record(self, delivery: Delivery, placed: RecordedEvent) -> None:
        """On the delivery's own stream, so that the order's version stays where it is."""
        confirmation = Confirmation.sent(
            delivery.order_id,
            message_id=message_id(delivery, self._mail_from),
            attempts=delivery.attempt,
        )
        made = entry(
            self._codec,
            confirmation,
            correlation_id=placed.meta()["correlation_id"],
            causation_id=f"{placed.stream_id}.{placed.version}",
            owner=delivery.customer_id,
            about=delivery.order_id,
        )
        outcome = await self._appender.append(made)
        if not isinstance(outcome, Appended | Conflict):
            raise AssertionError(f"recording a confirmation cannot end as {type(outcome).__name__}")
        # A conflict means that another worker, whose lease had run out, recorded it meanwhile.

"""Asks the payment provider for a capture, a refund or a void. Its answer comes later, as a webhook; only what it
refuses for good is recorded from here."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from consumers.effect import Delivery, Recorded, Undeliverable
from consumers.payment_provider import PaymentProvider, PaymentRefused
from consumers.recording import entry
from events.codec import Codec
from events.domain.money_ledger import REQUESTED
from events.domain.order import Order
from events.domain.order_state import ENDED
from events.log.append import Appended
from events.log.appender import Appender
from events.log.reader import LogReader
from events.log.recorded import RecordedEvent
from events.repository import fold

PAYMENT_CAPTURE, PAYMENT_REFUND, PAYMENT_VOID = KINDS = ("payment_capture", "payment_refund", "payment_void")
"""The kinds of delivery that this performs."""


class OrderMovedOn(Exception):
    """The order changed while the provider was asked: the next attempt sees."""


class PaymentRequest:
    """The requests of one tenant. A delivery's id is the request's, and the provider's idempotency key."""

    def __init__(self, reader: LogReader, codec: Codec, appender: Appender, provider: PaymentProvider) -> None:
        self._reader = reader
        self._codec = codec
        self._appender = appender
        self._provider = provider

    async def read(self, deliveries: Sequence[Delivery]) -> Recorded:
        """The streams of their orders."""
        streams: defaultdict[UUID, list[RecordedEvent]] = defaultdict(list)
        for event in await self._reader.streams(dict.fromkeys((one.order_id for one in deliveries), 0)):
            streams[event.stream_id].append(event)
        return streams

    async def perform(self, delivery: Delivery, recorded: Recorded) -> None:
        """Ask, unless the log says what came of it."""
        order = fold(await self._codec.decode_all(recorded.get(delivery.order_id, ())))
        if not isinstance(order, Order):
            raise Undeliverable("the log has no such order")
        try:
            await self._ask(delivery, order)
        except PaymentRefused as refused:
            await self._refused(delivery, order, refused.code)

    async def _ask(self, delivery: Delivery, order: Order) -> None:
        money, request_id = order.money, delivery.id
        if delivery.kind == PAYMENT_VOID:
            for payment_id, payment in money.payments.items():
                if payment.void_id == str(request_id) and money.sums_of(payment_id).capturable:
                    await self._provider.void(payment.psp_reference, request_id)
            return
        movements, ask = (
            (money.captures, self._provider.capture)
            if delivery.kind == PAYMENT_CAPTURE
            else (money.refunds, self._provider.refund)
        )
        if delivery.kind == PAYMENT_CAPTURE and delivery.attempt == 1 and order.status in ENDED:
            # Nobody was asked before: what would only have to be given back is not taken.
            raise PaymentRefused("order_ended")
        asked = movements.get(str(request_id))
        if asked is not None and asked.status == REQUESTED:
            reference = money.payments[asked.payment_id].psp_reference
            await ask(reference, asked.amount_cents, order.currency, request_id)

    async def _refused(self, delivery: Delivery, order: Order, code: str) -> None:
        """The provider never will: what was set aside is free again. A void that it refuses has nothing to release."""
        before = order.version
        match delivery.kind:
            case "payment_capture":
                order.capture_failed(str(delivery.id), code)
            case "payment_refund":
                order.refund_failed(str(delivery.id), code)
            case _:
                raise Undeliverable(f"the provider refuses it: {code}")
        if order.version == before:
            return
        made = entry(self._codec, order, correlation_id=None, owner=delivery.customer_id)
        if not isinstance(await self._appender.append(made), Appended):
            raise OrderMovedOn

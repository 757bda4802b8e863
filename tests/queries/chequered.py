"""A chequered past: orders that come and go at random, some from elsewhere, on clocks that step back."""

import contextlib
import random
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from events.domain.order import Order
from events.domain.order_parts import Address
from events.domain.refusal import Refusal
from events.log.recorded import RecordedEvent
from events.repository import fold
from events.types import DomainEvent
from tests.projections.book import Book
from tests.projections.business import line, placed, product

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class Told:
    """The log told again: which events there are of each order, and what they make of it at any moment."""

    def __init__(self, recorded: list[RecordedEvent], events: list[DomainEvent]) -> None:
        self.head = recorded[-1].position
        self.recorded = recorded
        self.times = sorted({event.timestamp for event in events})
        self._streams: dict[UUID, list[tuple[RecordedEvent, DomainEvent]]] = {}
        for one, event in zip(recorded, events, strict=True):
            self._streams.setdefault(one.stream_id, []).append((one, event))

    def order(self, order_id: UUID, version: int) -> Order:
        """The order at a version, by its events."""
        order: Order = fold(event for _, event in self._streams[order_id][:version])
        return order

    def versions(self) -> dict[UUID, int]:
        """Each order's last version."""
        return {order_id: len(stream) for order_id, stream in self._streams.items()}

    def at_position(self, position: int) -> list[Order]:
        """The orders that the log had, the last recorded first."""
        return self._then(lambda one, _: one.position <= position, self._began)

    def at_time(self, time: datetime) -> list[Order]:
        """The orders that there were by business time, the last placed first."""
        return self._then(
            lambda _, event: event.timestamp <= time,
            lambda order_id: (self._streams[order_id][0][1].timestamp, self._began(order_id)),
        )

    def _began(self, order_id: UUID) -> int:
        return self._streams[order_id][0][0].position

    def _then(
        self, happened: Callable[[RecordedEvent, DomainEvent], bool], place: Callable[[UUID], object]
    ) -> list[Order]:
        orders: dict[UUID, Order] = {}
        for order_id, stream in self._streams.items():
            for one, event in stream:
                if not happened(one, event):
                    break
                orders[order_id] = fold([event], orders.get(order_id))
        return [orders[one] for one in sorted(orders, key=place, reverse=True)]  # type: ignore[arg-type]


async def a_chequered_past(book: Book, chance: random.Random, steps: int = 40) -> Told:
    """So many things happen; the order history is brought along in batches of any size."""
    customers = [uuid4() for _ in range(3)]
    pen, ink = product(), product("INK")
    orders: list[Order] = []
    for _ in range(steps):
        order = chance.choice(orders) if orders and chance.random() < 0.75 else None
        if order is None:
            lines = [line(pen, chance.randint(1, 4)), line(ink, chance.randint(1, 4))]
            order = placed(chance.choice(customers), *lines)
            if chance.random() < 0.3:
                order = from_elsewhere(order, at(chance))
            orders.append(order)
        else:
            _moved_on(order, chance)
        await book.append(order)
        if chance.random() < 0.3:
            await book.runners["order_history"].catch_up()
    await book.post()
    recorded = await book.shop.reader.after(0, 10_000)
    return Told(recorded, await book.shop.codec.decode_all(recorded))


def from_elsewhere(order: Order, placed_at: datetime) -> Order:
    """The order as one that was imported."""
    return Order.import_from(
        order.id,
        placed_at,
        number=order.number,
        user_id=order.user_id,
        currency="USD",
        lines=order.lines,
        shipping_cents=0,
        shipping_address=order.shipping_address,
        reference=order.number,
        fingerprint="0" * 32,
    )


def at(chance: random.Random) -> datetime:
    """A time long ago; of few, so that several things have the same."""
    return LONG_AGO + timedelta(days=chance.randint(0, 20))


def address(city: str) -> Address:
    return {"recipient": "Ada Lovelace", "line1": "1 Rue", "line2": None, "city": city, "country": "FR"}


def _moved_on(order: Order, chance: random.Random) -> None:
    """Something happens to it, or nothing, where it may not."""
    parts = [{"item_id": chance.choice(order.lines)["id"], "quantity": 1}]
    back_then = at(chance) if chance.random() < 0.5 else None
    held = [hold["id"] for hold in order.holds]
    steps: Iterable[Callable[[], object]] = (
        *[lambda: order.change_status(chance.choice(order.allowed_statuses or ("pending",)), at=back_then)] * 4,
        lambda: order.ship(parts, at=back_then),  # type: ignore[arg-type]
        lambda: order.cancel("less", parts, at=back_then),  # type: ignore[arg-type]
        lambda: order.place_hold(chance.choice(("confirm", "ship")), "other", "a note"),
        lambda: order.release_hold(chance.choice(held or ["none"])),
        *[lambda: order.readdress(address(chance.choice(("Paris", "Lyon", "Nice"))))] * 2,
        lambda: order.add_note("rang twice"),
    )
    with contextlib.suppress(Refusal):
        chance.choice(list(steps))()

"""The search read model: a row for each order and each word by which it is found.

An order is found by its number, its reference, its products' names and SKUs, its shipments' tracking numbers, and by
the names and the mail address of its customer and its recipient. The latter are kept apart, to be forgotten.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from events.codec import Codec, current_fields
from events.domain.order_parts import Address
from events.erased import ERASED_ADDRESS
from events.log.database import Connection
from events.log.recorded import RecordedEvent
from events.search_words import mail_words, word_of, words_of
from projections.checkpoints import SQL

_BEGINNINGS = ("OrderPlaced", "OrderImported")
_CONCERNS = frozenset((*_BEGINNINGS, "OrderShipped", "OrderShippingAddressChanged"))
_TRACKED = b'"tracking":"'
"""What the stored bytes of a shipment with a tracking number have in them."""
_REMEMBERED = 20_000
"""Customers whose words are kept in memory."""


@dataclass(slots=True)
class _Entry:
    """What a batch adds to an order's words. `names` None: its personal words stay as they are."""

    placed_at: datetime
    position: int
    words: set[str] = field(default_factory=set)
    names: frozenset[str] | None = None

    @property
    def personal(self) -> set[str]:
        """Those words that are known from names alone."""
        return set(self.names or ()) - self.words


class SearchProjection:
    """Knows orders, products and customers by their first events, so it depends on no other read model."""

    name = "search"
    version = 1
    tables: tuple[str, ...] = ("order_search",)
    follows: tuple[str, ...] = ()
    parks = True
    writes = True

    def __init__(self, tenant: str, codec: Codec) -> None:
        self._tenant = tenant
        self._codec = codec
        self._skus: dict[str, str] = {}
        self._customers: OrderedDict[str, frozenset[str]] = OrderedDict()

    def concerns(self, event: RecordedEvent) -> bool:
        """Whether it may add words to an order, or take some away."""
        return event.type in _CONCERNS

    async def apply(self, transaction: Connection, events: Sequence[RecordedEvent]) -> None:
        """One insert for all words; one delete before it, where orders go elsewhere."""
        began = [event for event in events if event.type in _BEGINNINGS]
        shipped = [event for event in events if event.type == "OrderShipped" and _TRACKED in event.data]
        redirected = [event for event in events if event.type == "OrderShippingAddressChanged"]
        if not (began or shipped or redirected):
            return
        await self._codec.keyring.forget_erased(transaction)
        elsewhere = {event.stream_id for event in (*shipped, *redirected)} - {event.stream_id for event in began}
        known = await self._beginnings(transaction, elsewhere)
        placed = dict(zip((event.stream_id for event in began), await self._codec.open_all(began), strict=True))
        owners = {order_id: fields["user_id"] for order_id, fields in placed.items()}
        owners |= {event.stream_id: current_fields(event)["user_id"] for event in known}
        entries = {event.stream_id: _entry(event) for event in (*began, *known)}
        await self._learn_skus(transaction, placed.values())
        await self._learn_customers(transaction, {*owners.values()})
        for order_id, order in placed.items():
            entries[order_id].words |= self._words(order)
            entries[order_id].names = self._names(order["user_id"], order["shipping_address"])
        for event in shipped:
            entries[event.stream_id].words.add(word_of(current_fields(event)["tracking"]))
        for event, change in zip(redirected, await self._codec.open_all(redirected), strict=True):
            entries[event.stream_id].names = self._names(owners[event.stream_id], change["shipping_address"])
        anew = [entries[event.stream_id].position for event in redirected if event.stream_id in elsewhere]
        if anew:
            await transaction.execute(SQL.delete_personal_search, self._tenant, anew)
        await transaction.execute(
            SQL.insert_search,
            self._tenant,
            [entry.placed_at for entry in entries.values()],
            [entry.position for entry in entries.values()],
            [" ".join(entry.words - {""}) for entry in entries.values()],
            [" ".join(entry.personal - {""}) for entry in entries.values()],
        )

    async def applied(self, events: Sequence[RecordedEvent]) -> None:
        """Nothing leaves the service from here."""

    async def _beginnings(self, transaction: Connection, streams: Iterable[UUID]) -> list[RecordedEvent]:
        wanted = list(streams)
        rows = await transaction.fetch(SQL.read_beginnings, self._tenant, wanted) if wanted else []
        return [RecordedEvent(*row) for row in rows]

    async def _learn_skus(self, transaction: Connection, orders: Iterable[Mapping[str, Any]]) -> None:
        """A product keeps its SKU for ever."""
        products = {line["product_id"] for order in orders for line in order["lines"]} - self._skus.keys()
        for event in await self._beginnings(transaction, map(UUID, products)):
            if event.type == "ProductAdded":
                self._skus[str(event.stream_id)] = word_of(current_fields(event)["sku"])

    async def _learn_customers(self, transaction: Connection, customers: set[str]) -> None:
        """Have the words of all these in memory; a customer keeps name and mail address for ever."""
        added = [
            event
            for event in await self._beginnings(transaction, map(UUID, customers - self._customers.keys()))
            if event.type == "CustomerAdded"
        ]
        for event, fields in zip(added, await self._codec.open_all(added), strict=True):
            words = words_of(fields["name"] or "").union(mail_words(fields["email"]) if fields["email"] else ())
            self._customers[str(event.stream_id)] = words
        while len(self._customers) > max(_REMEMBERED, len(customers)):
            self._customers.popitem(last=False)

    def _words(self, order: Mapping[str, Any]) -> set[str]:
        words = {word_of(order["number"]), word_of(order.get("reference") or "")}
        for line in order["lines"]:
            words |= words_of(line["product_name"])
            words.add(self._skus.get(line["product_id"], ""))
        return words

    def _names(self, user_id: str, address: Address | None) -> frozenset[str]:
        if address == ERASED_ADDRESS or self._codec.keyring.has_forgotten(UUID(user_id)):
            self._customers.pop(user_id, None)
            return frozenset()
        recipient = words_of(address["recipient"]) if address else frozenset()
        return recipient | self._customers.get(user_id, frozenset())


async def forget_search(transaction: Connection, tenant: str, person: UUID) -> None:
    """Delete the words by which a person's orders were found, but for those that something else is called, too."""
    rows = await transaction.fetch(SQL.orders_of_owner, tenant, str(person))
    await transaction.execute(SQL.delete_personal_search, tenant, [row["position"] for row in rows])


def _entry(event: RecordedEvent) -> _Entry:
    return _Entry(datetime.fromisoformat(current_fields(event)["timestamp"]), event.position)

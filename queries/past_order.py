"""One order in its past: as of a moment, what changed between two, and who set what it shows. Told from the log."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from events.caller import Caller
from events.cloud import opened_event
from events.codec import Codec
from events.domain.order import Order
from events.domain.refusal import NotFound, Refusal
from events.log.reader import LogReader
from events.log.recorded import RecordedEvent
from events.order_document import fulfillment_document, order_document, payments_document
from events.repository import fold
from events.types import BY_CLASS, DomainEvent
from queries.get_order import Document
from queries.moments import AtVersion, Moment, Settled, events_until, placed_in_log

_BEGINNINGS = (BY_CLASS[Order.Placed].name, BY_CLASS[Order.Imported].name)
_SUMMARY = ("id", "type", "time", "recordedtime", "actor", "reason", "streamversion")
"""Of an event's envelope: who set a field, when, why, and where to find it."""


class NoSuchVersion(Refusal):
    """The order has not come to that version."""

    code = "version_not_found"


class BackwardDiff(Refusal):
    """A difference is told forward."""

    code = "backward_diff"


def order_as_of(order: Order) -> dict[str, Any]:
    """The `Order` of the public contract as it was. Nothing can be done to the past, so nothing is allowed."""
    return {**order_document(order), "allowed_statuses": [], "allowed_actions": []}


class PastOrders:
    """What the caller may see of one tenant's orders in the past."""

    def __init__(self, reader: LogReader, codec: Codec, caller: Caller) -> None:
        self._reader = reader
        self._codec = codec
        self._caller = caller

    async def as_of(
        self, order_id: UUID, moment: Moment, document: Callable[[Order], dict[str, Any]] = order_as_of
    ) -> Document:
        """The order's document as it was. Raises NotFound, also before its first event, and NoSuchVersion."""
        told = await self._told(order_id)
        order: Order = fold(told.events[: told.existing(await placed_in_log(moment, self._reader))])
        return Document(to_json(document(order)), order.version)

    async def fulfillment_as_of(self, order_id: UUID, moment: Moment) -> Document:
        """How far it was fulfilled. Raises NotFound, NoSuchVersion."""
        return await self.as_of(order_id, moment, fulfillment_document)

    async def payments_as_of(self, order_id: UUID, moment: Moment) -> Document:
        """How it was paid. Raises NotFound, NoSuchVersion."""
        return await self.as_of(order_id, moment, payments_document)

    async def diff(self, order_id: UUID, since: Moment, until: Moment | None) -> bytes:
        """`{from, to, changes: [{field, before, after, event}]}` as JSON; `until` None: as it is now.

        Raises NotFound, NoSuchVersion, BackwardDiff.
        """
        told = await self._told(order_id)
        first = told.count(await placed_in_log(since, self._reader))
        last = len(told.events) if until is None else told.existing(await placed_in_log(until, self._reader))
        if first > last:
            raise BackwardDiff(
                "The order was at a later version then: ask for the change the other way round.",
                **{"from": first, "to": last},
            )
        states = told.states(last)
        (before, _), (after, set_by) = states[first], states[last]
        changed = [field for field in {**before, **after} if before.get(field) != after.get(field)]
        changes = [
            {
                "field": field,
                "before": before.get(field),
                "after": after.get(field),
                "event": told.summary(set_by[field], self._codec),
            }
            for field in changed
        ]
        return to_json({"from": first, "to": last, "changes": changes})

    async def provenance(self, order_id: UUID, moment: Moment | None) -> Document:
        """`{order_id, version, fields: {pointer: {value, event}}}`: which event set each field to what it is, or was.

        Raises NotFound, NoSuchVersion.
        """
        told = await self._told(order_id)
        last = len(told.events) if moment is None else told.existing(await placed_in_log(moment, self._reader))
        fields, set_by = told.states(last)[last]
        shown = {
            field: {"value": value, "event": told.summary(set_by[field], self._codec)}
            for field, value in fields.items()
        }
        return Document(to_json({"order_id": str(order_id), "version": last, "fields": shown}), last)

    async def _told(self, order_id: UUID) -> "_Told":
        recorded = await self._reader.streams({order_id: 0})
        if not recorded or recorded[0].type not in _BEGINNINGS:
            raise NotFound("There is no such order.")
        events = await self._codec.decode_all(recorded)
        begun: Order = fold(events[:1])
        if not self._caller.may_see_orders_of(begun.user_id):
            raise NotFound("There is no such order.")
        return _Told(self._reader.tenant, recorded, events)


@dataclass(frozen=True, slots=True)
class _Told:
    """An order's stream, as it is stored and opened."""

    tenant: str
    recorded: Sequence[RecordedEvent]
    events: Sequence[DomainEvent]

    def count(self, moment: Settled) -> int:
        """The version that the order had; 0 before its first event. Raises NoSuchVersion."""
        if isinstance(moment, AtVersion) and moment.version > len(self.events):
            raise NoSuchVersion("The order has not come to this version.", last_version=len(self.events))
        return events_until(moment, self.recorded)

    def existing(self, moment: Settled) -> int:
        """As `count`. Raises NotFound before the first event."""
        version = self.count(moment)
        if not version:
            raise NotFound("The order was not there yet.")
        return version

    def states(self, last: int) -> list[tuple[Mapping[str, Any], Mapping[str, int]]]:
        """By version, from 0 to `last`: what the order shows, field by field, and which version set or removed each."""
        order: Any = None
        shown: Mapping[str, Any] = {}
        set_by: Mapping[str, int] = {}
        states = [(shown, set_by)]
        for version, event in enumerate(self.events[:last], start=1):
            order = fold([event], order)
            fields = fields_of(order_document(order))
            changed = (field for field in {**shown, **fields} if shown.get(field) != fields.get(field))
            shown, set_by = fields, {**set_by, **dict.fromkeys(changed, version)}
            states.append((shown, set_by))
        return states

    def summary(self, version: int, codec: Codec) -> dict[str, Any]:
        """Who, when and why, of the event that made a version."""
        envelope = opened_event(self.tenant, self.recorded[version - 1], codec)
        return {name: envelope[name] for name in _SUMMARY if name in envelope}


def fields_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """An order's document as JSON pointers (RFC 6901) to plain values; null is as if it were not there.

    Lines and holds are named by their ids and not by their places. What may follow is no field of the order's: it
    follows from the others.
    """
    told = {name: value for name, value in document.items() if name not in ("allowed_statuses", "allowed_actions")}
    return dict(_leaves("", told))


def _leaves(pointer: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}", inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _leaves(f"{pointer}/{inner['id']}", {name: v for name, v in inner.items() if name != "id"})
    elif value is not None:
        yield pointer, value

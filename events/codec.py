"""Domain events to stored bytes and back: stable names, schema versions, upcasts, sealed personal data.

Stored data is one JSON object: the event's own fields and `timestamp`, its business time (RFC 3339, UTC). An old
schema version is brought up on reading by the event class's `upcast_v1_v2(state)` and so on, as the `eventsourcing`
library has it; what is stored is never rewritten.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json

from events.log.append import NewEvent
from events.log.recorded import RecordedEvent
from events.personal import KeyNotLoaded, Keyring, is_sealed
from events.types import BY_CLASS, BY_NAME, DomainEvent

_NOT_DATA = frozenset({"originator_id", "originator_version", "originator_topic", "timestamp"})


class UnknownEventType(ValueError):
    """The log holds a type that this version of the service does not know: it was written by a newer one."""


class Codec:
    """Translates the events of one tenant."""

    def __init__(self, keyring: Keyring) -> None:
        self.keyring = keyring

    def encode(self, event: DomainEvent, person: UUID | None) -> NewEvent:
        """An event to append. `person`: whose data its personal fields are; the key must be loaded (KeyNotLoaded)."""
        kind = BY_CLASS[type(event)]
        state = vars(event)
        stream_id: UUID = event.originator_id
        data = {name: value for name, value in state.items() if name not in _NOT_DATA}
        for name in kind.personal:
            if data.get(name) is not None:
                if person is None:
                    raise ValueError(f"{kind.name}.{name} is personal, but no person is named")
                data[name] = self.keyring.seal(data[name], person, stream_id)
        data["timestamp"] = rfc3339(event.timestamp)
        return NewEvent(stream_id, event.originator_version, kind.name, kind.schema_version, to_json(data))

    def decode(self, recorded: RecordedEvent) -> DomainEvent:
        """A stored event as its current class, opened. Raises KeyNotLoaded, UnknownEventType, ValueError."""
        return self._event(recorded, self.open(recorded))

    def open(self, recorded: RecordedEvent, wanted: Sequence[str] | None = None) -> dict[str, Any]:
        """The stored fields, brought to the current schema, personal ones opened (None where the key is gone).

        `wanted`: the personal fields to open, when the others may stay sealed.
        """
        state = current_fields(recorded)
        for name in BY_NAME[recorded.type].personal if wanted is None else wanted:
            if is_sealed(state.get(name)):
                state[name] = self.keyring.open(state[name], recorded.stream_id)
        return state

    async def decode_all(self, recorded: Sequence[RecordedEvent]) -> list[DomainEvent]:
        """Decode many, fetching the persons' keys that are missing."""
        return [self._event(one, state) for one, state in zip(recorded, await self.open_all(recorded), strict=True)]

    async def open_all(
        self, recorded: Sequence[RecordedEvent], wanted: Sequence[str] | None = None
    ) -> list[dict[str, Any]]:
        """Open many, as `open` does, fetching the persons' keys that are missing in one round trip."""
        opened: list[dict[str, Any]] = []
        waiting = list(recorded)
        while waiting:
            missing: set[UUID] = set()
            for n, one in enumerate(waiting):
                try:
                    state = self.open(one, wanted)
                except KeyNotLoaded:
                    missing = set(persons_in(waiting[n:]))
                    waiting = waiting[n:]
                    break
                opened.append(state)
            if not missing:
                break
            await self.keyring.load(missing)
        return opened

    def _event(self, recorded: RecordedEvent, state: dict[str, Any]) -> DomainEvent:
        cls = BY_NAME[recorded.type].cls
        state["timestamp"] = datetime.fromisoformat(state["timestamp"])
        state["originator_id"] = recorded.stream_id
        state["originator_version"] = recorded.version
        event: DomainEvent = object.__new__(cls)
        event.__dict__.update(state)
        return event


def current_fields(recorded: RecordedEvent) -> dict[str, Any]:
    """The stored fields, brought to the current schema; personal ones are still sealed. Raises UnknownEventType."""
    kind = BY_NAME.get(recorded.type)
    if kind is None:
        raise UnknownEventType(recorded.type)
    if recorded.schema_version == kind.schema_version:
        return dict(recorded.stored)
    state: dict[str, Any] = from_json(recorded.data)
    for version in range(recorded.schema_version, kind.schema_version):
        getattr(kind.cls, f"upcast_v{version}_v{version + 1}")(state)
    return state


def rfc3339(moment: datetime) -> str:
    """A moment in UTC with microseconds: 2026-11-24T10:15:00.000000Z."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return f"{moment.isoformat(timespec='microseconds')[:26]}Z"


def persons_in(recorded: Iterable[RecordedEvent]) -> list[UUID]:
    """Whose data is sealed in these events."""
    persons: dict[UUID, None] = {}
    for one in recorded:
        kind = BY_NAME.get(one.type)
        if kind is not None and kind.personal:
            state = from_json(one.data)
            for name in kind.personal:
                if is_sealed(state.get(name)):
                    persons[UUID(hex=state[name].split(".")[2])] = None
    return list(persons)

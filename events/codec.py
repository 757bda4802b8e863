"""Domain events to stored bytes and back: stable names, schema versions, upcasts, sealed personal data.

Stored data is one JSON object: the event's own fields and `timestamp`, its business time (RFC 3339, UTC). An old
schema version is brought up on reading by the event class's `upcast_v1_v2(state)` and so on, as the `eventsourcing`
library has it; what is stored is never rewritten.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json

from events.erased import in_place_of
from events.log.append import NewEvent
from events.log.recorded import RecordedEvent
from events.personal import KeyNotLoaded, Keyring, is_sealed
from events.types import BY_CLASS, BY_NAME, DomainEvent

ERASED = "erased"
"""Stands for what cannot be read any more, because the person was forgotten."""

_PERSON = re.compile(rb'"sealed\.1\.([0-9a-f]{32})\.')
"""Whose key a sealed value wants, in stored bytes; a text that only looks like one costs a look-up."""

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
        return self._event(recorded, self._opened(recorded, _nothing))

    def open(self, recorded: RecordedEvent) -> dict[str, Any]:
        """The stored fields as they are shown: brought to the current schema, personal ones opened; `erased` where the
        key is gone."""
        return self._opened(recorded, in_place_of)

    async def personal_fields(self, recorded: Sequence[RecordedEvent]) -> list[dict[str, Any]]:
        """The personal fields of each, opened; those of a forgotten person are the text ERASED. Fetches the keys."""
        await self.keyring.load({UUID(hex=found.decode()) for one in recorded for found in _PERSON.findall(one.data)})
        return [self._personal_fields(one) for one in recorded]

    def _personal_fields(self, recorded: RecordedEvent) -> dict[str, Any]:
        kind = BY_NAME.get(recorded.type)
        if kind is None or not kind.personal:
            return {}
        state = current_fields(recorded)
        sealed = {name: state[name] for name in kind.personal if is_sealed(state.get(name))}
        opened = {name: self.keyring.open(text, recorded.stream_id) for name, text in sealed.items()}
        return {name: ERASED if value is None else value for name, value in opened.items()}

    async def decode_all(self, recorded: Sequence[RecordedEvent]) -> list[DomainEvent]:
        """Decode many, fetching the persons' keys that are missing. What nobody can open any more is None."""
        states = await self._opened_all(recorded, _nothing)
        return [self._event(one, state) for one, state in zip(recorded, states, strict=True)]

    async def open_all(
        self, recorded: Sequence[RecordedEvent], wanted: Sequence[str] | None = None
    ) -> list[dict[str, Any]]:
        """Open many as they are shown, fetching the persons' keys that are missing in one round trip.

        `wanted`: the personal fields to open, when the others may stay sealed.
        """
        return await self._opened_all(recorded, in_place_of, wanted)

    def _opened(
        self, recorded: RecordedEvent, gone: Callable[[str], Any], wanted: Sequence[str] | None = None
    ) -> dict[str, Any]:
        state = current_fields(recorded)
        for name in BY_NAME[recorded.type].personal if wanted is None else wanted:
            if is_sealed(state.get(name)):
                value = self.keyring.open(state[name], recorded.stream_id)
                state[name] = gone(name) if value is None else value
        return state

    async def _opened_all(
        self, recorded: Sequence[RecordedEvent], gone: Callable[[str], Any], wanted: Sequence[str] | None = None
    ) -> list[dict[str, Any]]:
        generation = self.keyring.generation
        opened: list[dict[str, Any]] = []
        waiting = list(recorded)
        while waiting:
            missing: set[UUID] = set()
            for n, one in enumerate(waiting):
                try:
                    state = self._opened(one, gone, wanted)
                except KeyNotLoaded:
                    missing = set(persons_in(waiting[n:]))
                    waiting = waiting[n:]
                    break
                opened.append(state)
            if not missing:
                break
            await self.keyring.load(missing)
        if self.keyring.generation != generation:
            # Somebody was forgotten while keys were fetched: what was opened before that is not shown any more.
            return await self._opened_all(recorded, gone, wanted)
        return opened

    def _event(self, recorded: RecordedEvent, state: dict[str, Any]) -> DomainEvent:
        cls = BY_NAME[recorded.type].cls
        state["timestamp"] = datetime.fromisoformat(state["timestamp"])
        state["originator_id"] = recorded.stream_id
        state["originator_version"] = recorded.version
        event: DomainEvent = object.__new__(cls)
        event.__dict__.update(state)
        return event


def _nothing(_name: str) -> None:
    return None


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


@lru_cache(maxsize=4_096)
def rfc3339(moment: datetime) -> str:
    """A moment in UTC with microseconds: 2026-11-24T10:15:00.000000Z. An event's is written several times."""
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

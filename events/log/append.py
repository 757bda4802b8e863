"""What a command asks the log to do, and what can become of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

_NOTHING: Mapping[UUID, int] = MappingProxyType({})
_NOBODY: Mapping[UUID, UUID] = MappingProxyType({})
_NO_METADATA: Mapping[UUID, str] = MappingProxyType({})


class NewEvent(NamedTuple):
    """One event to append.

    `version` is the event's own version in its stream; the stream must be at the version before it. Streams
    start at 1. `data` is stored and hashed as these exact bytes.
    """

    stream_id: UUID
    version: int
    type: str
    schema_version: int
    data: bytes


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What a client was told: HTTP status, the resource's version, its location and the exact body."""

    status: int
    version: int
    location: str | None
    body: bytes


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A client's key, scoped to tenant and subject, with a fingerprint of the request and the answer to keep."""

    subject: UUID
    key: str
    fingerprint: UUID
    answer: StoredAnswer


class Append(NamedTuple):
    """All that one command writes, atomically, across any number of streams.

    `reads`: stream id → version of the streams it decided on without writing to them.
    `after`: stream id → command id of its predecessor: the one that was to bring the stream to the version that was
    decided on, and whose commit was still to come.
    `stock`: product id → change of the guarded quantity, which must not fall below 0.
    `metadata`: a JSON object as text; ids only, never a name. Its `command_id` is how a command without a key is
    found again when the answer to its commit was lost. `metadata_of`: that of streams which have their own.
    """

    command_id: UUID
    events: Sequence[NewEvent]
    metadata: str
    reads: Mapping[UUID, int] = _NOTHING
    stock: Mapping[UUID, int] = _NOTHING
    idempotency: IdempotencyKey | None = None
    after: Mapping[UUID, UUID] = _NOBODY
    metadata_of: Mapping[UUID, str] = _NO_METADATA


@dataclass(frozen=True, slots=True)
class Appended:
    """Committed. `position` is that of the command's last event, or the head where it had none."""

    position: int


@dataclass(frozen=True, slots=True)
class Conflict:
    """A stream it wrote to or read has moved on, and is now at `version` (0: there is no such stream).

    `version` None: its predecessor on that stream was not appended, and where the stream is was not looked at.
    """

    stream_id: UUID
    version: int | None


@dataclass(frozen=True, slots=True)
class Replayed:
    """The key was used before with the same request: its answer, and the position it was given with."""

    answer: StoredAnswer
    position: int


@dataclass(frozen=True, slots=True)
class KeyReused:
    """The key was used before with another request."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A guarded quantity would fall below zero: which one, what was asked of it and what there is."""

    product_id: UUID
    asked: int
    available: int


Outcome = Appended | Conflict | Replayed | KeyReused | Refused


class AppendError(Exception):
    """The log did not answer for a command."""


class LogBusy(AppendError):
    """Too many commands are waiting; this one was not taken in, and nothing was written."""


class LogClosed(AppendError):
    """The appender is shutting down; this command was not taken in, and nothing was written."""


class LogUnavailable(AppendError):
    """The log could not be reached; nothing was written."""


class NotStorable(AppendError):
    """The database refuses this command's data, and always will; nothing was written."""


class OutcomeUnknown(AppendError):
    """The connection was lost in a commit and could not be made again in time to ask what became of it."""

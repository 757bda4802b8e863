"""What is sealed of an event: its canonical entry, one form for the sealer, the auditor and the owner of a receipt.

JSON in the canonical form of RFC 8785, with nothing that is derived. Of the data, which may hold what is sealed about a
person, only the hash of the stored bytes: those are ciphertext where they are personal, and stay when the key is gone.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from pydantic_core import to_json

from events.codec import rfc3339
from events.log.recorded import RecordedEvent
from events.tlog.merkle import leaf_hash

LONGEST = 65_535
"""Bytes: what a length of two bytes can say (C2SP tlog-tiles)."""

_SAFE_INTEGER = 2**53


class NotSealable(ValueError):
    """An event that has no canonical entry. The service writes none such."""

    def __init__(self, position: int, why: str) -> None:
        super().__init__(f"position {position}: {why}")
        self.position = position


def entry_of(tenant: str, recorded: RecordedEvent) -> bytes:
    """The entry of an event as it stands in the log. Raises NotSealable."""
    # The encoder writes text and integers as RFC 8785 has them, and keeps the order that it finds: this one is sorted.
    entry = to_json(
        {
            "data_sha256": sha256(recorded.data).hexdigest(),
            "metadata": _canonical(recorded.position, recorded.meta()),
            "position": recorded.position,
            "recorded_at": rfc3339(recorded.recorded_at),
            "schema_version": recorded.schema_version,
            "stream": str(recorded.stream_id),
            "stream_version": recorded.version,
            "tenant": tenant,
            "type": recorded.type,
        }
    )
    if len(entry) > LONGEST:
        raise NotSealable(recorded.position, "its metadata is too long")
    return entry


def leaves_of(tenant: str, events: Sequence[RecordedEvent]) -> list[bytes]:
    """The leaf hashes of events, in their order. Raises NotSealable."""
    return [leaf_hash(entry_of(tenant, event)) for event in events]


def _canonical(position: int, value: Any) -> Any:
    """The same value, with its names in order. Raises NotSealable for what RFC 8785 writes in another way than we."""
    if type(value) is str:
        return value
    match value:
        case dict() if "".join(value).isascii():
            return {name: _canonical(position, value[name]) for name in sorted(value)}
        case list():
            return [_canonical(position, one) for one in value]
        case bool() | None:
            return value
        case int() if abs(value) < _SAFE_INTEGER:
            return value
    # Other numbers, and names beyond ASCII, whose order is that of their UTF-16.
    raise NotSealable(position, "its metadata has no canonical form")

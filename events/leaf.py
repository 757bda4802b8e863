"""What is sealed of an event: its canonical entry, one form for the sealer, the auditor and the owner of a receipt.

JSON in the canonical form of RFC 8785, with nothing that is derived. Of the data, which may hold what is sealed about a
person, only the hash of the stored bytes: those are ciphertext where they are personal, and stay when the key is gone.
"""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from events.codec import rfc3339
from events.log.recorded import RecordedEvent
from events.tlog.merkle import leaf_hash

LONGEST = 65_535
"""Bytes: what a length of two bytes can say (C2SP tlog-tiles)."""

_SAFE_INTEGER = 2**53
_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode


class NotSealable(ValueError):
    """An event that has no canonical entry. The service writes none such."""

    def __init__(self, position: int, why: str) -> None:
        super().__init__(f"position {position}: {why}")
        self.position = position


def entry_of(tenant: str, recorded: RecordedEvent) -> bytes:
    """The entry of an event as it stands in the log. Raises NotSealable."""
    meta = recorded.meta()
    for name, value in meta.items():
        if type(value) is not str or not name.isascii():
            _check(recorded.position, meta)
    entry = _encode(
        {
            "data_sha256": sha256(recorded.data).hexdigest(),
            "metadata": meta,
            "position": recorded.position,
            "recorded_at": rfc3339(recorded.recorded_at),
            "schema_version": recorded.schema_version,
            "stream": str(recorded.stream_id),
            "stream_version": recorded.version,
            "tenant": tenant,
            "type": recorded.type,
        }
    ).encode()
    if len(entry) > LONGEST:
        raise NotSealable(recorded.position, "its metadata is too long")
    return entry


def leaves_of(tenant: str, events: Sequence[RecordedEvent]) -> list[bytes]:
    """The leaf hashes of events, in their order. Raises NotSealable."""
    return [leaf_hash(entry_of(tenant, event)) for event in events]


def _check(position: int, value: Any) -> None:
    """Numbers other than integers, and the order of names beyond ASCII, are written otherwise by RFC 8785."""
    match value:
        case str() | bool() | None:
            return
        case int() if abs(value) < _SAFE_INTEGER:
            return
        case list():
            for one in value:
                _check(position, one)
            return
        case Mapping() if all(name.isascii() for name in value):
            for one in value.values():
                _check(position, one)
            return
    raise NotSealable(position, "its metadata has no canonical form")

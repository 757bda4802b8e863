"""Events as CloudEvents 1.0, the one envelope in which they leave the service.

An auditor's envelope holds `data` as it is stored, sealed and with `timestamp` in it. As a line, `data` stands last,
byte for byte: what is between `DATA_FOLLOWS` and the last brace of the line are the stored bytes, and their hash holds.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from pydantic_core import from_json, to_json

from events.codec import Codec, rfc3339
from events.log.recorded import RecordedEvent
from events.types import BY_NAME

SEQUENCE_DIGITS = 19
"""A position is below 2⁶³: zero-padded to so many digits, positions sort as text."""

DATA_FOLLOWS = b',"datacontenttype":"application/json","data":'
"""What stands before the data of a line, for the first time: quotes within values are escaped."""


class LineParts(NamedTuple):
    """What the database needs to make a tenant's lines itself: the source and stored name → public type, as JSON, and
    the stored names with personal fields."""

    source: str
    public_types: str
    personal: list[str]


def line_parts(tenant: str) -> LineParts:
    """Of one tenant."""
    return LineParts(
        to_json(f"/tenants/{tenant}").decode(),
        to_json({name: kind.cloud for name, kind in BY_NAME.items()}).decode(),
        [name for name, kind in BY_NAME.items() if kind.personal],
    )


def cloud_event(tenant: str, recorded: RecordedEvent, data: dict[str, Any]) -> dict[str, Any]:
    """The envelope of an event with these opened fields. It does not tell the position.

    Attributes are text or numbers, as CloudEvents has it; one that has no value is left out.
    """
    data = dict(data)
    time = data.pop("timestamp")
    return {**_attributes(tenant, recorded, time, data.get("reason")), **_DATA_TYPE, "data": data}


_DATA_TYPE = {"datacontenttype": "application/json"}


def _attributes(
    tenant: str, recorded: RecordedEvent, time: Any, reason: Any, sequence: str | None = None
) -> dict[str, Any]:
    meta = recorded.meta()
    attributes = {
        "specversion": "1.0",
        "id": f"{recorded.stream_id}.{recorded.version}",
        "source": f"/tenants/{tenant}",
        "type": _cloud_type(recorded.type),
        "subject": meta.get("about") or str(recorded.stream_id),
        "time": time,
        "recordedtime": rfc3339(recorded.recorded_at),
        "sequence": sequence,
        "streamversion": recorded.version,
        "actor": f"{meta['role']}:{meta['subject']}",
        "reason": reason,
        "correlationid": meta.get("correlation_id"),
        "causationid": meta.get("causation_id"),
        "dataschema": f"urn:daybook:schema:{recorded.type}:{recorded.schema_version}",
    }
    return {name: value for name, value in attributes.items() if value is not None}


def _cloud_type(name: str) -> str:
    """The public type of a stored one; one that only a newer version knows is told by its stored name."""
    known = BY_NAME.get(name)
    return f"daybook.{name}" if known is None else known.cloud


def stored_types(cloud_type: str) -> list[str]:
    """The stored names of a public type; also one that only a newer version knows."""
    names = [name for name, kind in BY_NAME.items() if kind.cloud == cloud_type]
    prefix, _, unknown = cloud_type.partition(".")
    newer = prefix == "daybook" and unknown.isalnum() and unknown not in BY_NAME
    return [unknown] if newer else names


def opened_event(tenant: str, recorded: RecordedEvent, codec: Codec) -> dict[str, Any]:
    """The envelope for those who may read its personal data; the keys must be loaded (KeyNotLoaded)."""
    return cloud_event(tenant, recorded, codec.open(recorded))


def sealed_event(tenant: str, recorded: RecordedEvent, opened: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The envelope for auditors: the data as stored, personal fields sealed, and the position as `sequence`.

    `opened`: the personal fields in the clear, for those who may read them, beside the sealed ones.
    """
    data = from_json(recorded.data)
    envelope = _attributes(tenant, recorded, data["timestamp"], data.get("reason"), _sequence(recorded))
    if opened is not None:
        envelope["opened"] = opened
    return {**envelope, **_DATA_TYPE, "data": data}


def sealed_line(
    tenant: str, recorded: RecordedEvent, opened: Mapping[str, Any] | None = None, *, with_metadata: bool = False
) -> bytes:
    """`sealed_event` as a line with its line feed. `with_metadata`: the metadata is told, too, as JSON in a text."""
    data = from_json(recorded.data)
    envelope = _attributes(tenant, recorded, data["timestamp"], data.get("reason"), _sequence(recorded))
    if with_metadata:
        envelope["metadata"] = recorded.metadata
    head = to_json(envelope)[:-1]
    return head + DATA_FOLLOWS + recorded.data + b"}\n" if opened is None else opened_line(head, recorded.data, opened)


def opened_line(head: bytes, data: bytes, opened: Mapping[str, Any]) -> bytes:
    """A line whose attributes stand in `head`, with the opened fields beside the data."""
    return b"".join((head, b',"opened":', to_json(opened), DATA_FOLLOWS, data, b"}\n"))


def _sequence(recorded: RecordedEvent) -> str:
    return f"{recorded.position:0{SEQUENCE_DIGITS}d}"


def subject_of(recorded: RecordedEvent) -> UUID:
    """What an event is about: its own stream, or the order for what happened because of an order."""
    about = recorded.meta().get("about")
    return recorded.stream_id if about is None else UUID(about)

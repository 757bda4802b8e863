"""Events as CloudEvents 1.0, the one envelope in which they leave the service."""

from typing import Any
from uuid import UUID

from pydantic_core import from_json

from events.codec import Codec, rfc3339
from events.log.recorded import RecordedEvent
from events.types import BY_NAME

SEQUENCE_DIGITS = 19
"""A position is below 2⁶³: zero-padded to so many digits, positions sort as text."""


def cloud_event(tenant: str, recorded: RecordedEvent, data: dict[str, Any]) -> dict[str, Any]:
    """The envelope of an event with these (opened or still sealed) fields. It does not tell the position.

    Attributes are text or numbers, as CloudEvents has it; one that has no value is left out.
    """
    meta = recorded.meta()
    data = dict(data)
    time = data.pop("timestamp")
    envelope: dict[str, Any] = {
        "specversion": "1.0",
        "id": f"{recorded.stream_id}.{recorded.version}",
        "source": f"/tenants/{tenant}",
        "type": _cloud_type(recorded.type),
        "subject": meta.get("about") or str(recorded.stream_id),
        "time": time,
        "recordedtime": rfc3339(recorded.recorded_at),
        "streamversion": recorded.version,
        "actor": f"{meta['role']}:{meta['subject']}",
        "dataschema": f"urn:daybook:schema:{recorded.type}:{recorded.schema_version}",
        "datacontenttype": "application/json",
        "data": data,
    }
    for attribute, value in (
        ("reason", data.get("reason")),
        ("correlationid", meta.get("correlation_id")),
        ("causationid", meta.get("causation_id")),
    ):
        if value is not None:
            envelope[attribute] = value
    return envelope


def _cloud_type(name: str) -> str:
    """The public type of a stored one; one that only a newer version knows is told by its stored name."""
    known = BY_NAME.get(name)
    return f"daybook.{name}" if known is None else known.cloud


def opened_event(tenant: str, recorded: RecordedEvent, codec: Codec) -> dict[str, Any]:
    """The envelope for those who may read its personal data; the keys must be loaded (KeyNotLoaded)."""
    return cloud_event(tenant, recorded, codec.open(recorded))


def sealed_event(tenant: str, recorded: RecordedEvent) -> dict[str, Any]:
    """The envelope for auditors: the data as stored, personal fields sealed, and the position as `sequence`."""
    envelope = cloud_event(tenant, recorded, from_json(recorded.data))
    envelope["sequence"] = f"{recorded.position:0{SEQUENCE_DIGITS}d}"
    return envelope


def subject_of(recorded: RecordedEvent) -> UUID:
    """What an event is about: its own stream, or the order for what happened because of an order."""
    about = recorded.meta().get("about")
    return recorded.stream_id if about is None else UUID(about)

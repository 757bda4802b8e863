"""Write a sample of each event type's current schema version that has none: `python -m tests.events.write_samples`.

A sample holds the bytes as they were stored, and is never written again: it stands for what lies in logs elsewhere.
Whoever changes the shape of an event adds a schema version, an upcast, and with this another sample.
"""

import json
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from events.codec import Codec
from events.log.recorded import RecordedEvent
from events.personal import Keyring
from events.types import BY_NAME, DomainEvent, EventType

SAMPLES = Path(__file__).parent / "samples"
TENANT = "default"
MASTER_KEY = bytes(range(32))
PERSON = UUID("018f0000-0000-7000-8000-00000000ada0")
WRAPPED_KEY = b64decode("nz01AfWcJNELLql4DMbJQzs8uF+2i+OGDj54Ai/eCBvToC6Tsqc98JEbGVOEXaq3PWgxxChTx3QJg+YZ")
"""The person's key as `person_keys` holds it."""

_ADDRESS = {
    "recipient": "Ada Lovelace",
    "line1": "12 St James's Square",
    "line2": "Flat 5",
    "city": "London",
    "postal_code": "SW1Y 4JH",
    "country": "GB",
}
_LINE = {
    "id": "018f0000-0000-7000-8000-0000000000c1",
    "product_id": "018f0000-0000-7000-8000-0000000000a1",
    "product_name": "Fountain pen, “fine” nib",
    "quantity": 2,
    "price_cents": 6900,
    "discount_cents": 100,
}
_PART = {"item_id": _LINE["id"], "quantity": 1}
_VALUES: Mapping[str, Any] = {
    "number": "7K3M9QF",
    "user_id": str(PERSON),
    "currency": "USD",
    "lines": [_LINE],
    "shipping_cents": 500,
    "shipping_address": _ADDRESS,
    "payment_terms": "offline",
    "reference": "2019-0001",
    "fingerprint": "a4d1198b3fdea42de72585677df5b257",
    "reason": "asked for by telephone",
    "sku": "PEN-FNT-F",
    "name": "Ada Lovelace",
    "email": "ada@example.com",
    "price_cents": 6900,
    "quantity": -3,
    "product_id": "018f0000-0000-7000-8000-0000000000a1",
    "address_id": "018f0000-0000-7000-8000-0000000000b1",
    "address": _ADDRESS,
    "order_id": "018f0000-0000-7000-8000-000000000001",
    "message_id": "<018f0000-0000-7000-8000-0000000000d1@daybook.example>",
    "attempts": 2,
    "account_id": "018f0000-0000-7000-8000-00000000ada0",
    "roles": ["customer", "staff"],
    "status": "confirmed",
    "fulfillment_status": "partially_shipped",
    "return_status": "none",
    "shipment_id": "018f0000-0000-7000-8000-0000000000e1",
    "return_id": "018f0000-0000-7000-8000-0000000000f1",
    "items": [_PART],
    "carrier": "Royal Mail",
    "tracking": "RM 1234 5678 9GB",
    "payment_status": "authorized",
    "expires_at": "2026-03-01T09:30:00.000000Z",
    "backordered": [_PART],
    "hold_id": "018f0000-0000-7000-8000-000000000101",
    "gate": "ship",
    "note": "looks like the one from May",
    "holds": [{"id": "018f0000-0000-7000-8000-000000000101", "reason": "fraud_review", "gate": "ship"}],
    "note_id": "018f0000-0000-7000-8000-000000000111",
    "text": "rings twice",
    "payment_id": "018f0000-0000-7000-8000-000000000121",
    "psp_reference": "pay_8a7b6c5d",
    "amount_cents": 13600,
    "released_cents": 13600,
    "capture_id": "018f0000-0000-7000-8000-000000000131",
    "refund_id": "018f0000-0000-7000-8000-000000000141",
    "void_id": "018f0000-0000-7000-8000-000000000151",
    "failure": "declined",
    "limit": 20,
    "change": 5,
}
_OF_ITS_OWN: Mapping[str, Mapping[str, Any]] = {
    "CustomerErased": {"reason": "customer_request"},
    "OrderReturnReceived": {"items": [{**_PART, "disposition": "restock"}]},
}
"""Type → where its values are not those of the others."""


def sample_event(kind: EventType) -> DomainEvent:
    """An event of this type, every field filled in, on a stream of its own."""
    number = list(BY_NAME).index(kind.name) + 1
    names = {field.name for field in fields(cast(Any, kind.cls))}
    event: DomainEvent = object.__new__(kind.cls)
    event.__dict__.update(
        {name: value for name, value in {**_VALUES, **_OF_ITS_OWN.get(kind.name, {})}.items() if name in names},
        originator_id=UUID(f"018f0000-0000-7000-8000-{number:012}"),
        originator_version=1,
        timestamp=datetime(2026, 3, 1, 9, 0, 0, 123_456, tzinfo=UTC) + timedelta(hours=number),
    )
    return event


def sample_path(name: str, schema_version: int) -> Path:
    """Where the sample of a type and version is."""
    return SAMPLES / f"{name}.{schema_version}.json"


def sample_codec() -> Codec:
    """A codec that has the person's key, and needs no database."""
    keyring = Keyring(cast(Any, None), TENANT, MASTER_KEY)
    keyring._keys[PERSON] = keyring._unwrap(PERSON, WRAPPED_KEY)
    return Codec(keyring)


def main() -> None:
    codec = sample_codec()
    for kind in BY_NAME.values():
        path = sample_path(kind.name, kind.schema_version)
        if path.exists():
            continue
        new = codec.encode(sample_event(kind), PERSON)
        stored = RecordedEvent(
            1, new.stream_id, new.version, new.type, new.schema_version, new.data, "{}", datetime.now(UTC)
        )
        sample = {
            "type": new.type,
            "schema_version": new.schema_version,
            "stream_id": str(new.stream_id),
            "version": new.version,
            "data": new.data.decode(),
            "opened": codec.open(stored),
        }
        path.write_text(json.dumps(sample, indent=2, ensure_ascii=False) + "\n")
        print(f"wrote {path.name}")


if __name__ == "__main__":
    main()

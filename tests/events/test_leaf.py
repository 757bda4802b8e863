"""The canonical entry of an event: what RFC 8785 says, all that is in the log, and nothing that is derived."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from events.leaf import LONGEST, NotSealable, entry_of
from events.log.recorded import RecordedEvent
from events.tlog.merkle import leaf_hash

STREAM = UUID("0192f3c4-0000-7000-8000-000000000001")
EVENT = RecordedEvent(
    4711,
    STREAM,
    2,
    "OrderConfirmed",
    1,
    b'{"status":"confirmed"}',
    '{"role": "staff", "owner": "ada", "subject": "ben"}',
    datetime(2026, 11, 24, 10, 15, 0, 120, UTC),
)

# What a jsonb column can hold of text: no NUL, and no half of a surrogate pair.
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"))
NAMES = st.text(st.characters(codec="ascii", exclude_characters="\x00"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


def test_is_this() -> None:
    """Whoever changes a byte of this form changes every seal."""
    assert entry_of("default", EVENT).decode() == (
        '{"data_sha256":"f6cd5b66e072b8d08d6a5e4f23440d6007ed40719c6cebec92620d408db3a4b6",'
        '"metadata":{"owner":"ada","role":"staff","subject":"ben"},"position":4711,'
        '"recorded_at":"2026-11-24T10:15:00.000120Z","schema_version":1,'
        '"stream":"0192f3c4-0000-7000-8000-000000000001","stream_version":2,"tenant":"default","type":"OrderConfirmed"}'
    )


@given(meta=st.dictionaries(NAMES, VALUES, max_size=6), kind=TEXT, tenant=TEXT)
def test_is_canonical_whatever_the_metadata(meta: dict[str, Any], kind: str, tenant: str) -> None:
    entry = entry_of(tenant, EVENT._replace(metadata=json.dumps(meta), type=kind))
    assert entry == rfc8785.dumps(json.loads(entry))
    assert json.loads(entry)["metadata"] == meta


@pytest.mark.parametrize(
    "change",
    [
        {"position": 4712},
        {"stream_id": UUID(int=1)},
        {"version": 3},
        {"type": "OrderCancelled"},
        {"schema_version": 2},
        {"data": b'{"status":"confirmed"} '},
        {"metadata": '{"role": "staff", "owner": "ada", "subject": "cleo"}'},
        {"metadata": '{"role": "staff", "owner": "ada"}'},
        {"recorded_at": datetime(2026, 11, 24, 10, 15, 0, 121, UTC)},
    ],
)
def test_tells_every_change(change: dict[str, Any]) -> None:
    changed = EVENT._replace(**change)
    assert leaf_hash(entry_of("default", changed)) != leaf_hash(entry_of("default", EVENT))
    assert entry_of("other", EVENT) != entry_of("default", EVENT)


def test_is_the_same_however_the_database_writes_it() -> None:
    same = EVENT._replace(
        metadata='{"subject":"ben","owner":"\\u0061da","role":"staff"}',
        recorded_at=EVENT.recorded_at.astimezone(timezone(timedelta(hours=5, minutes=30))),
    )
    assert entry_of("default", same) == entry_of("default", EVENT)


@pytest.mark.parametrize(
    "metadata",
    [
        '{"n": 1.5}',
        '{"n": 9007199254740993}',
        '{"é": "x"}',
        '{"a": {"é": "x"}}',
        '{"a": [1e400]}',
        '{"a": "%s"}' % ("x" * LONGEST),
    ],
)
def test_what_the_service_never_writes_has_none(metadata: str) -> None:
    with pytest.raises(NotSealable, match="position 4711"):
        entry_of("default", EVENT._replace(metadata=metadata))

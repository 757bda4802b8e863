"""Events become bytes and events again: also those that were written long ago."""

import json
from collections.abc import AsyncIterator
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, ClassVar, cast
from uuid import UUID, uuid4

import asyncpg
import pytest
from eventsourcing.domain import Aggregate

from events.codec import Codec, UnknownEventType, persons_in, rfc3339
from events.domain.customer import Customer
from events.domain.order import Order
from events.log.append import NewEvent
from events.log.connect import create_pool
from events.log.recorded import RecordedEvent
from events.personal import KeyNotLoaded, Keyring, is_sealed
from events.repository import fold
from events.types import BY_CLASS, BY_CLOUD_TYPE, BY_NAME, DomainEvent, EventType
from tests.databases import Database
from tests.events.write_samples import (
    MASTER_KEY,
    PERSON,
    SAMPLES,
    TENANT,
    WRAPPED_KEY,
    sample_codec,
    sample_event,
    sample_path,
)

AT = datetime(2026, 3, 1, 9, 0, 0, 5, tzinfo=UTC)
EVERY_SAMPLE = [(name, version) for name, kind in BY_NAME.items() for version in range(1, kind.schema_version + 1)]


@pytest.fixture
def codec() -> Codec:
    return sample_codec()


def recorded(new: NewEvent) -> RecordedEvent:
    return RecordedEvent(1, new.stream_id, new.version, new.type, new.schema_version, new.data, "{}", AT)


def stored_sample(name: str, version: int) -> tuple[RecordedEvent, dict[str, Any]]:
    """A sample as the log would hold it, and what it has to open to."""
    sample = json.loads(sample_path(name, version).read_text())
    stored = RecordedEvent(
        1, UUID(sample["stream_id"]), sample["version"], name, version, sample["data"].encode(), "{}", AT
    )
    return stored, sample["opened"]


class TestRoundTrip:
    @pytest.mark.parametrize("kind", BY_NAME.values(), ids=BY_NAME)
    def test_an_event_is_the_same_afterwards(self, codec: Codec, kind: EventType) -> None:
        event = sample_event(kind)
        again = codec.decode(recorded(codec.encode(event, PERSON)))
        assert type(again) is type(event)
        assert vars(again) == vars(event)

    @pytest.mark.parametrize("kind", BY_NAME.values(), ids=BY_NAME)
    def test_nothing_personal_is_in_the_bytes(self, codec: Codec, kind: EventType) -> None:
        event = sample_event(kind)
        data = codec.encode(event, PERSON).data
        state = json.loads(data)
        for name in kind.personal:
            assert is_sealed(state[name])
            assert json.dumps(getattr(event, name)).encode() not in data
        if kind.personal:
            for text in ("Lovelace", "ada@example.com", "James", "telephone"):
                assert text.encode() not in data

    def test_every_field_that_names_a_person_is_personal(self) -> None:
        about_persons = {"email", "address", "shipping_address", "reason", "recipient", "fingerprint", "note", "text"}
        open_on_purpose = {
            ("ProductStockReceived", "reason"),
            ("ProductStockAdjusted", "reason"),
            # One of a few codes, which tells nothing of the person.
            ("CustomerErased", "reason"),
        }
        for kind in BY_NAME.values():
            names = {field.name for field in fields(cast(Any, kind.cls))}
            left_open = {(kind.name, name) for name in (names & about_persons) - set(kind.personal)}
            assert left_open <= open_on_purpose

    def test_a_personal_field_without_a_person_is_a_mistake(self, codec: Codec) -> None:
        with pytest.raises(ValueError, match="no person is named"):
            codec.encode(sample_event(BY_NAME["CustomerAdded"]), None)

    def test_what_is_not_there_needs_no_person(self, codec: Codec) -> None:
        event = sample_event(BY_NAME["OrderConfirmed"])
        event.__dict__["reason"] = None
        assert json.loads(codec.encode(event, None).data)["reason"] is None

    def test_a_time_is_told_in_utc_to_the_microsecond(self) -> None:
        assert rfc3339(AT) == "2026-03-01T09:00:00.000005Z"
        assert datetime.fromisoformat(rfc3339(AT)) == AT


class TestNames:
    def test_each_class_and_each_cloud_type_has_one(self) -> None:
        assert len(BY_CLASS) == len(BY_CLOUD_TYPE) == len(BY_NAME)

    def test_those_that_were_promised_are_there(self) -> None:
        promised = (
            *("order.placed", "order.confirmed", "order.shipped", "order.delivered", "order.cancelled"),
            *("order.returned", "order.imported", "product.added", "product.price_changed"),
            *("product.stock_received", "product.stock_adjusted"),
        )
        assert {f"daybook.{name}.v1" for name in promised} <= set(BY_CLOUD_TYPE)

    def test_one_of_a_newer_service_is_not_guessed_at(self, codec: Codec) -> None:
        with pytest.raises(UnknownEventType):
            codec.decode(RecordedEvent(1, uuid4(), 1, "OrderTeleported", 1, b"{}", "{}", AT))

    @pytest.mark.parametrize("name", ["OrderPlaced", "OrderImported"])
    def test_what_a_newer_service_adds_to_an_event_is_passed_over(self, codec: Codec, name: str) -> None:
        stored = codec.encode(sample_event(BY_NAME[name]), PERSON)
        known = fold([codec.decode(recorded(stored))])
        added = json.dumps({**json.loads(stored.data), "gift_wrapped": True}).encode()
        assert fold([codec.decode(recorded(stored._replace(data=added)))]) == known


class TestSamples:
    """What was written once is read for ever."""

    def test_there_is_one_of_every_version_ever_written(self) -> None:
        assert sorted(path.name for path in SAMPLES.iterdir()) == sorted(
            f"{name}.{version}.json" for name, version in EVERY_SAMPLE
        )

    @pytest.mark.parametrize(("name", "version"), EVERY_SAMPLE)
    def test_it_opens_to_what_it_should(self, codec: Codec, name: str, version: int) -> None:
        """All that it said then it says now; what later versions added comes from its upcasts."""
        stored, opened = stored_sample(name, version)
        now = codec.open(stored)
        assert {field: now[field] for field in opened} == opened

    @pytest.mark.parametrize(("name", "version"), EVERY_SAMPLE)
    def test_it_decodes_to_an_event_of_today(self, codec: Codec, name: str, version: int) -> None:
        stored, opened = stored_sample(name, version)
        event = codec.decode(stored)
        kind = BY_NAME[name]
        assert type(event) is kind.cls
        assert (event.originator_id, event.originator_version) == (stored.stream_id, stored.version)
        assert rfc3339(event.timestamp) == opened["timestamp"]
        expected = {field.name for field in fields(cast(Any, kind.cls))} - {"originator_topic"}
        assert set(vars(event)) == expected

    @pytest.mark.parametrize("kind", BY_NAME.values(), ids=BY_NAME)
    def test_a_new_shape_needs_a_new_version(self, codec: Codec, kind: EventType) -> None:
        """What is written today has the members of the newest sample, each of the same kind."""
        stored, _ = stored_sample(kind.name, kind.schema_version)
        now = json.loads(codec.encode(sample_event(kind), PERSON).data)
        then = json.loads(stored.data)
        assert {name: _shape(value) for name, value in now.items()} == {
            name: _shape(value) for name, value in then.items()
        }


def _shape(value: object) -> object:
    if isinstance(value, dict):
        return {name: _shape(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_shape(member) for member in value]
    return "sealed" if is_sealed(value) else type(value).__name__


class Parcel(Aggregate):
    """Something that was described in three ways over the years."""

    class Weighed(Aggregate.Event):
        class_version: ClassVar[int] = 3
        PERSONAL: ClassVar[tuple[str, ...]] = ("by",)
        grams: int
        by: str
        scale: str

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            """Kilograms became grams."""
            state["grams"] = round(state.pop("kilograms") * 1000)

        @staticmethod
        def upcast_v2_v3(state: dict[str, Any]) -> None:
            """Scales got names."""
            state["scale"] = "the old one"


@pytest.fixture
def weighed(monkeypatch: pytest.MonkeyPatch) -> EventType:
    kind = EventType("ParcelWeighed", "daybook.parcel.weighed.v1", Parcel.Weighed, 3, ("by",))
    monkeypatch.setitem(cast(dict[str, EventType], BY_NAME), kind.name, kind)
    monkeypatch.setitem(cast(dict[type[DomainEvent], EventType], BY_CLASS), kind.cls, kind)
    return kind


class TestUpcasting:
    def stored(self, codec: Codec, version: int, **state: object) -> RecordedEvent:
        stream = uuid4()
        sealed = codec.keyring.seal("Ada", PERSON, stream)
        data = json.dumps({**state, "by": sealed, "timestamp": rfc3339(AT)}).encode()
        return RecordedEvent(1, stream, 4, "ParcelWeighed", version, data, "{}", AT)

    def test_from_the_first_version_by_every_step(self, codec: Codec, weighed: EventType) -> None:
        event = codec.decode(self.stored(codec, 1, kilograms=1.25))
        assert isinstance(event, Parcel.Weighed)
        assert (event.grams, event.scale, event.by) == (1250, "the old one", "Ada")
        assert (event.originator_version, event.timestamp) == (4, AT)

    def test_from_the_second(self, codec: Codec, weighed: EventType) -> None:
        event = codec.decode(self.stored(codec, 2, grams=800))
        assert isinstance(event, Parcel.Weighed)
        assert (event.grams, event.scale) == (800, "the old one")

    def test_what_is_of_today_is_left_alone(self, codec: Codec, weighed: EventType) -> None:
        event = codec.decode(self.stored(codec, 3, grams=800, scale="the new one"))
        assert isinstance(event, Parcel.Weighed)
        assert event.scale == "the new one"

    def test_what_is_written_says_the_version_of_today(self, codec: Codec, weighed: EventType) -> None:
        event = codec.decode(self.stored(codec, 1, kilograms=2))
        new = codec.encode(event, PERSON)
        assert (new.type, new.schema_version) == ("ParcelWeighed", 3)
        assert json.loads(new.data)["grams"] == 2000


class TestMany:
    @pytest.fixture
    async def pool(self, database: Database) -> AsyncIterator[asyncpg.Pool]:
        async with await create_pool(database.url, "tests") as opened:
            await opened.execute("INSERT INTO person_keys VALUES ($1, $2, $3)", TENANT, PERSON, WRAPPED_KEY)
            yield opened

    async def test_keys_are_fetched_as_they_are_needed(self, pool: asyncpg.Pool) -> None:
        writing = Codec(Keyring(pool, TENANT, MASTER_KEY))
        persons = [uuid4() for _ in range(20)]
        await writing.keyring.ensure(persons)
        events = [
            writing.encode(event, person)
            for person in persons
            for event in Customer.add(person, name=person.hex, email="x@example.com").pending_events
        ]
        reading = Codec(Keyring(pool, TENANT, MASTER_KEY, remember=4))
        decoded = await reading.decode_all([recorded(event) for event in events])
        assert [cast(Customer.Added, event).name for event in decoded] == [person.hex for person in persons]

    def test_whose_data_is_in_them(self, codec: Codec) -> None:
        stored = [recorded(codec.encode(sample_event(kind), PERSON)) for kind in BY_NAME.values()]
        assert persons_in(stored) == [PERSON]
        assert persons_in([one for one in stored if one.type == "SkuAssigned"]) == []

    def test_a_key_that_is_not_loaded_is_said(self, codec: Codec) -> None:
        stored = recorded(codec.encode(sample_event(BY_NAME["CustomerAdded"]), PERSON))
        with pytest.raises(KeyNotLoaded):
            Codec(Keyring(cast(Any, None), TENANT, MASTER_KEY)).decode(stored)

    async def test_what_is_of_a_forgotten_person_is_not_there(
        self, database: Database, codec: Codec, pool: asyncpg.Pool
    ) -> None:
        stored = recorded(codec.encode(sample_event(BY_NAME["OrderPlaced"]), PERSON))
        owner = await asyncpg.connect(database.owner_url)
        await owner.execute("UPDATE person_keys SET wrapped = NULL")
        await owner.close()
        (event,) = await Codec(Keyring(pool, TENANT, MASTER_KEY)).decode_all([stored])
        assert isinstance(event, Order.Placed)
        assert (vars(event)["shipping_address"], event.number) == (None, "7K3M9QF")

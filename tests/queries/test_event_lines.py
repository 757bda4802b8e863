"""The log as lines: given what happened, the same envelopes as pages have, with the stored bytes in them."""

import json
import random
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from pydantic_core import from_json, to_json

from api.schemas import CloudEvent
from events.cloud import DATA_FOLLOWS, sealed_event, sealed_line
from events.codec import ERASED, Codec
from events.domain.customer import Customer
from events.log.append import Append, Appended, NewEvent
from events.log.reader import END
from events.log.recorded import RecordedEvent
from events.personal import Keyring
from events.types import BY_NAME
from queries import event_lines as lines_module
from queries.event_lines import event_lines
from queries.selection import Selection, bounded
from tests.events.write_samples import SAMPLES, sample_event
from tests.projections.book import MASTER_KEY, Book
from tests.projections.business import moved, placed, product
from tests.projections.conftest import Street

Json = dict[str, Any]


async def lines_of(book: Book, codec: Codec | None = None, *, metadata: bool = False, **given: Any) -> list[bytes]:
    """The lines of a selection, put together."""
    selection = await bounded(book.shop.reader, Selection(**{"after": 0, "until": END, **given}))
    made, events = b"", 0
    async for some, count, _ in event_lines(book.shop.reader, selection, codec, with_metadata=metadata):
        made, events = made + some, events + count
    lines = made.splitlines(keepends=True)
    assert len(lines) == events
    return lines


async def log_of(book: Book) -> list[RecordedEvent]:
    return await book.shop.reader.after(0, 10_000)


def stored_bytes(line: bytes) -> bytes:
    """What the documentation tells auditors to cut out."""
    return line.partition(DATA_FOLLOWS)[2][:-2]


@pytest.fixture
async def told(book: Book) -> Book:
    """A log with one event of every type, as it is stored now and as it ever was, and metadata of all kinds."""
    person = uuid4()
    await book.shop.codec.keyring.ensure([person])
    for number, kind in enumerate(BY_NAME.values()):
        event = sample_event(kind)
        event.__dict__["originator_id"] = uuid4()
        await append(book, number, book.shop.codec.encode(event, person))
    for number, path in enumerate(sorted(SAMPLES.glob("*.json"))):
        sample = json.loads(path.read_text())
        stored = NewEvent(uuid4(), 1, sample["type"], sample["schema_version"], sample["data"].encode())
        await append(book, number, stored)
    return book


async def append(book: Book, number: int, event: NewEvent) -> None:
    """Append with metadata that has more or fewer of the optional parts, and characters that need care."""
    command_id = uuid4()
    meta = {"subject": 'a "quoted" \\ subject', "role": "system\n“of” it", "command_id": str(command_id)}
    if number % 2:
        meta |= {"correlation_id": f'<{number}&"datacontenttype":"application/json","data":\\>', "owner": str(uuid4())}
    if number % 3:
        meta |= {"causation_id": f"{event.stream_id}.{number}"}
    if number % 5 == 1:
        meta |= {"about": str(uuid4())}
    outcome = await book.shop.appender.append(Append(command_id, [event], to_json(meta).decode()))
    assert isinstance(outcome, Appended)


class TestALine:
    async def test_is_the_envelope_of_a_page(self, told: Book) -> None:
        lines, log = await lines_of(told), await log_of(told)
        assert len(lines) == len(log) > len(BY_NAME)
        for line, recorded in zip(lines, log, strict=True):
            assert from_json(line) == sealed_event(told.tenant, recorded)
            assert list(from_json(line)) == list(sealed_event(told.tenant, recorded))
            CloudEvent.model_validate(from_json(line))

    async def test_is_the_same_whoever_makes_it(self, told: Book) -> None:
        made_here = [sealed_line(told.tenant, recorded) for recorded in await log_of(told)]
        assert [from_json(line) for line in await lines_of(told)] == [from_json(line) for line in made_here]
        assert [stored_bytes(line) for line in await lines_of(told)] == [stored_bytes(line) for line in made_here]

    async def test_holds_the_stored_bytes_last(self, told: Book) -> None:
        for line, recorded in zip(await lines_of(told), await log_of(told), strict=True):
            assert stored_bytes(line) == recorded.data
            assert sha256(stored_bytes(line)).digest() == sha256(recorded.data).digest()

    async def test_tells_the_metadata_where_that_is_asked_for(self, told: Book) -> None:
        for codec in (None, told.shop.codec):
            for line, recorded in zip(await lines_of(told, codec, metadata=True), await log_of(told), strict=True):
                assert from_json(line)["metadata"] == recorded.metadata
                assert stored_bytes(line) == recorded.data

    async def test_of_a_type_that_a_newer_version_wrote_is_told_all_the_same(self, book: Book) -> None:
        data = b'{"to":"Mars","note":"\\"timestamp\\":\\"2026\\"","timestamp":"2026-11-24T10:00:00.000000Z"}'
        await book.append_events(NewEvent(uuid4(), 1, "OrderTeleported", 1, data))
        (line,) = await lines_of(book)
        assert from_json(line)["type"] == "daybook.OrderTeleported"
        assert from_json(line) == sealed_event(book.tenant, (await log_of(book))[0])

    @pytest.mark.parametrize(
        "data",
        [
            b'{"timestamp":"2026-11-24T10:00:00.000000Z","reason":null}',
            b'{"timestamp":"2026-11-24T10:00:00.000000Z","reason":"\\u00e9 \\u0022 \xc3\xa9"}',
            b'{"reason":"said \\"reason\\": why","timestamp":"2026-11-24T10:00:00.000000Z"}',
            b'{"note":"\\"reason\\": none","timestamp":"2026-11-24T10:00:00.000000Z"}',
            b'{"inner":{"reason":"not this","timestamp":"2020-01-01T00:00:00.000000Z"},"timestamp":"soon"}',
        ],
    )
    async def test_of_data_of_any_shape_is_the_envelope(self, book: Book, data: bytes) -> None:
        await book.append_events(NewEvent(uuid4(), 1, "OrderTeleported", 1, data))
        (line,) = await lines_of(book)
        assert from_json(line) == sealed_event(book.tenant, (await log_of(book))[0])
        assert stored_bytes(line) == data


class TestOpenedLines:
    async def test_tell_what_is_personal_beside_what_is_sealed(self, book: Book) -> None:
        ada = Customer.add(uuid4(), name="Ada Lovelace", email="ada@example.com")
        order = moved(placed(ada.id), "cancelled")
        await book.append(product(), ada, order)
        lines = [from_json(line) for line in await lines_of(book, book.shop.codec)]
        assert [line["opened"] for line in lines] == [
            {},
            {"name": "Ada Lovelace", "email": "ada@example.com"},
            {"shipping_address": order.shipping_address},
            {"reason": "as it goes"},
        ]
        for line, recorded in zip(lines, await log_of(book), strict=True):
            del line["opened"]
            assert line == sealed_event(book.tenant, recorded)

    async def test_of_a_forgotten_person_tell_that_it_is_erased(self, book: Book) -> None:
        ada = Customer.add(uuid4(), name="Ada Lovelace", email="ada@example.com")
        await book.append(ada)
        await book.pool.execute("SELECT 1")
        forgetful = Codec(_WithoutKeys(book.pool, book.tenant, MASTER_KEY))
        (line,) = await lines_of(book, forgetful)
        assert from_json(line)["opened"] == {"name": ERASED, "email": ERASED}


class _WithoutKeys(Keyring):
    """As after every key was destroyed."""

    async def _fetch(self, persons: list[UUID], wanted: list[UUID]) -> None:
        self._keys.update(dict.fromkeys(persons))


class TestSelections:
    async def test_by_what_led_to_it(self, told: Book) -> None:
        every = [from_json(line) for line in await lines_of(told)]
        for event in every[:40]:
            if (wanted := event.get("correlationid")) is not None:
                found = await lines_of(told, correlation=wanted)
                assert [from_json(line) for line in found] == [e for e in every if e.get("correlationid") == wanted]

    async def test_by_subject_are_of_other_streams_too(self, told: Book) -> None:
        every = [from_json(line) for line in await lines_of(told)]
        foreign = [event for event in every if not event["id"].startswith(event["subject"])]
        assert foreign
        for event in (*foreign[:5], *every[:5]):
            found = await lines_of(told, subject=UUID(event["subject"]))
            assert [from_json(line) for line in found] == [e for e in every if e["subject"] == event["subject"]]

    async def test_between_positions(self, told: Book) -> None:
        every = await lines_of(told)
        assert await lines_of(told, after=3, until=7) == every[3:7]
        assert await lines_of(told, after=7, until=3) == []
        assert await lines_of(told, after=len(every)) == []
        assert await lines_of(told, after=END) == []

    async def test_of_some_types(self, told: Book) -> None:
        every = await lines_of(told)
        found = await lines_of(told, types=("OrderPlaced", "SkuAssigned"))
        assert found == [
            line for line in every if from_json(line)["type"] in ("daybook.order.placed.v1", "daybook.sku.assigned.v1")
        ]
        assert await lines_of(told, types=()) == []

    @pytest.mark.parametrize(
        "shift", [timedelta(), timedelta(microseconds=1), timedelta(days=400), -timedelta(days=400)]
    )
    async def test_by_recorded_time_are_half_open(self, told: Book, shift: timedelta) -> None:
        log = await log_of(told)
        for begin, end in ((10, 20), (0, 5), (len(log) - 3, len(log) - 1)):
            first, last = log[begin].recorded_at + shift, log[end].recorded_at + shift
            found = await lines_of(told, recorded_from=first, recorded_before=last)
            expected = [event.position for event in log if first <= event.recorded_at < last]
            assert [int(from_json(line)["sequence"]) for line in found] == expected

    async def test_come_in_stretches(self, told: Book, monkeypatch: pytest.MonkeyPatch) -> None:
        every = await lines_of(told)
        monkeypatch.setattr(lines_module, "STRETCH", 7)
        monkeypatch.setattr(lines_module, "PAGE", 7)
        assert await lines_of(told) == every
        selection = await bounded(told.shop.reader, Selection(0, END))
        for codec in (None, told.shop.codec):
            sizes = [events async for _, events, _ in event_lines(told.shop.reader, selection, codec)]
            assert max(sizes) == 7
            assert sum(sizes) == len(every)


class TestAClockThatStepsBack:
    async def test_hides_no_event_of_a_range_of_recorded_times(self, book: Book, street: Street) -> None:
        """Up to an hour: then, as far as positions follow time, the search would stop too early or too late."""
        await book.append(*[placed() for _ in range(60)])
        steps = random.Random(15)
        minutes = [number * 5 - steps.choice((0, 0, 0, 20, 55)) for number in range(60)]
        begin = datetime(2026, 3, 1, tzinfo=UTC)
        owner = await asyncpg.connect(street.database.owner_url)
        async with owner.transaction():
            await owner.execute("ALTER TABLE events DISABLE TRIGGER USER")
            await owner.executemany(
                "UPDATE events SET recorded_at = $3 WHERE tenant_id = $1 AND position = $2",
                [(book.tenant, n, begin + timedelta(minutes=at)) for n, at in enumerate(minutes, 1)],
            )
            await owner.execute("ALTER TABLE events ENABLE TRIGGER USER")
        await owner.close()
        for first, last in ((30, 60), (0, 5), (-60, 400), (100, 101), (250, 400), (299, 300)):
            found = await lines_of(
                book,
                recorded_from=begin + timedelta(minutes=first),
                recorded_before=begin + timedelta(minutes=last),
            )
            expected = [n for n, at in enumerate(minutes, 1) if first <= at < last]
            assert [int(from_json(line)["sequence"]) for line in found] == expected

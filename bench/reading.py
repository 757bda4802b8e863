"""Reading a log from its start to its end, in pages of 1,000, decoded: by us, and by the `eventsourcing` library.

Both read the same 100,000 events from the same PostgreSQL, each from a table of its own, one page after the other. Ours
are decoded to what the orders projection uses of them: of each order in a page its first event, opened with its
customer's key, its last, and those between that tell more than where it stands. The library's are not sealed; its
notifications are mapped to the domain events that projections of its kind are given (`select_notifications` and
`Mapper.to_domain_event`).
"""

import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

import asyncpg
import uvloop
from eventsourcing.persistence import DatetimeAsISO, JSONTranscoder, Mapper, UUIDAsHex
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

from bench.history import write_history
from bench.shoppers import TENANT, make_market
from bench.stack import Stack
from daybook.collector import spare_the_collector
from daybook.settings import Settings
from events.codec import Codec, current_fields
from events.log.connect import create_pool
from events.log.reader import END, LogReader
from events.log.recorded import RecordedEvent
from events.personal import Keyring
from projections.feed import Feed
from projections.orders import OPENED, used

EVENTS = 100_000
ROUNDS = 5
PAGE = 1_000
_LIBRARY_COLUMNS = ("originator_id", "originator_version", "topic", "state")


def run(events: int = EVENTS, rounds: int = ROUNDS) -> None:
    """Measure and print."""
    data = Path(tempfile.mkdtemp(prefix="bench-reading-")).resolve()
    # As in the projector; both have it so.
    spare_the_collector()
    rates: dict[str, list[float]] = {}
    try:
        with Stack(data) as stack:
            head = uvloop.run(write_history(stack.settings, make_market(stack.settings), events))
            with _Library(stack) as library:
                uvloop.run(_copy(stack.settings, library))
                stack.tell("VACUUM ANALYZE events")
                stack.tell("VACUUM ANALYZE library_events")
                contestants: dict[str, Callable[[], float]] = {
                    "daybook, what the orders projection uses": lambda: uvloop.run(_read(stack.settings, _used)),
                    "daybook, as domain events": lambda: uvloop.run(_read(stack.settings, _decoded)),
                    "eventsourcing, as domain events": library.read,
                }
                for _ in range(rounds):
                    for name, read in contestants.items():
                        rates.setdefault(name, []).append(head / read())
    finally:
        shutil.rmtree(data)
    base = median(rates["eventsourcing, as domain events"])
    aims = {"daybook, what the orders projection uses": "≥ 1.5"}
    print(f"reading {head:,} events in pages of {PAGE:,}; medians of {rounds} interleaved rounds")
    for name, each in rates.items():
        shown = " ".join(f"{rate:,.0f}" for rate in each)
        print(f"  {median(each) / base:5.2f} ×  {median(each):9,.0f}/s  {name:42} {aims.get(name, ''):6} {shown}")


async def _used(codec: Codec, page: list[RecordedEvent]) -> None:
    mine = used(page)
    await codec.open_all([event for event in mine if event.version == 1], OPENED)
    for event in mine:
        if event.version != 1:
            current_fields(event)


async def _decoded(codec: Codec, page: list[RecordedEvent]) -> None:
    await codec.decode_all(page)


async def _read(settings: Settings, decode: Callable[[Codec, list[RecordedEvent]], Any]) -> float:
    """Seconds from the start of the log to its end."""
    async with await create_pool(settings.database_url, "bench reading", max_size=2) as pool:
        feed = Feed(LogReader(pool, TENANT), keep=0)
        codec = Codec(Keyring(pool, TENANT, settings.master_keys))
        begin, position = time.perf_counter(), 0
        while page := await feed.after(position, PAGE, END):
            await decode(codec, page)
            position = page[-1].position
        return time.perf_counter() - begin


class _Library:
    """The library's recorder and mapper, as one of its applications has them."""

    def __init__(self, stack: Stack) -> None:
        host = str(stack.postgres.owner_url().partition("host=")[2])
        self._datastore = PostgresDatastore(
            dbname="daybook", host=host, port=5432, user="daybook_owner", password="", pool_size=1
        )
        self.recorder = PostgresApplicationRecorder(self._datastore, events_table_name="library_events")
        transcoder = JSONTranscoder()
        transcoder.register(DatetimeAsISO())
        transcoder.register(UUIDAsHex())
        self.mapper: Mapper[UUID] = Mapper(transcoder=transcoder)

    def __enter__(self) -> "_Library":
        self.recorder.create_table()
        return self

    def __exit__(self, *_: object) -> None:
        self._datastore.close()

    def read(self) -> float:
        """Seconds from the start of its log to its end."""
        begin, start = time.perf_counter(), 1
        while page := self.recorder.select_notifications(start, PAGE):
            for notification in page:
                self.mapper.to_domain_event(notification)
            start = page[-1].id + 1
        return time.perf_counter() - begin


async def _copy(settings: Settings, library: _Library) -> None:
    """Give the library the same events."""
    owner: asyncpg.Connection = await asyncpg.connect(settings.database_owner_url)
    async with await create_pool(settings.database_url, "bench reading", max_size=1) as pool:
        reader, codec, position = LogReader(pool, TENANT), Codec(Keyring(pool, TENANT, settings.master_keys)), 0
        while page := await reader.after(position, PAGE):
            stored = map(library.mapper.to_stored_event, await codec.decode_all(page))
            rows = [(one.originator_id, one.originator_version, one.topic, one.state) for one in stored]
            await owner.copy_records_to_table("library_events", records=rows, columns=_LIBRARY_COLUMNS)
            position = page[-1].position
    await owner.close()

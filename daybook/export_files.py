"""The files of an export: events as NDJSON, Parquet or CSV, hashed as they are written."""

import contextlib
import csv
import io
import os
from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from pydantic_core import to_json

from daybook.export_form import Form
from daybook.manifest import BLOCK, PART, EventsFile
from events.cloud import sealed_event
from events.codec import Codec
from events.log.reader import LogReader
from events.log.recorded import RecordedEvent
from queries.event_lines import event_lines
from queries.selection import Selection

PAGE = 2_000
ROW_GROUP = 10_000
"""So many rows are in memory twice, as they come and as they are written."""

CSV_COLUMNS = (
    *("sequence", "recordedtime", "time", "type", "subject", "id", "streamversion", "actor", "reason"),
    *("correlationid", "causationid", "dataschema", "metadata", "data"),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

Done = Callable[[int], None]
"""Told how many more events were written."""


class Hash(Protocol):
    """What hashlib makes."""

    def update(self, data: bytes, /) -> None: ...


class Target(io.RawIOBase):
    """A file that is hashed while it is written, and gets its name when it is whole."""

    def __init__(self, path: Path, everything: Hash) -> None:
        """`everything`: the hash of all files together, which grows with it."""
        super().__init__()
        self.path = path
        self.size = 0
        self.sha256 = sha256()
        self._everything = everything
        self._part = path.with_name(path.name + PART)
        self._file = self._part.open("xb", buffering=1 << 20)

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.size

    def write(self, data: Any, /) -> int:
        """Raises OSError, such as for a full disk; then the file is none."""
        taken = bytes(data)
        self._file.write(taken)
        self.sha256.update(taken)
        self._everything.update(taken)
        self.size += len(taken)
        return len(taken)

    def finish(self) -> None:
        """It is whole: on the disk, under its name."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._part.rename(self.path)

    def abandon(self) -> None:
        """It is not wanted after all."""
        with contextlib.suppress(OSError):  # What was still to be written may have no room either.
            self._file.close()
        self._part.unlink(missing_ok=True)


async def write_file(
    form: Form, target: Target, reader: LogReader, selection: Selection, codec: Codec | None, done: Done
) -> EventsFile:
    """Write these events, read in short statements, a page in memory at a time. `codec`: personal fields are opened.

    Raises ValueError when the log does not have them all, or has what cannot be told in this form, and OSError.
    """
    written = 0

    def count(events: int) -> None:
        nonlocal written
        written += events
        done(events)

    blocks = await _WRITERS[form](target, reader, selection, codec, count)
    if written != selection.until - selection.after:
        raise ValueError(f"the log has {written} events from {selection.after + 1} to {selection.until}")
    target.finish()
    return EventsFile(
        name=target.path.name,
        first=selection.after + 1,
        last=selection.until,
        bytes=target.size,
        sha256=target.sha256.hexdigest(),
        blocks=blocks,
    )


async def _write_ndjson(
    target: Target, reader: LogReader, selection: Selection, codec: Codec | None, done: Done
) -> list[str]:
    blocks: list[str] = []
    block: list[bytes] = []
    async for made, events, end in event_lines(reader, selection, codec, with_metadata=True):
        lines = made.splitlines(keepends=True)
        if made.count(b"\n") != events or len(lines) != events:
            raise ValueError(f"one of the events up to {end} has a line break in its data: take parquet")
        target.write(made)
        block += lines
        while len(block) >= BLOCK:
            blocks.append(block_hash(block[:BLOCK]))
            del block[:BLOCK]
        done(events)
    return [*blocks, block_hash(block)] if block else blocks


def block_hash(lines: Sequence[bytes]) -> str:
    """The short hash of a block of lines."""
    return sha256(b"".join(lines)).hexdigest()[:16]


async def _write_parquet(
    target: Target, reader: LogReader, selection: Selection, codec: Codec | None, done: Done
) -> list[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    # Its own pool keeps what it has once had.
    pa.set_memory_pool(pa.system_memory_pool())
    fields = [
        ("position", pa.int64()),
        ("stream_id", pa.string()),
        ("stream_version", pa.int32()),
        ("event_type", pa.string()),
        ("schema_version", pa.int16()),
        ("data", pa.binary()),
        ("metadata", pa.string()),
        ("recorded_at", pa.timestamp("us", tz="UTC")),
        *([] if codec is None else [("opened", pa.string())]),
    ]
    schema = pa.schema([pa.field(name, kind, nullable=False) for name, kind in fields])
    after = selection.after
    with pq.ParquetWriter(target, schema, compression="zstd", write_page_checksum=True) as writer:
        while after < selection.until:
            group_end = min(after + ROW_GROUP, selection.until)
            group = []
            while after < group_end and (page := await reader.after(after, PAGE, until=group_end)):
                rows: list[tuple[Any, ...]] = [(one[0], str(one[1]), *one[2:]) for one in page]
                if codec is not None:
                    opened = await codec.personal_fields(page)
                    rows = [(*row, to_json(one).decode()) for row, one in zip(rows, opened, strict=True)]
                columns = [
                    pa.array(column, kind) for column, (_, kind) in zip(zip(*rows, strict=True), fields, strict=True)
                ]
                group.append(pa.record_batch(columns, schema=schema))
                after = page[-1].position
                done(len(page))
            if not group:
                break
            writer.write_table(pa.Table.from_batches(group), row_group_size=ROW_GROUP)
            del group
    return []


async def _write_csv(
    target: Target, reader: LogReader, selection: Selection, codec: Codec | None, done: Done
) -> list[str]:
    columns = CSV_COLUMNS if codec is None else (*CSV_COLUMNS, "opened")
    target.write(_as_csv([columns]))
    after = selection.after
    while after < selection.until and (page := await reader.after(after, PAGE, until=selection.until)):
        opened: Sequence[dict[str, Any] | None] = [None] * len(page)
        if codec is not None:
            opened = await codec.personal_fields(page)
        rows = (_row(reader.tenant, event, fields) for event, fields in zip(page, opened, strict=True))
        target.write(_as_csv([[row.get(column) for column in columns] for row in rows]))
        after = page[-1].position
        done(len(page))
    return []


def _row(tenant: str, event: RecordedEvent, opened: dict[str, Any] | None) -> dict[str, Any]:
    told = {"metadata": event.metadata, "data": event.data.decode()}
    if opened is not None:
        told["opened"] = to_json(opened).decode()
    return {**sealed_event(tenant, event), **told}


def _as_csv(rows: Sequence[Sequence[Any]]) -> bytes:
    """RFC 4180, and every cell in quotes, so that no separator of any country begins a new one within it."""
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([map(defused, row) for row in rows])
    return text.getvalue().encode()


def defused(value: Any) -> str:
    """The text of a cell. One that a spreadsheet would take for a formula has an apostrophe before it."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


_WRITERS: dict[Form, Callable[[Target, LogReader, Selection, Codec | None, Done], Awaitable[list[str]]]] = {
    Form.ndjson: _write_ndjson,
    Form.parquet: _write_parquet,
    Form.csv: _write_csv,
}

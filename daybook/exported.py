"""An export, read again: whether its files are what they were, and the events in them as the log held them.

Nothing but the folder is needed: no database, no settings, no keys.
"""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from hashlib import file_digest, sha256
from itertools import islice, zip_longest
from pathlib import Path
from uuid import UUID

from pydantic_core import from_json

from daybook.export_files import block_hash
from daybook.export_form import Form
from daybook.failure import Failure
from daybook.manifest import BLOCK, MANIFEST, SUMS, EventsFile, Manifest, read_manifest, sum_lines
from events.cloud import DATA_FOLLOWS
from events.log.recorded import RecordedEvent
from events.tlog.merkle import HASH_BYTES

_SCHEMA = re.compile(r"urn:daybook:schema:(.*):(\d+)", re.DOTALL)
_UNREADABLE = (ValueError, KeyError, TypeError)


class Export:
    """One export. Raises Failure when the folder has no manifest that can be read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest: Manifest = read_manifest(folder)

    def damage(self) -> Iterator[str]:
        """What is not as it was when the export was made, in words, each with its file and as near as can be told."""
        everything = sha256()
        for file in self.manifest.files:
            path = self.folder / file.name
            if path.parent != self.folder or not path.is_file():
                yield f"{file.name} is missing"
                continue
            yield from self._damage_of(file)
            with path.open("rb") as opened:
                while part := opened.read(1 << 20):
                    everything.update(part)
        if (leaves := self.manifest.leaves) is not None and not self._has(leaves.name, leaves.sha256):
            yield f"{leaves.name} is missing, or not as it was"
        yield from self._wrong_sums()
        if everything.hexdigest() != self.manifest.sha256:
            yield f"the files together have not the hash that {MANIFEST} tells"
        expected = 1
        for file in self.manifest.files:
            if file.first != expected:
                yield f"{file.name} begins at position {file.first}, where {expected} follows"
            expected = file.last + 1
        if expected != self.manifest.last + 1:
            yield f"the files end at position {expected - 1}, and {MANIFEST} says {self.manifest.last}"
        known = {*self.manifest.sums, MANIFEST, SUMS}
        for path in sorted(self.folder.iterdir()):
            if path.name not in known:
                yield f"{path.name} is no part of the export"

    def leaves(self) -> Iterator[bytes] | None:
        """The leaf hashes under the checkpoint, as far as they are there; None where there are none."""
        told = self.manifest.leaves
        if told is None or not (path := self.folder / told.name).is_file() or path.parent != self.folder:
            return None
        return self._hashes(path)

    def _hashes(self, path: Path) -> Iterator[bytes]:
        with path.open("rb") as opened:
            while hash_ := opened.read(HASH_BYTES):
                yield hash_

    def _has(self, name: str, digest: str) -> bool:
        path = self.folder / name
        if path.parent != self.folder or not path.is_file():
            return False
        with path.open("rb") as opened:
            return file_digest(opened, "sha256").hexdigest() == digest

    def events(self) -> Iterator[RecordedEvent]:
        """Every event in order, with the exact bytes of its data. Raises Failure at the first that cannot be read, or
        is out of turn, naming it; and at the end, when there were others than the manifest tells."""
        if self.manifest.form is Form.csv:
            raise Failure(
                "CSV is for people: its cells are not what was stored. Replay an export as ndjson or parquet", 2
            )
        types: Counter[str] = Counter()
        expected = 1
        for file in self.manifest.files:
            reading = self._ndjson(file) if self.manifest.form is Form.ndjson else self._parquet(file)
            for event in reading:
                if event.position != expected:
                    raise Failure(f"{file.name}: position {event.position} stands where {expected} belongs")
                types[event.type] += 1
                expected += 1
                yield event
        if types != self.manifest.types:
            wrong = {name for name in types | self.manifest.types if types[name] != self.manifest.types.get(name, 0)}
            raise Failure(f"{MANIFEST} tells another number of {', '.join(sorted(wrong))} than there are")

    def _wrong_sums(self) -> Iterator[str]:
        expected = sum_lines(self.manifest, (self.folder / MANIFEST).read_bytes())
        try:
            lines = (self.folder / SUMS).read_bytes().decode(errors="replace").split("\n")
        except FileNotFoundError:
            yield f"{SUMS} is missing"
            return
        found = [f"{line}\n" for line in lines[:-1]] + [line for line in lines[-1:] if line]
        for number, (wanted, line) in enumerate(zip_longest(expected, found), 1):
            if wanted != line:
                name = "more" if wanted is None else wanted.split()[1]
                yield f"{SUMS}, line {number}: of {name} it tells another hash than it has"

    def _damage_of(self, file: EventsFile) -> Iterator[str]:
        path = self.folder / file.name
        with path.open("rb") as opened:
            if file_digest(opened, "sha256").hexdigest() == file.sha256:
                return
        found = list(self._wrong_lines(file) if self.manifest.form is Form.ndjson else ())
        if self.manifest.form is Form.parquet:
            found = list(self._wrong_rows(file))
        yield from found or [f"{file.name} is not as it was: {path.stat().st_size} bytes, and it had {file.bytes}"]

    def _wrong_lines(self, file: EventsFile) -> Iterator[str]:
        """Where an NDJSON file was changed: the lines that cannot be read, else the block that they are in."""
        with (self.folder / file.name).open("rb") as opened:
            for number, known in enumerate(file.blocks):
                first = number * BLOCK + 1
                block = list(islice(opened, BLOCK))
                if block_hash(block) == known:
                    continue
                at = f"position {file.first + first - 1}"
                for line_number, line in enumerate(block, first):
                    try:
                        right = _event_of(line).position == file.first + line_number - 1
                    except _UNREADABLE:
                        right = False
                    if not right:
                        yield f"{file.name}, line {line_number}: not what position {file.first + line_number - 1} was"
                        return
                yield f"{file.name}, lines {first} to {first + len(block) - 1}, from {at}: not what they were"
                return

    def _wrong_rows(self, file: EventsFile) -> Iterator[str]:
        """Where a Parquet file was changed: the first group of rows that cannot be read."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            opened = pq.ParquetFile(self.folder / file.name, page_checksum_verification=True)
        except (pa.ArrowException, OSError):
            yield f"{file.name}: its footer is not what it was"
            return
        first = file.first
        with opened:
            for group in range(opened.num_row_groups):
                rows = opened.metadata.row_group(group).num_rows
                try:
                    opened.read_row_group(group)
                except (pa.ArrowException, OSError):
                    yield f"{file.name}, rows of the positions {first} to {first + rows - 1}: not what they were"
                    return
                first += rows

    def _ndjson(self, file: EventsFile) -> Iterator[RecordedEvent]:
        with (self.folder / file.name).open("rb") as opened:
            for number, line in enumerate(opened, 1):
                try:
                    yield _event_of(line)
                except _UNREADABLE:
                    raise Failure(f"{file.name}, line {number}: this is no event of an export") from None

    def _parquet(self, file: EventsFile) -> Iterator[RecordedEvent]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        names = [*RecordedEvent._fields]
        names[2:4] = ["stream_version", "event_type"]
        position = file.first
        try:
            with pq.ParquetFile(self.folder / file.name, page_checksum_verification=True) as opened:
                for batch in opened.iter_batches(1_000, columns=names):
                    columns = [batch.column(name).to_pylist() for name in names]
                    for row in zip(*columns, strict=True):
                        yield RecordedEvent(row[0], UUID(row[1]), *row[2:])
                        position += 1
        except (pa.ArrowException, OSError, *_UNREADABLE) as error:
            raise Failure(f"{file.name}, near position {position}: {type(error).__name__}") from error


def _event_of(line: bytes) -> RecordedEvent:
    """A line of an export as the event it was made of. Raises ValueError, KeyError, TypeError."""
    head, _, rest = line.partition(DATA_FOLLOWS)
    if not rest.endswith(b"}\n"):
        raise ValueError("a line ends with its data")
    told = from_json(head + b"}")
    schema = _SCHEMA.fullmatch(told["dataschema"])
    stream_id, _, version = told["id"].rpartition(".")
    if schema is None:
        raise ValueError("a line names its schema")
    return RecordedEvent(
        position=int(told["sequence"]),
        stream_id=UUID(stream_id),
        version=int(version),
        type=schema[1],
        schema_version=int(schema[2]),
        data=rest[:-2],
        metadata=told["metadata"],
        recorded_at=datetime.fromisoformat(told["recordedtime"]),
    )

"""`daybook export`: what it writes is the log, nothing more is told of it, and it is all there or not at all."""

import asyncio
import csv
import json
import resource
import subprocess
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pyarrow.parquet as pq
import pytest
from pydantic_core import from_json
from redis.asyncio import Redis
from typer.testing import CliRunner

from daybook import export, export_files
from daybook.cli import app
from daybook.export import Wanted
from daybook.export_files import defused
from daybook.export_form import Form
from daybook.failure import Failure
from daybook.manifest import BLOCK, MANIFEST, SUMS
from daybook.settings import Settings
from events.cloud import sealed_event
from events.log.append import Append, Appended, NewEvent
from events.log.recorded import RecordedEvent
from events.log.tenants import add_tenant
from tests.databases import Database
from tests.exports.conftest import Exports
from tests.projections.book import Book, open_book

CLEAR = ("Lovelace", "St James", "ada@example.com")
FORMS = list(Form)


async def log_of(book: Book) -> list[RecordedEvent]:
    return await book.shop.reader.after(0, 100_000)


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def told(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


class TestTheEvents:
    @pytest.mark.parametrize("form", [Form.ndjson, Form.parquet])
    async def test_are_those_of_the_log(self, book: Book, exports: Exports, form: Form) -> None:
        exported = await exports(form)
        assert len(exported.manifest.files) > 1
        assert list(exported.events()) == await log_of(book)

    async def test_are_what_another_reader_of_parquet_finds(self, book: Book, exports: Exports) -> None:
        exported = await exports(Form.parquet, per_file=1_000_000)
        (file,) = exported.manifest.files
        table = pq.read_table(exported.folder / file.name)
        log = await log_of(book)
        assert table.column("position").to_pylist() == [event.position for event in log]
        assert table.column("data").to_pylist() == [event.data for event in log]
        assert table.column("metadata").to_pylist() == [event.metadata for event in log]
        assert table.column("stream_id").to_pylist() == [str(event.stream_id) for event in log]
        assert table.column("recorded_at").to_pylist() == [event.recorded_at for event in log]

    async def test_are_cloud_events_with_their_metadata(self, book: Book, exports: Exports) -> None:
        exported = await exports()
        text = b"".join((exported.folder / file.name).read_bytes() for file in exported.manifest.files)
        for line, event in zip(text.splitlines(), await log_of(book), strict=True):
            assert from_json(line) == {**sealed_event(book.tenant, event), "metadata": event.metadata}

    async def test_are_rows_for_people(self, book: Book, exports: Exports) -> None:
        exported = await exports(Form.csv, per_file=1_000_000)
        with (exported.folder / exported.manifest.files[0].name).open(newline="") as file:
            rows = list(csv.DictReader(file))
        log = await log_of(book)
        assert [int(row["sequence"]) for row in rows] == [event.position for event in log]
        for row, event in zip(rows, log, strict=True):
            assert row["data"] == event.data.decode()
            assert row["type"] == sealed_event(book.tenant, event)["type"]

    @pytest.mark.parametrize("form", FORMS)
    async def test_up_to_a_position(self, exports: Exports, form: Form) -> None:
        exported = await exports(form, until=50)
        assert [(file.first, file.last) for file in exported.manifest.files] == [(1, 30), (31, 50)]
        assert exported.manifest.last == sum(exported.manifest.types.values()) == 50
        assert exported.manifest.head > 50
        assert exported.manifest.digests == {}, "read models have come further"
        assert list(exported.damage()) == []

    async def test_of_a_shop_without_any(self, settings: Settings, book: Book, tmp_path: Path) -> None:
        folder = tmp_path / "empty"
        assert await asyncio.to_thread(export.run, settings, Wanted(folder, "other", Form.ndjson)) == 0
        assert left_in(folder) == [SUMS, MANIFEST]


class TestFormulas:
    @pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
    def test_are_defused(self, text: str) -> None:
        assert defused(text) == f"'{text}"

    @pytest.mark.parametrize("text", ["", "a=1", "'=1", '"=1"', "{}", "0001", " =1"])
    def test_are_all_that_is_changed(self, text: str) -> None:
        assert defused(text) == text

    async def test_do_not_come_in_by_a_header(self, book: Book, exports: Exports) -> None:
        command_id = uuid4()
        meta = {"subject": "x", "role": "=HYPERLINK(A1)", "command_id": str(command_id), "correlation_id": '=1","=2'}
        data = b'{"timestamp":"2026-11-24T10:00:00.000000Z"}'
        appended = await book.shop.appender.append(
            Append(command_id, [NewEvent(uuid4(), 1, "CartForgotten", 1, data)], json.dumps(meta))
        )
        assert isinstance(appended, Appended)
        exported = await exports(Form.csv, per_file=1_000_000)
        path = exported.folder / exported.manifest.files[0].name
        with path.open(newline="") as file:
            *_, last = csv.reader(file)
        assert '\'=1","=2' in last
        assert "'=HYPERLINK(A1):x" in last
        assert all(line.startswith(b'"') for line in path.read_bytes().splitlines()), "every cell is in quotes"


class TestPersonalData:
    @pytest.mark.parametrize("form", FORMS)
    async def test_is_sealed(self, exports: Exports, form: Form) -> None:
        exported = await exports(form)
        if form is Form.parquet:
            values = [event.data + event.metadata.encode() for event in exported.events()]
        else:
            values = [told(exported.folder)]
        assert any(b"sealed.1." in value for value in values)
        assert not any(clear.encode() in value for clear in CLEAR for value in values)

    @pytest.mark.parametrize("form", FORMS)
    async def test_is_opened_beside_it_for_a_reason(self, book: Book, exports: Exports, form: Form) -> None:
        exported = await exports(form, per_file=1_000_000, personal=True, reason="a complaint")
        path = exported.folder / exported.manifest.files[0].name
        if form is Form.ndjson:
            opened = [json.loads(line)["opened"] for line in path.read_bytes().splitlines()]
        elif form is Form.parquet:
            opened = [json.loads(text) for text in pq.read_table(path).column("opened").to_pylist()]
        else:
            with path.open(newline="") as file:
                opened = [json.loads(row["opened"]) for row in csv.DictReader(file)]
        log = await log_of(book)
        assert opened == await book.shop.codec.personal_fields(log)
        assert any(opened)
        if form is not Form.csv:
            assert list(exported.events()) == log, "what was stored is there all the same"

    def test_needs_a_reason(self, tmp_path: Path) -> None:
        for reason in ([], ["--reason", " "]):
            result = CliRunner().invoke(app, ["export", str(tmp_path / "x"), "--personal", *reason])
            assert result.exit_code == 2
            assert "--reason" in result.output


class TestTheManifest:
    @pytest.mark.parametrize("form", FORMS)
    async def test_counts_and_hashes(self, book: Book, exports: Exports, form: Form) -> None:
        manifest = (await exports(form)).manifest
        log = await log_of(book)
        assert (manifest.first, manifest.last, manifest.head) == (1, len(log), len(log))
        assert manifest.types == {name: sum(event.type == name for event in log) for name in {e.type for e in log}}

    async def test_can_be_checked_with_the_tools_that_everybody_has(self, exports: Exports) -> None:
        exported = await exports()
        checking = ["sha256sum", "--check", "--strict", "--quiet", SUMS]
        await asyncio.to_thread(subprocess.run, checking, cwd=exported.folder, check=True)
        everything = b"".join((exported.folder / file.name).read_bytes() for file in exported.manifest.files)
        assert sha256(everything).hexdigest() == exported.manifest.sha256
        for file in exported.manifest.files:
            assert file.bytes == (exported.folder / file.name).stat().st_size
            assert len(file.blocks) == -(-file.events // BLOCK)

    async def test_tells_how_far_the_read_models_were(self, book: Book, exports: Exports) -> None:
        manifest = (await exports()).manifest
        assert set(manifest.digests) == {"orders", "catalogue", "stock"}
        orders = await book.rows("SELECT count(*) FROM order_list WHERE tenant_id = $1")
        assert manifest.digests["orders"].rows == orders[0][0]
        assert manifest.digests["stock"].position == manifest.head


class TestThatItWasRead:
    async def test_is_recorded(self, book: Book, exports: Exports) -> None:
        await exports(personal=True, reason="a complaint")
        (role, what, reason), *_ = await book.rows(
            "SELECT role, what, reason FROM history_reads WHERE tenant_id = $1 ORDER BY read_id DESC"
        )
        assert (role, reason) == ("operator", "a complaint")
        head = await book.shop.reader.head()
        assert json.loads(what) == {"format": "ndjson", "personal": True, "from": 1, "to": head, "export": True}


class TestWhatCannotBeDone:
    async def test_is_an_export_over_something(self, book: Book, settings: Settings, tmp_path: Path) -> None:
        (tmp_path / "mine").write_text("mine")
        for folder in (tmp_path, tmp_path / "mine"):
            with pytest.raises(Failure, match="not an empty folder"):
                export.run(settings, Wanted(folder, book.tenant, Form.ndjson))
        assert left_in(tmp_path) == ["mine"]

    @pytest.mark.parametrize(
        ("wanted", "says"),
        [({"tenant": "nobodys"}, "no tenant 'nobodys'"), ({"until": 1_000_000}, "ends at position")],
    )
    async def test_is_said(
        self, book: Book, settings: Settings, tmp_path: Path, wanted: dict[str, Any], says: str
    ) -> None:
        asked = Wanted(**{"folder": tmp_path, "tenant": book.tenant, "form": Form.ndjson, **wanted})
        with pytest.raises(Failure, match=says):
            await asyncio.to_thread(export.run, settings, asked)
        assert left_in(tmp_path) == []

    @pytest.mark.parametrize("form", FORMS)
    async def test_for_want_of_room_leaves_nothing(
        self, book: Book, settings: Settings, tmp_path: Path, form: Form
    ) -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, hard))
            with pytest.raises(Failure, match=r"nothing was exported: .*File too large"):
                await asyncio.to_thread(export.run, settings, Wanted(tmp_path, book.tenant, form))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert left_in(tmp_path) == []

    async def test_when_interrupted_leaves_nothing(
        self, book: Book, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(export, "EVENTS_PER_FILE", 30)

        def interrupt(folder: Path, _: object) -> None:
            assert len(list(folder.iterdir())) > 2, "some of it was there"
            raise KeyboardInterrupt

        monkeypatch.setattr(export, "write_manifest", interrupt)
        assert await asyncio.to_thread(export.run, settings, Wanted(tmp_path, book.tenant, Form.ndjson)) == 130
        assert left_in(tmp_path) == []

    async def test_is_a_line_of_what_has_line_breaks(
        self, database: Database, redis: Redis, settings: Settings, tmp_path: Path
    ) -> None:
        owner = await asyncpg.connect(database.owner_url)
        await add_tenant(owner, "broken-lines")
        await owner.close()
        data = b'{\n"timestamp":"2026-11-24T10:00:00.000000Z"}'
        async with open_book(database.url, redis, "broken-lines") as broken:
            await broken.append_events(NewEvent(uuid4(), 1, "CartForgotten", 1, data))
        with pytest.raises(Failure, match="line break"):
            await asyncio.to_thread(export.run, settings, Wanted(tmp_path, "broken-lines", Form.ndjson))
        assert left_in(tmp_path) == []


def test_pages_are_small() -> None:
    """What is in memory at a time does not depend on how long the log is."""
    assert export_files.PAGE <= export_files.ROW_GROUP <= 50_000

"""`daybook replay`: an export alone makes the read models again, and whatever was changed in it is found and named."""

import asyncio
import itertools
import json
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from daybook import exported_state, replay_export
from daybook.embedded import PostgresServer
from daybook.export_form import Form
from daybook.exported import Export
from daybook.failure import Failure
from daybook.manifest import BLOCK, MANIFEST, SUMS
from daybook.model_digests import Digest
from tests.exports.conftest import Exports
from tests.projections.book import Book

Replay = Callable[[Export], Awaitable[tuple[int, dict[str, str]]]]
_numbers = itertools.count(1)


@pytest.fixture
async def empty(postgres: PostgresServer) -> AsyncIterator[str]:
    """The owner's URL of a database with nothing in it."""
    name = f"empty_{next(_numbers)}"
    maintenance = await asyncpg.connect(postgres.owner_url("postgres"))
    await maintenance.execute(f"CREATE DATABASE {name}")
    yield postgres.owner_url(name)
    await maintenance.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await maintenance.close()


@pytest.fixture
def replay(empty: str, capsys: pytest.CaptureFixture[str]) -> Replay:
    """Replays into the empty database; answers the status, and check → what was said of it."""

    async def replayed(export: Export) -> tuple[int, dict[str, str]]:
        status = await asyncio.to_thread(replay_export.run, export.folder, empty)
        lines = [re.split(r"  +", line, maxsplit=3) for line in capsys.readouterr().out.splitlines()]
        return status, {line[1]: f"{line[2]} {line[3]}" for line in lines if len(line) == 4}

    return replayed


def flip(path: Path, offset: int) -> None:
    """Change one byte."""
    content = bytearray(path.read_bytes())
    content[offset] ^= 1
    path.write_bytes(bytes(content))


def signed(export: Export) -> None:
    """Have SHA256SUMS and the manifest's own sums agree with the files, as one would who changes an export."""
    sums = {file.name: sha256((export.folder / file.name).read_bytes()).hexdigest() for file in export.manifest.files}
    sums[MANIFEST] = sha256((export.folder / MANIFEST).read_bytes()).hexdigest()
    (export.folder / SUMS).write_text("".join(f"{digest}  {name}\n" for name, digest in sums.items()))


class TestARoundTrip:
    @pytest.mark.parametrize("form", [Form.ndjson, Form.parquet])
    async def test_makes_the_same_read_models(self, book: Book, exports: Exports, replay: Replay, form: Form) -> None:
        exported = await exports(form)
        status, found = await replay(exported)
        assert status == 0, found
        for check in ("orders again", "catalogue again", "stock again"):
            assert found[check].startswith("ok "), found
            assert not found[check].startswith("ok 0 rows"), found
        for check in ("files", "positions", "streams", "events", "stock", "orders", "catalogue", "accounts"):
            assert found[check].startswith("ok "), found
        assert "confirmations" not in found, "nothing leaves the service"

    async def test_holds_the_log_byte_for_byte(self, book: Book, exports: Exports, replay: Replay, empty: str) -> None:
        await replay(await exports())
        connection = await asyncpg.connect(empty)
        rows = await connection.fetch("SELECT * FROM events ORDER BY position")
        stock = await connection.fetch("SELECT product_id, available FROM stock WHERE available <> 0 ORDER BY 1")
        sent = await connection.fetchval("SELECT count(*) FROM deliveries")
        await connection.close()
        assert [tuple(row) for row in rows] == await book.rows(
            "SELECT * FROM events WHERE tenant_id = $1 ORDER BY position"
        )
        assert [tuple(row) for row in stock] == await book.rows(
            "SELECT product_id, available FROM stock WHERE tenant_id = $1 AND available <> 0 ORDER BY 1"
        )
        assert sent == 0

    async def test_of_a_part_says_what_it_cannot_compare(self, exports: Exports, replay: Replay) -> None:
        status, found = await replay(await exports(until=50))
        assert status == 0, found
        assert found["digests"] == "ok none of orders, catalogue, stock: they had come further than the export"
        assert found["positions"] == "ok 50 events, 1 to 50, head 50"

    async def test_needs_no_server_of_ones_own(self, exports: Exports, capsys: pytest.CaptureFixture[str]) -> None:
        exported = await exports()
        assert await asyncio.to_thread(replay_export.run, exported.folder, None) == 0
        assert "default  orders again   ok" in capsys.readouterr().out

    async def test_goes_into_an_empty_database_only(self, book: Book, exports: Exports, database: Any) -> None:
        exported = await exports()
        with pytest.raises(Failure, match="not empty"):
            await asyncio.to_thread(replay_export.run, exported.folder, database.owner_url)
        assert await book.rows("SELECT count(*) FROM tenants WHERE tenant_id = $1") == [(1,)]

    async def test_finds_read_models_that_were_not_what_the_log_says(self, exports: Exports, replay: Replay) -> None:
        exported = await exports()
        wrong = Digest(position=exported.manifest.last, rows=3, sha256="0" * 64)
        digests = {"catalogue": wrong, "orders": exported.manifest.digests["orders"], "stock": wrong}
        (exported.folder / MANIFEST).write_text(
            exported.manifest.model_copy(update={"digests": digests}).model_dump_json()
        )
        signed(exported)
        status, found = await replay(Export(exported.folder))
        assert status == 1
        assert found["orders again"].startswith("ok ")
        assert found["catalogue again"].startswith("FAILED ")
        assert found["stock again"].startswith("FAILED ")


class TestOneChangedByte:
    async def test_in_lines_is_found_and_where(self, exports: Exports) -> None:
        exported = await exports(per_file=250)
        file = exported.manifest.files[0]
        path = exported.folder / file.name
        whole = path.read_bytes()
        for offset in random.Random(4).sample(range(len(whole)), 60):
            flip(path, offset)
            said = "\n".join(exported.damage())
            number = whole.count(b"\n", 0, offset) + 1
            named = re.search(rf"{file.name}, lines? (\d+)(?: to (\d+))?", said)
            assert named, said
            first, last = int(named[1]), int(named[2] or named[1])
            # A line break that is gone, or new, may first tell in the line before, or behind.
            assert first - 1 <= number <= last + 1, (number, said)
            assert last - first < BLOCK
            path.write_bytes(whole)
        assert list(exported.damage()) == []

    @pytest.mark.parametrize("form", [Form.parquet, Form.csv])
    async def test_in_other_files_is_found_and_in_which(self, exports: Exports, form: Form) -> None:
        exported = await exports(form)
        path = exported.folder / exported.manifest.files[-1].name
        whole = path.read_bytes()
        said = []
        for offset in random.Random(4).sample(range(len(whole)), min(len(whole), 120)):
            flip(path, offset)
            found = list(exported.damage())
            assert found, offset
            assert path.name in found[0], found
            said += found
            path.write_bytes(whole)
        if form is Form.parquet:
            first = exported.manifest.files[-1].first
            assert any(f"rows of the positions {first} to" in one for one in said)

    @pytest.mark.parametrize("name", [MANIFEST, SUMS])
    async def test_in_what_tells_of_the_files_is_found(self, exports: Exports, name: str) -> None:
        exported = await exports(per_file=1_000_000)
        path = exported.folder / name
        whole = path.read_bytes()
        for offset in random.Random(4).sample(range(len(whole)), min(len(whole), 120)):
            flip(path, offset)
            try:
                said = "\n".join(Export(exported.folder).damage())
            except Failure as failure:
                said = str(failure)
            assert name in said, (offset, said)
            path.write_bytes(whole)

    async def test_ends_a_replay(self, exports: Exports, replay: Replay) -> None:
        exported = await exports()
        flip(exported.folder / exported.manifest.files[1].name, 1_000)
        status, found = await replay(exported)
        assert status == 1
        assert set(found) == {"files"}, "nothing is made of what was changed"


class TestOtherChanges:
    @pytest.mark.parametrize(
        ("change", "says"),
        [
            (lambda lines: lines[:7] + lines[8:], r"line 8: not what position 8 was"),
            (lambda lines: [*lines[:7], lines[8], lines[7], *lines[9:]], r"line 8: not what position 8 was"),
            (lambda lines: [*lines[:7], lines[3], *lines[7:]], r"line 8: not what position 8 was"),
            (lambda lines: lines[:-1], r"lines \d+ to \d+"),
            (lambda lines: [*lines, lines[0]], r"line 31: not what position 31 was"),
        ],
    )
    async def test_of_lines_are_found(self, exports: Exports, change: Any, says: str) -> None:
        exported = await exports()
        path = exported.folder / exported.manifest.files[0].name
        path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))
        said = list(exported.damage())
        assert path.name in said[0]
        assert re.search(says, said[0]), said

    async def test_that_hashes_were_made_for_are_found_where_the_order_is_wrong(self, exports: Exports) -> None:
        exported = await exports()
        path = exported.folder / exported.manifest.files[0].name
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join([*lines[:7], lines[8], lines[7], *lines[9:]]))
        with pytest.raises(Failure, match=f"{path.name}: position 9 stands where 8 belongs"):
            list(exported.events())

    async def test_of_files_are_found(self, exports: Exports) -> None:
        exported = await exports()
        second = exported.folder / exported.manifest.files[1].name
        second.rename(exported.folder / "events-000099.ndjson")
        said = list(exported.damage())
        assert f"{second.name} is missing" in said
        assert "events-000099.ndjson is no part of the export" in said

    async def test_are_no_matter_where_there_is_no_export(self, tmp_path: Path) -> None:
        with pytest.raises(Failure, match=r"no manifest\.json"):
            Export(tmp_path)
        (tmp_path / MANIFEST).write_text('{"format": "another"}')
        with pytest.raises(Failure, match="cannot be read"):
            Export(tmp_path)

    async def test_of_rows_for_people_cannot_be_replayed(self, exports: Exports) -> None:
        exported = await exports(Form.csv)
        with pytest.raises(Failure, match="CSV is for people"):
            list(exported.events())


class TestOneStream:
    async def test_is_told_as_it_was(self, book: Book, exports: Exports, capsys: pytest.CaptureFixture[str]) -> None:
        exported = await exports()
        rows = await book.rows(
            "SELECT order_id, version, position FROM order_list WHERE tenant_id = $1 AND status = 'shipped' LIMIT 1"
        )
        order_id, version, position = rows[0]

        def state(version: int | None = None, until: int | None = None) -> Any:
            assert exported_state.run(exported.folder, order_id, version, until) == 0
            return json.loads(capsys.readouterr().out)

        last, first = state(), state(version=1)
        assert (last["status"], last["version"]) == ("shipped", version)
        assert (first["status"], first["version"]) == ("pending", 1)
        assert state(until=position) == first
        assert first["shipping_address"] == "erased", "its key is in no export"
        assert first["items"] == last["items"]
        assert last["fulfillment"]["shipments"]

    async def test_of_any_kind_is_told(self, book: Book, exports: Exports, capsys: pytest.CaptureFixture[str]) -> None:
        exported = await exports()
        firsts = {event.type: event.stream_id for event in exported.events() if event.version == 1}
        assert len(firsts) > 4
        for kind, stream_id in firsts.items():
            assert exported_state.run(exported.folder, stream_id, None, None) == 0
            told = json.loads(capsys.readouterr().out)
            assert told["id"] == str(stream_id), kind

    async def test_that_is_not_there_is_no_state(self, exports: Exports) -> None:
        exported = await exports()
        with pytest.raises(Failure, match="no such events"):
            exported_state.run(exported.folder, uuid4(), None, None)
        with pytest.raises(Failure, match="no such events"):
            exported_state.run(exported.folder, UUID(int=0), None, 0)

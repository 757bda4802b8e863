"""`daybook verify --export`: what was exported is what was sealed, and needs nothing but the public key to show it."""

import json
import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from daybook import verify_export
from daybook.export_form import Form
from daybook.exported import Export
from daybook.failure import Failure
from daybook.manifest import MANIFEST, Manifest, write_manifest
from projections.feed import Feed
from projections.sealing import Sealer, SealingProjection, SealingRunner
from tests.exports.conftest import Exports
from tests.projections.book import Book, EveryoneLeads
from tests.projections.business import product

Verify = Callable[..., tuple[int, dict[str, str]]]


@pytest.fixture(scope="module")
async def key(book: Book, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The log is sealed; with this key."""
    sealer = Sealer(bytes(range(32)), "shop.example", tmp_path_factory.mktemp("seals"))
    sealing = SealingProjection(book.tenant, sealer, book.pool)
    await SealingRunner(book.tenant, sealing, book.pool, Feed(book.shop.reader), EveryoneLeads()).catch_up()
    return str(sealer.key(sealer.origin(book.tenant)).verifier)


@pytest.fixture
def verified(key: str, capsys: pytest.CaptureFixture[str]) -> Verify:
    """Verifies an export; answers the status, and check → what was said of it."""

    def verify(export: Export, *keys: str) -> tuple[int, dict[str, str]]:
        status = verify_export.run(export.folder, keys or (key,))
        lines = [re.split(r"  +", line, maxsplit=3) for line in capsys.readouterr().out.splitlines()]
        return status, {line[1]: f"{line[2]} {line[3]}" for line in lines}

    return verify


def forged(export: Export, number: int, change: Callable[[bytes], bytes]) -> None:
    """Change a line of the first file, and every hash in the manifest with it, as one would who forges an export."""
    file = export.manifest.files[0]
    path = export.folder / file.name
    lines = path.read_bytes().splitlines(keepends=True)
    lines[number - 1] = change(lines[number - 1])
    path.write_bytes(b"".join(lines))
    written = path.read_bytes()
    blocks = [sha256(written).hexdigest()[:16]]
    others = b"".join((export.folder / other.name).read_bytes() for other in export.manifest.files)
    changed = file.model_copy(update={"bytes": len(written), "sha256": sha256(written).hexdigest(), "blocks": blocks})
    update = {"files": [changed, *export.manifest.files[1:]], "sha256": sha256(others).hexdigest()}
    write_manifest(export.folder, export.manifest.model_copy(update=update))


@pytest.mark.parametrize("form", [Form.ndjson, Form.parquet])
async def test_an_export_holds_what_was_sealed(book: Book, exports: Exports, verified: Verify, form: Form) -> None:
    status, found = verified(await exports(form))
    head = await book.shop.reader.head()
    assert status == 0, found
    assert found["seals"] == f"ok {head} events are those that shop.example/default had sealed"


async def test_an_export_that_ends_before_every_seal_has_none(exports: Exports, verified: Verify, book: Book) -> None:
    exported = await exports(until=await book.shop.reader.head() - 3)
    status, found = verified(exported)
    assert (status, exported.manifest.checkpoint) == (1, None)
    assert found["seals"].startswith("FAILED the export has no checkpoint")


class TestWhatWasForged:
    """Its hashes agree with each other; only the seals tell."""

    async def test_a_changed_byte_is_named_by_its_position(self, exports: Exports, verified: Verify) -> None:
        exported = await exports()
        forged(exported, 4, lambda line: line[:-4] + bytes([line[-4] ^ 1]) + line[-3:])
        status, found = verified(Export(exported.folder))
        assert status == 1
        assert found["files"].startswith("ok"), found
        assert found["seals"] == "FAILED position 4 is not what was sealed"

    async def test_a_changed_time_is_named_by_its_position(self, exports: Exports, verified: Verify) -> None:
        exported = await exports()
        forged(exported, 7, lambda line: re.sub(rb'"recordedtime":"20(\d)', rb'"recordedtime":"21\1', line))
        assert verified(Export(exported.folder))[1]["seals"] == "FAILED position 7 is not what was sealed"

    async def test_an_event_that_was_taken_out_at_the_end_is_missed(self, exports: Exports, verified: Verify) -> None:
        exported = await exports(per_file=10)
        last = exported.manifest.files[-1]
        (exported.folder / last.name).unlink()
        told = json.loads((exported.folder / MANIFEST).read_text())
        others = b"".join((exported.folder / file.name).read_bytes() for file in exported.manifest.files[:-1])
        told |= {"files": told["files"][:-1], "last": last.first - 1, "sha256": sha256(others).hexdigest()}
        write_manifest(exported.folder, Manifest.model_validate(told))
        status, found = verified(Export(exported.folder))
        assert status == 1
        assert "were sealed" in found["seals"] or "another number" in found["seals"], found

    async def test_leaves_that_were_forged_along_do_not_help(self, exports: Exports, verified: Verify) -> None:
        exported = await exports()
        forged(exported, 4, lambda line: line[:-4] + bytes([line[-4] ^ 1]) + line[-3:])
        assert exported.manifest.leaves is not None
        (exported.folder / exported.manifest.leaves.name).unlink()
        again = Export(exported.folder)
        write_manifest(exported.folder, again.manifest.model_copy(update={"leaves": None}))
        status, found = verified(Export(exported.folder))
        assert status == 1
        assert re.fullmatch(r"FAILED the \d+ entries are not those that were sealed", found["seals"])

    async def test_a_checkpoint_of_another_key_counts_for_nothing(
        self, exports: Exports, verified: Verify, tmp_path: Path
    ) -> None:
        other = Sealer(bytes(32), "shop.example", tmp_path)
        status, found = verified(await exports(), str(other.key(other.origin("default")).verifier))
        assert status == 1
        assert found["seals"].startswith("FAILED the checkpoint: "), found

    async def test_what_is_no_key_is_refused(self, exports: Exports) -> None:
        exported = await exports()
        with pytest.raises(Failure):
            verify_export.run(exported.folder, ["no key"])


async def test_what_came_after_the_last_seal_is_told(exports: Exports, verified: Verify, book: Book) -> None:
    sealed = await book.shop.reader.head()
    await book.append(product(), product())
    status, found = verified(await exports())
    later = await book.shop.reader.head() - sealed
    assert status == 0
    assert found["seals"].endswith(f"had sealed; the {later} after them were not sealed yet")

"""`daybook verify` on the seals: any change to the log, the tiles, the checkpoints or what is kept outside is named."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from redis.asyncio import Redis

from daybook import verify
from daybook.embedded import ValkeyServer
from daybook.finding import Finding
from daybook.settings import Settings
from daybook.verify_seals import Outside, read_outside, seal_findings
from events.tlog.note import SigningKey
from projections.kept_seals import KeptSeal, KeptSeals
from tests.acceptance.seal_settings import sealing
from tests.databases import Database, NewDatabase
from tests.projections.book import open_book
from tests.projections.sealing import ORIGIN, SEED, SealedBook

EVENTS = 600
OUTSIDE = "kept outside"
CHECKS = ("seals", "seal notes", OUTSIDE)


@pytest.fixture(scope="module")
async def database(new_database: NewDatabase) -> AsyncIterator[Database]:
    async with new_database() as database:
        yield database


@pytest.fixture(scope="module")
def settings(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return sealing(database, tmp_path_factory.mktemp("seals"))


@pytest.fixture(scope="module")
async def sealed(database: Database, settings: Settings, valkey: ValkeyServer) -> AsyncIterator[SealedBook]:
    """Six hundred events, sealed in three steps."""
    redis = Redis.from_url(valkey.url)
    async with open_book(database.url, redis) as book:
        sealed = SealedBook(book, settings.seal_folder)
        for _ in range(3):
            await sealed.appends(EVENTS // 3)
            await sealed.seals()
        yield sealed
    await redis.aclose()


@pytest.fixture
async def tampering(database: Database) -> AsyncIterator[asyncpg.Connection]:
    """The owner's connection, in a transaction that never happened: what is done in it is checked in it."""
    connection = await asyncpg.connect(database.owner_url)
    transaction = connection.transaction()
    await transaction.start()
    for table in ("events", "log_heads", "seal_tiles", "seal_checkpoints", "seal_origins"):
        await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    yield connection
    await transaction.rollback()
    await connection.close()


async def failed(connection: asyncpg.Connection, outside: Outside) -> dict[str, str]:
    """What the checks that do not hold have found."""
    found = [finding async for finding in seal_findings(connection, "default", outside)]
    assert tuple(finding.check for finding in found) == CHECKS
    return {finding.check: finding.found for finding in found if not finding.holds}


class TestWhereAllIsWell:
    async def test_it_says_so(self, sealed: SealedBook, settings: Settings, tampering: asyncpg.Connection) -> None:
        found = [one async for one in seal_findings(tampering, "default", read_outside(settings))]
        assert found == [
            Finding("seals", True, "600 leaves are what the log says"),
            Finding("seal notes", True, "3 are signed, and of these leaves"),
            Finding("kept outside", True, "agrees, up to 600"),
        ]
        unsealed = [one async for one in seal_findings(tampering, "other", read_outside(settings))]
        assert all(finding.holds for finding in unsealed)

    async def test_at_work_it_is_not_disturbed(
        self, sealed: SealedBook, settings: Settings, new_database: NewDatabase, tmp_path: Path, redis: Redis
    ) -> None:
        async with new_database() as database, open_book(database.url, redis) as book:
            working = SealedBook(book, tmp_path)
            its = settings.model_copy(update={"database_url": database.url, "seal_kept_dir": tmp_path})

            async def work() -> None:
                for _ in range(15):
                    await working.appends(3)
                    await working.seals()

            task = asyncio.create_task(work())
            while not task.done():
                connection = await asyncpg.connect(database.url)
                outside = read_outside(its)
                async with connection.transaction(isolation="repeatable_read", readonly=True):
                    assert await failed(connection, outside) == {}
                await connection.close()
            await task


LOG = {
    "a byte": ("UPDATE events SET data = data || ' ' WHERE position = 257", 257),
    "who": ('UPDATE events SET metadata = metadata || \'{"subject": "x"}\' WHERE position = 1', 1),
    "when": ("UPDATE events SET recorded_at = recorded_at + interval '1 us' WHERE position = 600", 600),
    "never": ("UPDATE events SET recorded_at = 'infinity' WHERE position = 600", 600),
    "what": ("UPDATE events SET event_type = 'CustomerErased' WHERE position = 300", 300),
    "its version": ("UPDATE events SET stream_version = 2 WHERE position = 300", 300),
    "its stream": ("UPDATE events SET stream_id = gen_random_uuid() WHERE position = 300", 300),
    "its schema": ("UPDATE events SET schema_version = 2 WHERE position = 300", 300),
    "nothing sealable": ("UPDATE events SET metadata = '{\"n\": 1.5}' WHERE position = 300", 300),
    "removed": ("DELETE FROM events WHERE position = 44", 44),
    "removed at the end": ("DELETE FROM events WHERE position = 600", 600),
    "removed and closed up": (
        "DELETE FROM events WHERE position = 44;"
        "UPDATE events SET position = position + 10000 WHERE position > 44;"
        "UPDATE events SET position = position - 10001 WHERE position > 10000",
        44,
    ),
    "swapped": (
        "UPDATE events SET position = 10000 WHERE position = 70; UPDATE events SET position = 70 WHERE position = 71;"
        "UPDATE events SET position = 71 WHERE position = 10000",
        70,
    ),
    "added between": (
        "UPDATE events SET position = position + 10000 WHERE position > 90;"
        "UPDATE events SET position = position - 9999 WHERE position > 10000;"
        "INSERT INTO events SELECT tenant_id, 91, gen_random_uuid(), 1, event_type, schema_version, data, metadata, "
        "recorded_at FROM events WHERE position = 1",
        91,
    ),
}

TILES = {
    "a byte of a leaf": (
        "UPDATE seal_tiles SET hashes = set_byte(hashes, 64, get_byte(hashes, 64) # 1) WHERE level = 0 AND number = 1",
        "1 wrong of 600, for example position 259",
    ),
    "a byte above": (
        "UPDATE seal_tiles SET hashes = set_byte(hashes, 0, get_byte(hashes, 0) # 1) WHERE level = 1",
        "1 wrong of 600, for example tile 1/0",
    ),
    "cut": (
        "UPDATE seal_tiles SET hashes = substr(hashes, 1, 32) WHERE level = 0 AND number = 2",
        "for example tile 0/2, which has not 88 hashes",
    ),
    "removed": ("DELETE FROM seal_tiles WHERE level = 1", "1 wrong of 600, for example tile 1/0"),
    "removed below": ("DELETE FROM seal_tiles WHERE number = 0", "for example tile 0/0, which has not 256 hashes"),
    "added": (
        "INSERT INTO seal_tiles SELECT tenant_id, origin, 0, 3, hashes FROM seal_tiles WHERE number = 1",
        "for example tile 0/3, which is beyond the tree",
    ),
    "added high above": (
        "INSERT INTO seal_tiles SELECT tenant_id, origin, 9, 0, hashes FROM seal_tiles WHERE number = 1",
        "for example tile 9/0, which is beyond the tree",
    ),
    "of a tree that nobody began": (
        "INSERT INTO seal_tiles SELECT tenant_id, 7, level, number, hashes FROM seal_tiles WHERE level = 1",
        "for example tree 7, which nobody began",
    ),
}

NOTES = {
    "a signature": "UPDATE seal_checkpoints SET note = replace(note, '— shop', '— stop') WHERE size = 400",
    "a root": "UPDATE seal_checkpoints SET root = sha256('') WHERE size = 400",
    "a size": "UPDATE seal_checkpoints SET size = 401 WHERE size = 400",
    "the text": "UPDATE seal_checkpoints SET note = replace(note, E'\\n400\\n', E'\\n401\\n') WHERE size = 400",
    "another's note": "UPDATE seal_checkpoints SET note = (SELECT note FROM seal_checkpoints WHERE size = 200) "
    "WHERE size = 400",
    "no note": "UPDATE seal_checkpoints SET note = '' WHERE size = 400",
}


class TestWhatIsNot:
    @pytest.mark.parametrize("what", LOG)
    async def test_a_change_of_the_log_is_named(
        self, sealed: SealedBook, settings: Settings, tampering: asyncpg.Connection, what: str
    ) -> None:
        statements, position = LOG[what]
        for statement in statements.split(";"):
            assert not (await tampering.execute(statement)).endswith(" 0"), "nothing was tampered with"
        found = await failed(tampering, read_outside(settings))
        assert found["seals"].endswith(f"for example position {position}"), found
        # Every checkpoint that was signed over it tells of it, too.
        assert found["seal notes"].split(",")[0] == f"{(600 - position) // 200 + 1} wrong of 3"

    @pytest.mark.parametrize("what", TILES)
    async def test_a_change_of_a_tile_is_named(
        self, sealed: SealedBook, settings: Settings, tampering: asyncpg.Connection, what: str
    ) -> None:
        statement, named = TILES[what]
        assert not (await tampering.execute(statement)).endswith(" 0"), "nothing was tampered with"
        found = await failed(tampering, read_outside(settings))
        assert named in found["seals"]
        assert "seal notes" not in found, "the log is what was signed"

    @pytest.mark.parametrize("what", NOTES)
    async def test_a_change_of_a_checkpoint_is_named(
        self, sealed: SealedBook, settings: Settings, tampering: asyncpg.Connection, what: str
    ) -> None:
        assert await tampering.execute(NOTES[what]) == "UPDATE 1"
        found = await failed(tampering, read_outside(settings))
        assert found.keys() == {"seal notes"}
        assert f"1 wrong of 3, for example {ORIGIN}/default at 40" in found["seal notes"]

    async def test_a_log_that_was_sealed_anew_by_somebody_else_is_found(
        self, sealed: SealedBook, settings: Settings, tampering: asyncpg.Connection
    ) -> None:
        """Who owns the database can make everything in it fit; but has neither the key nor what is kept outside."""
        forger = SigningKey(f"{ORIGIN}/default", bytes(32))
        await tampering.execute("UPDATE seal_origins SET verifier_key = $1", str(forger.verifier))
        for row in await tampering.fetch("SELECT size, note FROM seal_checkpoints"):
            note = forger.sign(row["note"].rpartition("\n\n")[0] + "\n")
            await tampering.execute("UPDATE seal_checkpoints SET note = $1 WHERE size = $2", note, row["size"])
        found = await failed(tampering, read_outside(settings))
        assert "which is not SEAL_KEY" in found["seal notes"]
        assert "no checkpoint of this tree" in found["kept outside"]

    async def test_what_is_kept_outside_is_held_against_it(
        self, sealed: SealedBook, settings: Settings, tampering: asyncpg.Connection
    ) -> None:
        file, folder = sealed.kept(), KeptSeals(settings.seal_folder)
        note = file.read_text()
        assert "gone" in (await failed(tampering, Outside(SEED, KeptSeals(settings.seal_folder / "x"), {})))[OUTSIDE]
        (settings.seal_folder / "x" / "default.1.checkpoint").mkdir(parents=True)
        no_file = settings.model_copy(update={"seal_kept_dir": settings.seal_folder / "x"})
        assert "cannot be read" in (await failed(tampering, read_outside(no_file)))[OUTSIDE]
        later = Outside(SEED, folder, {"default": KeptSeal(2, note)})
        assert "older backup" in (await failed(tampering, later))[OUTSIDE]
        try:
            file.write_text(note.replace("600", "601"))
            assert "does not hold" in (await failed(tampering, read_outside(settings)))[OUTSIDE]
        finally:
            file.write_text(note)
        await tampering.execute("DELETE FROM seal_checkpoints WHERE size = 600")
        assert "kept outside" in await failed(tampering, read_outside(settings))

    async def test_the_exit_status_tells(
        self, sealed: SealedBook, settings: Settings, capsys: pytest.CaptureFixture[str]
    ) -> None:
        gone = settings.model_copy(update={"seal_kept_dir": settings.seal_folder / "elsewhere"})
        assert await asyncio.to_thread(verify.run, gone) == 1
        assert "default  kept outside   FAILED  600 events were sealed, and" in capsys.readouterr().out

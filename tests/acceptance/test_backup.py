"""A backup of a service at work, brought back into an empty folder: it resumes, and says which state it is."""

import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from daybook import backup, restore
from daybook.embedded import PostgresServer, ValkeyServer
from daybook.failure import Failure
from daybook.schema import prepare
from daybook.secrets import SECRETS_FILE
from daybook.settings import LOCK_FILE, Given, Settings
from daybook.verify import findings
from events.codec import rfc3339
from events.domain.customer import Customer
from tests.commands.business import ADA, open_for_business, place
from tests.projections.book import MASTER_KEY, SECRET, open_book

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
QUICK = {"fsync": "off"}
HEAD = 6
"""Of the log when the backup is made."""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="backup-")).resolve()
    yield path
    shutil.rmtree(path)


def settings_of(server: PostgresServer) -> Settings:
    return Settings(
        database_url=server.url(),
        database_owner_url=server.owner_url(),
        redis_url="redis://127.0.0.1:1",
        secret=SECRET,
        master_key=MASTER_KEY,
        data=server.data,
    )


def with_secrets(data: Path, master_key: bytes = MASTER_KEY) -> Given:
    """A data folder that has nothing but the secrets in it."""
    data.mkdir()
    (data / SECRETS_FILE).write_text(json.dumps({"secret": SECRET, "master_key": b64encode(master_key).decode()}))
    return Given(data=data)


def restored(given: Given) -> bool:
    return (given.data / "postgres").exists()


@pytest.fixture(scope="module")
def kept(folder: Path, valkey: ValkeyServer) -> Path:
    """A folder with the backup of a shop, which went on afterwards."""

    async def opens(server: PostgresServer) -> None:
        await prepare(settings_of(server))
        async with Redis.from_url(valkey.url) as redis, open_book(server.url(), redis) as book:
            await open_for_business(book.shop)
            await place(book.shop)
            await book.post()

    async def goes_on(server: PostgresServer) -> None:
        async with Redis.from_url(valkey.url) as redis, open_book(server.url(), redis) as book:
            await place(book.shop)

    kept = folder / "kept"
    with PostgresServer(folder / "data", QUICK, say=lambda _: None) as server:
        asyncio.run(opens(server))
        backup.run(settings_of(server), kept, prune=False)
        asyncio.run(goes_on(server))
    return kept


def test_a_backup_says_what_it_is_of(kept: Path) -> None:
    (made,) = backup.backups_in(kept)
    manifest = backup.Manifest.read(made)
    assert manifest.heads == {"default": HEAD}
    assert manifest.postgres.startswith("18")
    assert sorted(path.name for path in kept.iterdir()) == [made.name], "no drafts are left"


def test_a_backup_has_no_secret_in_it(kept: Path) -> None:
    for path in kept.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert SECRET.encode() not in content
            assert b64encode(MASTER_KEY) not in content
            assert MASTER_KEY not in content


async def test_a_restored_service_resumes(folder: Path, kept: Path, redis: Redis) -> None:
    given = with_secrets(folder / "restored")
    seals = given.data / "seals"
    seals.mkdir()
    (seals / "default").write_text("a later checkpoint")
    await asyncio.to_thread(restore.run, given, kept)
    assert (seals / "default").read_text() == "a later checkpoint", "by which the older state is noticed"
    with PostgresServer(given.data, QUICK, say=lambda _: None) as server:
        await prepare(settings_of(server))
        async with open_book(server.url(), redis) as book:
            assert await book.shop.reader.head() == HEAD, "what came after the backup is not there"
            customer = (await book.shop.repository.get([ADA]))[ADA]
            assert isinstance(customer, Customer)
            assert customer.name == "Ada Lovelace"
            assert (await place(book.shop)).position == HEAD + 1
            await book.post()
            async with book.pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
                found = [one async for one in findings(cast(Any, connection), "default", book.shop.codec)]
            assert [one for one in found if not one.holds] == []


class TestNothingIsRestored:
    def test_without_the_secrets(self, kept: Path, tmp_path: Path) -> None:
        given = Given(data=tmp_path / "data")
        with pytest.raises(Failure, match="beside its secrets"):
            restore.run(given, kept)
        assert not restored(given)

    def test_beside_another_master_key(self, kept: Path, tmp_path: Path) -> None:
        given = with_secrets(tmp_path / "data", bytes(32))
        with pytest.raises(Failure, match="not the one"):
            restore.run(given, kept)
        assert not restored(given)

    def test_over_a_database(self, kept: Path, tmp_path: Path) -> None:
        given = with_secrets(tmp_path / "data")
        (given.data / "postgres").mkdir()
        with pytest.raises(Failure, match="there is a database"):
            restore.run(given, kept)
        assert not list((given.data / "postgres").iterdir())

    def test_while_the_service_runs(self, kept: Path, tmp_path: Path) -> None:
        given = with_secrets(tmp_path / "data")
        lock = str(given.data / LOCK_FILE)
        holds = f"from pathlib import Path; from daybook.supervised import hold; lock = hold(Path({lock!r}), 'up')"
        running = subprocess.Popen(
            [sys.executable, "-c", f"{holds}; print('held', flush=True); input()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert running.stdout is not None
            assert running.stdout.readline() == "held\n"
            with pytest.raises(Failure, match="stop it first"):
                restore.run(given, kept)
        finally:
            running.communicate("\n")
        assert not restored(given)

    def test_of_files_that_were_changed(self, kept: Path, tmp_path: Path) -> None:
        damaged = tmp_path / "damaged"
        shutil.copytree(backup.backups_in(kept)[0], damaged)
        page = max((damaged / "postgres" / "base").rglob("*"), key=lambda path: path.stat().st_size)
        content = bytearray(page.read_bytes())
        content[len(content) // 2] ^= 1
        page.write_bytes(content)
        given = with_secrets(tmp_path / "data")
        with pytest.raises(Failure, match="checksum"):
            restore.run(given, damaged)
        assert not restored(given)

    def test_into_a_server_of_ones_own(self, kept: Path, tmp_path: Path) -> None:
        given = Given(data=tmp_path / "data", database_url="postgresql://nobody@127.0.0.1:1/daybook")
        with pytest.raises(Failure, match="of your own"):
            restore.run(given, kept)

    def test_from_a_folder_that_has_no_backup(self, tmp_path: Path) -> None:
        with pytest.raises(Failure, match="no backup"):
            restore.run(with_secrets(tmp_path / "data"), tmp_path)


class TestPruning:
    def made(self, folder: Path, days_ago: int) -> str:
        moment = NOW - timedelta(days=days_ago)
        path = folder / moment.strftime("daybook-%Y%m%dT%H%M%SZ")
        path.mkdir(parents=True)
        manifest = backup.Manifest(backup.FORMAT, "0", "18", rfc3339(moment), {}, "")
        (path / backup.MANIFEST).write_text(json.dumps(asdict(manifest)))
        return path.name

    def test_deletes_what_is_older_and_never_the_latest(self, tmp_path: Path) -> None:
        old, older = self.made(tmp_path, 31), self.made(tmp_path, 90)
        young = self.made(tmp_path, 29)
        backup.prune_backups(tmp_path, NOW, timedelta(days=30))
        assert [path.name for path in tmp_path.iterdir()] == [young], (old, older)
        backup.prune_backups(tmp_path, NOW + timedelta(days=365), timedelta(days=30))
        assert [path.name for path in tmp_path.iterdir()] == [young]

    def test_leaves_alone_what_is_no_backup(self, tmp_path: Path) -> None:
        self.made(tmp_path, 0)
        (tmp_path / "daybook-notes").mkdir()
        backup.prune_backups(tmp_path, NOW + timedelta(days=365), timedelta(days=30))
        assert (tmp_path / "daybook-notes").exists()

"""The servers from the wheels, through what happens to a data folder over the years."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from daybook.embedded import PostgresServer, ValkeyServer
from daybook.embedded.account import server_account
from daybook.failure import Failure

# What is tested here is not whether the disk keeps what it was given.
QUICK = {"fsync": "off"}


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="servers-")).resolve()
    yield path
    shutil.rmtree(path)


def answer(url: str, question: str) -> str:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(question.encode()).fetchone()
    return str(row[0]) if row else ""


class TestPostgres:
    def test_it_is_durable_private_and_not_the_services_own(self, folder: Path) -> None:
        with PostgresServer(folder) as server:
            for setting in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
                assert answer(server.owner_url(), f"SHOW {setting}") == "on"
            assert answer(server.owner_url(), "SHOW listen_addresses") == ""
            own = "SELECT count(*) FROM pg_roles WHERE rolname = current_user AND rolsuper"
            assert answer(server.owner_url(), own) == "1"
            assert answer(server.url(), own) == "0"
            who = "SELECT current_user || ' on ' || current_database()"
            assert answer(server.url(), who) == "daybook_app on daybook"

    def test_a_kill_keeps_what_was_committed(self, folder: Path) -> None:
        with PostgresServer(folder) as server:
            with psycopg.connect(server.owner_url()) as connection:
                connection.execute("CREATE TABLE kept (it text)")
                connection.execute("INSERT INTO kept VALUES ('yes')")
            server.kill()
            assert not server.running()
            server.start()
            assert answer(server.owner_url(), "SELECT it FROM kept") == "yes"

    def test_a_pid_file_that_names_a_strangers_process_does_not_hinder(self, folder: Path) -> None:
        server = PostgresServer(folder, QUICK)
        server.start()
        pid_file = folder / "postgres" / "postmaster.pid"
        _, *rest = pid_file.read_text().splitlines(keepends=True)
        server.kill()
        with subprocess.Popen(["sleep", "60"], cwd="/", **server_account().as_subprocess()) as stranger:
            pid_file.write_text("".join([f"{stranger.pid}\n", *rest]))
            with server:
                assert stranger.poll() is None
            stranger.kill()

    def test_a_folder_that_was_left_half_made_is_made_again(self, folder: Path) -> None:
        (folder / "postgres.new" / "base").mkdir(parents=True)
        (folder / "postgres.new" / "PG_VERSION").write_text("18\n")
        with PostgresServer(folder, QUICK) as server:
            assert answer(server.url(), "SELECT 1") == "1"

    def test_the_callers_own_postgres_variables_do_not_reach_it(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, value in {"PGPORT": "1", "PGDATA": "/nowhere", "PGOPTIONS": "-c nonsense=1"}.items():
            monkeypatch.setenv(name, value)
        with PostgresServer(folder, QUICK) as server:
            monkeypatch.undo()
            assert answer(server.url(), "SHOW port") == "5432"

    def test_a_path_too_long_for_a_socket_gets_one_elsewhere(self, folder: Path) -> None:
        deep = folder / ("deep" * 30)
        with PostgresServer(deep, QUICK) as server:
            assert str(deep) not in server.url()
            assert PostgresServer(deep).url() == server.url()
            assert answer(server.url(), "SELECT 1") == "1"

    def test_the_files_of_another_version_are_refused_in_one_line(self, folder: Path) -> None:
        (folder / "postgres").mkdir()
        (folder / "postgres" / "PG_VERSION").write_text("17\n")
        with pytest.raises(Failure, match=r"made by PostgreSQL 17, and this is 18$"):
            PostgresServer(folder).start()

    def test_when_it_does_not_start_its_own_reason_is_given(self, folder: Path) -> None:
        with pytest.raises(Failure, match=r"pg_ctl failed: configuration file .* contains errors \(see .*\)$"):
            PostgresServer(folder, QUICK | {"no_such_setting": "1"}).start()


class TestValkey:
    def test_it_starts_empty_every_time(self, folder: Path) -> None:
        server = ValkeyServer(folder)
        for _ in range(2):
            with server, redis.Redis.from_url(server.url) as client:
                assert client.get("key") is None
                client.set("key", "value")

    def test_one_that_was_left_behind_makes_way(self, folder: Path) -> None:
        left = ValkeyServer(folder)
        left.start()
        with ValkeyServer(folder) as server, redis.Redis.from_url(server.url) as client:
            assert not left.running()
            assert client.ping()
        left.stop()

    def test_a_kill_is_a_crash(self, folder: Path) -> None:
        with ValkeyServer(folder) as server, redis.Redis.from_url(server.url) as client:
            client.set("key", "value")
            server.kill()
            with pytest.raises(redis.ConnectionError):
                client.get("key")
            server.start()
            assert client.get("key") is None

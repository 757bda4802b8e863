"""`daybook up`: from a folder to a running service, and back, in one foreground command.

Lock the folder, start the servers that the environment does not provide, write down where they are, migrate,
load the demo, run the processes. The end is the same road backwards, whatever ended it.
"""

import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from http.client import HTTPConnection, HTTPException
from typing import IO

from daybook import supervised
from daybook.embedded import PostgresServer, ValkeyServer
from daybook.failure import Failure
from daybook.interruption import Interrupted, interruptible, undisturbed
from daybook.secrets import ensure_payment_secrets, ensure_seal_key, ensure_secrets, write_private
from daybook.settings import LOCK_FILE, RUN_FILE, Given, Settings, load
from daybook.supervisor import Supervisor

_PROCESSES = {"api": "api", "projector": "project", "worker": "work", "archive": "archive"}
# An `up` that is just ending gets this long to let go of the folder, orphans this long to leave the port.
_LOCK_SECONDS = 3.0
_PORT_SECONDS = 12.0
# The servers' share of the ten seconds in which everything must be gone.
_VALKEY_PATIENCE = 1.0
_POSTGRES_PATIENCE = 2.5


def run(given: Given) -> int:
    """Run everything until it is asked to stop (0) or a part of it ends (1).

    Raises Failure, with nothing left running, when it cannot start.
    """
    try:
        with ExitStack() as at_end, interruptible():
            return _run(given, at_end)
    except Interrupted:
        return 0


def _run(given: Given, at_end: ExitStack) -> int:
    name = secrets.token_hex(16)
    lock = _lock(given, name)
    at_end.callback(lock.close)
    _wait_for_port(given, patience=_PORT_SECONDS if (given.data / RUN_FILE).exists() else 0.0)
    if not (given.secret and given.master_key):
        ensure_secrets(given.data)
    if given.seal_key is None:
        ensure_seal_key(given.data)

    demo = given.demo and given.database_url is None
    simulated = {"payment_url": f"http://127.0.0.1:{_free_port()}"} if demo and given.payment_url is None else {}
    if simulated:
        ensure_payment_secrets(given.data)
    supervisor = Supervisor()
    environment = (
        {"DAYBOOK_LOG": "text"}
        | os.environ
        | {
            "DAYBOOK_DATA": str(given.data),
            "DAYBOOK_DEMO": "1" if demo else "0",
            "PYTHONUNBUFFERED": "1",
            supervised.LOCK_VARIABLE: str(given.data / LOCK_FILE),
            supervised.NAME_VARIABLE: name,
        }
    )
    # -P: a folder that happens to hold an events.py must not shadow ours.
    daybook = [sys.executable, "-P", "-m", "daybook"]
    stand_ins = ({} if given.smtp_url else {"mail": "mail"}) | ({"payments": "provider"} if simulated else {})
    for process, command in (_PROCESSES | stand_ins).items():
        supervisor.add_command(process, [*daybook, command], environment)

    _start_servers(given, simulated, supervisor, at_end)
    load(Settings)  # before any process does: what is wrong with them is said once
    supervisor.say("preparing the database")
    _prepare([*daybook, "migrate", *(["--demo"] if demo else [])], environment, supervisor.say)
    supervisor.add_companion(_announcement(given, demo, simulated, supervisor.say_within))
    supervisor.loop()
    supervisor.say("stopping the servers")
    return 0 if supervisor.asked_to_stop else 1


def _lock(given: Given, name: str) -> IO[str]:
    deadline = time.monotonic() + _LOCK_SECONDS
    try:
        given.data.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        while (lock := supervised.hold(given.data / LOCK_FILE, name)) is None:
            if time.monotonic() > deadline:
                raise Failure(f"another `daybook up` runs on {given.data}: stop it or set DAYBOOK_DATA")
            time.sleep(0.1)
    except OSError as error:
        raise Failure(f"cannot write to the data folder {given.data}: {error.strerror}") from error
    return lock


def _wait_for_port(given: Given, patience: float) -> None:
    """Orphans of a killed `up` leave the port when they notice; a port taken by others is final."""
    deadline = time.monotonic() + patience
    while True:
        try:
            family, kind, _, _, address = socket.getaddrinfo(
                given.host, given.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            with socket.socket(family, kind) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
            return
        except OSError as error:
            if time.monotonic() >= deadline:
                raise Failure(
                    f"cannot listen on {given.host} port {given.port} ({error.strerror}): set another PORT"
                ) from error
            time.sleep(0.2)


def _start_servers(given: Given, simulated: Mapping[str, str], supervisor: Supervisor, at_end: ExitStack) -> None:
    """Start what the environment does not name, and write down where it is."""
    addresses = dict(simulated)
    if given.database_url is None:
        supervisor.say(f"starting PostgreSQL on {given.data}")
        postgres = PostgresServer(given.data, say=supervisor.say)
        at_end.callback(postgres.stop, _POSTGRES_PATIENCE)
        postgres.start()
        addresses |= {"database_url": postgres.url(), "database_owner_url": postgres.owner_url()}

        def watch_postgres(over: threading.Event) -> None:
            while not over.wait(0.5):
                if not postgres.running():
                    supervisor.say_within(f"PostgreSQL has ended, so all of it ends (see {postgres.log})")
                    supervisor.fail()
                    return

        supervisor.add_companion(watch_postgres)
    if given.redis_url is None:
        supervisor.say("starting Valkey")
        valkey = ValkeyServer(given.data)
        at_end.callback(valkey.stop, _VALKEY_PATIENCE)
        valkey.start()
        addresses["redis_url"] = valkey.url

        def watch_valkey(over: threading.Event) -> None:
            # Nothing that matters is in it: the streams and the worker go on as soon as there is one again.
            while not over.wait(0.5):
                if not valkey.running():
                    supervisor.say_within(f"Valkey has ended (see {valkey.log}): starting it again")
                    valkey.start()

        supervisor.add_companion(watch_valkey)
    if given.smtp_url is None:
        addresses["smtp_url"] = f"smtp://127.0.0.1:{_free_port()}"
    run_file = given.data / RUN_FILE
    at_end.callback(run_file.unlink, missing_ok=True)
    write_private(run_file, addresses)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _prepare(command: list[str], environment: Mapping[str, str], say: Callable[[str], None]) -> None:
    """Migrate, in a process of its own: a signal can end it at any moment, and the database undoes the rest."""
    failure = "the database could not be prepared"
    process = None
    try:
        with undisturbed():
            process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        for line in process.stdout or ():
            if line.startswith("daybook: "):
                failure = line.removeprefix("daybook: ").strip()
            else:
                say(line.rstrip())
        failed = process.wait()
    except BaseException:
        if process is not None:
            process.kill()
            process.wait()
        raise
    if failed:
        raise Failure(failure)


def _announcement(
    given: Given, demo: bool, simulated: Mapping[str, str], say: Callable[[str], None]
) -> Callable[[threading.Event], None]:
    """Says once, when it is true, that the service is ready and how to use it."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(given.host, given.host)  # noqa: S104

    def announce(over: threading.Event) -> None:
        while not _ready(shown, given.port):
            if over.wait(0.1):
                return
        say(f"ready on http://{f'[{shown}]' if ':' in shown else shown}:{given.port}")
        if demo:
            say("demo accounts: ada@example.com and ben@example.com (customers), staff@example.com,")
            say("  auditor@example.com, admin@example.com; password for all: daybook-demo")
        if given.smtp_url is None:
            say(f"mails land in {given.data / 'mail'}")
        if simulated:
            say(f"payments are simulated on {simulated['payment_url']}")
        say(f"Ctrl-C stops all of it; the data stays in {given.data}")

    return announce


def _ready(host: str, port: int) -> bool:
    connection = HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()

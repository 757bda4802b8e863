"""Runs the service's processes side by side (honcho), each line of output under its process's name.

When one process ends, all do. What honcho lacks is added here: a process that ignores SIGTERM is killed in
time, a signal during the start is not lost, and a killed supervisor takes its processes with it.
"""

import contextlib
import multiprocessing
import os
import select
import shlex
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from honcho.manager import SIGNALS, Manager
from honcho.printer import Message, Printer
from honcho.process import Process

from daybook import supervised
from daybook.interruption import signals_that_stop

# Of the ten seconds in which everything must be gone, this much for the processes; the rest is the servers'.
_GRACE_SECONDS = 5.0


class Supervisor(Manager):  # type: ignore[misc]
    """Add processes, then `loop()`, which blocks until all have ended; `asked_to_stop` tells why."""

    def __init__(self) -> None:
        if sys.platform == "linux":
            # The same on every Python; and it is fit for it: there are no threads yet when honcho forks.
            multiprocessing.set_start_method("fork", force=True)
        super().__init__(Printer(_Lasting(sys.stdout)))
        self._process_ctor = _Process
        self._companions: list[Callable[[threading.Event], None]] = [self._mind_the_keepers, self._mind_the_terminal]
        self._threads: list[threading.Thread] = []
        self._over = threading.Event()
        self._ending = threading.Lock()

    def add_command(self, name: str, command: list[str], environment: Mapping[str, str]) -> None:
        """A process, by its argument list and whole environment."""
        self.add_process(name, "exec " + shlex.join(command), env=dict(environment))

    def add_companion(self, run: Callable[[threading.Event], None]) -> None:
        """A thread beside the processes; it gets an event that is set when it should end."""
        self._companions.append(run)

    def say(self, line: str) -> None:
        """Print a line of our own, before or after the loop."""
        self._system_print(line + "\n")

    def say_within(self, line: str) -> None:
        """Print a line of our own from a companion, between whole lines of the others."""
        self._report("line", line + "\n", "system")

    @property
    def asked_to_stop(self) -> bool:
        """Whether a signal ended it, and not a process."""
        return self.returncode in {known["rc"] for known in SIGNALS.values()}

    def loop(self) -> None:
        """Start everything and block until every process has ended."""
        if signal.SIGHUP in signals_that_stop():
            signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))
        try:
            super().loop()
        finally:
            self._over.set()
            for thread in self._threads:
                thread.join()

    def fail(self) -> None:
        """End everything, for a reason that is not a process's own."""
        self.returncode = 1
        self.terminate()

    def terminate(self) -> None:
        """SIGTERM to all, SIGKILL to those that are still there after the grace. Returns at once."""
        if self._ending.acquire(blocking=False):
            threading.Thread(target=self._end, daemon=True).start()

    def _end(self) -> None:
        while not self._all_started():
            time.sleep(0.02)
        super().terminate()
        if not self._over.wait(_GRACE_SECONDS):
            self.kill()

    def _mind_the_keepers(self, over: threading.Event) -> None:
        """A keeper that was killed reports no end, and the loop would wait for ever: report it here."""
        dead: set[str] = set()
        while not over.wait(0.5):
            silent = {
                name
                for name, known in self._processes.items()
                if "returncode" not in known and not known["process"].is_alive()
            }
            for name in silent & dead:  # twice: the first time its last message may still be on the way
                pid = self._processes[name].get("pid")
                if pid is not None:
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(pid, signal.SIGKILL)
                # The end first: honcho signals the group of whatever has begun and not ended.
                self._report("stop", {"returncode": 1}, name)
                if pid is None:
                    self._report("start", {"pid": 0}, name)
            dead = silent

    def _mind_the_terminal(self, over: threading.Event) -> None:
        """A terminal that closes tells only the leader of its session, and a `make` there tells nobody."""
        if sys.stdout.isatty():
            terminal = select.poll()
            terminal.register(sys.stdout, 0)
            while not over.wait(0.5):
                if terminal.poll(0):
                    os.kill(os.getpid(), signal.SIGHUP)
                    return

    def _report(self, kind: str, data: Any, name: str) -> None:
        self.events.put(Message(kind, data, datetime.now(), name, None))  # noqa: DTZ005

    def _start(self) -> None:
        super()._start()
        for run in self._companions:
            self._threads.append(threading.Thread(target=run, args=(self._over,)))
            self._threads[-1].start()


class _Process(Process):  # type: ignore[misc]
    """Honcho's keeper of one process, forked from the supervisor: reads its output, waits for its end."""

    def run(self, events: Any = None, ignore_signals: bool = False) -> None:
        path, name = self.env.get(supervised.LOCK_VARIABLE), self.env.get(supervised.NAME_VARIABLE)
        if path and name:
            threading.Thread(target=supervised.outlive, args=(Path(path), name, self._end_group), daemon=True).start()
        super().run(events, ignore_signals)

    def _end_group(self, signal_number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal_number)
        if signal_number == signal.SIGKILL:
            # What is left of the output has no reader, and waiting for one would be for ever.
            os._exit(1)


class _Lasting:
    """Standard output that nobody may be reading any more: then the lines are dropped, not the service."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        with self._to_nowhere_if_closed():
            self._stream.write(text)

    def flush(self) -> None:
        with self._to_nowhere_if_closed():
            self._stream.flush()

    def isatty(self) -> bool:
        return self._stream.isatty()

    @contextlib.contextmanager
    def _to_nowhere_if_closed(self) -> Any:
        try:
            yield
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())

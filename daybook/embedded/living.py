"""Which processes of a server are alive, told by program and working folder.

A pid file tells less: its number may since be another program's, or a dead child's that nobody has reaped.
"""

import contextlib
import signal
import time
from collections.abc import Iterable
from pathlib import Path

import psutil


def alive(process: psutil.Process) -> bool:
    """Whether it still runs; a zombie does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def working_in(folder: Path, program: str) -> list[psutil.Process]:
    """The living processes of that program whose working folder this is (of those we may ask)."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.name() == program and alive(process) and process.cwd() == str(folder):
                found.append(process)
    return found


def gone(processes: Iterable[psutil.Process], seconds: float) -> bool:
    """Wait until none of them is alive; False when some still are after that time."""
    deadline = time.monotonic() + seconds
    left = [process for process in processes if alive(process)]
    while left and time.monotonic() < deadline:
        time.sleep(0.02)
        left = [process for process in left if alive(process)]
    return not left


def send(processes: Iterable[psutil.Process], signal_number: signal.Signals) -> None:
    """Signal those that are still there."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal_number)

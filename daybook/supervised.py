"""A process of `up` ends when `up` does, also when `up` was killed and could tell nobody.

`up` holds a lock on a file and has written its name into it. POSIX locks are not inherited and end with their
process, so a free lock means that `up` is dead; another name means that a next `up` has already begun.
"""

import fcntl
import os
import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO

LOCK_VARIABLE = "DAYBOOK_SUPERVISOR_LOCK"
NAME_VARIABLE = "DAYBOOK_SUPERVISOR_NAME"

_LOOK_SECONDS = 0.5
_GRACE_SECONDS = 8.0


def hold(path: Path, name: str) -> IO[str] | None:
    """Take the lock and write one's name into it; None when another process has it.

    It is held until this process ends. The file must not be opened again in it: closing any handle on a file
    gives up all its POSIX locks.
    """
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+")
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    file.truncate()
    file.write(name)
    file.flush()
    return file


def watch_supervisor(grace: float = _GRACE_SECONDS) -> None:
    """Watch `up` from a thread of its own, if it is `up` that started this process.

    When `up` is gone: SIGTERM to this process, and SIGKILL `grace` seconds later.
    """
    path, name = os.environ.get(LOCK_VARIABLE), os.environ.get(NAME_VARIABLE)
    if path and name:
        end = partial(os.kill, os.getpid())
        threading.Thread(target=outlive, args=(Path(path), name, end, grace), daemon=True).start()


def outlive(path: Path, name: str, end: Callable[[int], None], grace: float = _GRACE_SECONDS) -> None:
    """Wait until `up` of that name is gone, then call `end` with SIGTERM, and `grace` later with SIGKILL."""
    while _held(path, name):
        time.sleep(_LOOK_SECONDS)
    end(signal.SIGTERM)
    time.sleep(grace)
    end(signal.SIGKILL)


def _held(path: Path, name: str) -> bool:
    try:
        with path.open("r+") as file:
            if file.read() != name:
                return False
            try:
                fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return True
            return False
    except OSError:  # the data folder was taken away
        return False

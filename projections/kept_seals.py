"""The last checkpoint of each tree, kept outside the database: in a folder where its administrators cannot write.

A file a tree. It is written beside, synced, and renamed, and never gives way to a smaller one; after a crash it is the
old one or the new one.
"""

import contextlib
import fcntl
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from events.tlog.checkpoint import Checkpoint
from events.tlog.note import InvalidNote, Note

_LOCK = ".lock"
_NAME = re.compile(r"([a-z][a-z0-9-]*)\.([1-9][0-9]*)\.checkpoint")


class KeptSeal(NamedTuple):
    """What is kept of a tenant's tree of this number: its last checkpoint, as a signed note."""

    number: int
    note: str


class KeptSeals:
    """The folder. Several processes may share it. Every method may raise OSError."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def tenants(self) -> set[str]:
        """Those of whom something is kept."""
        found = (_NAME.fullmatch(path.name) for path in (self.folder.iterdir() if self.folder.is_dir() else ()))
        return {match[1] for match in found if match}

    def last(self, tenant: str) -> KeptSeal | None:
        """What is kept of the tenant's last tree; None where nothing is."""
        found = (_NAME.fullmatch(path.name) for path in (self.folder.iterdir() if self.folder.is_dir() else ()))
        number = max((int(match[2]) for match in found if match and match[1] == tenant), default=None)
        if number is None:
            return None
        return KeptSeal(number, self._path(tenant, number).read_text(encoding="utf-8", errors="replace"))

    def keep(self, tenant: str, number: int, note: str) -> None:
        """Keep a checkpoint, unless one of the same tree is kept that is no smaller. It is on the disk afterwards."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(tenant, number)
        with self._alone():
            if path.exists() and _size(path.read_text(encoding="utf-8", errors="replace")) >= _size(note):
                return
            draft = path.with_suffix(".draft")
            with draft.open("w", encoding="utf-8") as file:
                file.write(note)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
            folder = os.open(self.folder, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        with (self.folder / _LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _path(self, tenant: str, number: int) -> Path:
        return self.folder / f"{tenant}.{number}.checkpoint"


def _size(note: str) -> int:
    """The size that a note tells; one that is none is larger than all, so that nobody writes over it."""
    try:
        return Checkpoint.parse(Note.parse(note).text).size
    except InvalidNote:
        return 2**64

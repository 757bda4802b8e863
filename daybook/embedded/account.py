"""Whose processes the servers are: PostgreSQL refuses to run as root, so root lends it another account."""

import os
import pwd
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daybook.failure import Failure


@dataclass(frozen=True)
class Account:
    """A system account; its rights are those of its user and its one group."""

    name: str
    uid: int
    gid: int

    def as_subprocess(self) -> dict[str, Any]:
        """Arguments of `subprocess.run` that make the child this account's."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if os.geteuid() == 0 else {}

    def may(self, path: Path, right: int) -> bool:
        """Whether it has `right` (4 read, 2 write, 1 search) on the path itself, by the mode bits."""
        at = path.stat()
        shift = 6 if at.st_uid == self.uid else 3 if at.st_gid == self.gid else 0
        return self.uid == 0 or bool(at.st_mode >> shift & right)


def server_account() -> Account:
    """Ourselves, or for root the first of `postgres` and `nobody` that exists.

    Raises Failure when root finds neither.
    """
    if os.geteuid() != 0:
        return Account(_own_name(), os.geteuid(), os.getegid())
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise Failure("PostgreSQL does not run as root, and there is no user `postgres` or `nobody` to run it")


def _own_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # a container may run a uid that has no name
        return str(os.geteuid())


def own(folder: Path, account: Account) -> None:
    """Make a private folder (0700) and all in it the account's.

    Raises Failure when it is somebody else's and we may not change that.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != account.uid:
        if os.geteuid() != 0:
            raise Failure(f"{folder} belongs to another user: run as that user or use another DAYBOOK_DATA")
        for path in (folder, *folder.rglob("*")):
            os.chown(path, account.uid, account.gid, follow_symlinks=False)
    folder.chmod(0o700)


def open_way(folder: Path, account: Account) -> Iterator[Path]:
    """Let the account pass through every folder above this one; yields those that had to be opened (o+x)."""
    for above in reversed(folder.parents):
        if not account.may(above, 1):
            above.chmod(stat.S_IMODE(above.stat().st_mode) | stat.S_IXOTH)
            yield above


def open_tree(folder: Path, account: Account) -> None:
    """Let the account read a tree that was installed under a private umask."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink() and not account.may(path, 4):
            mode = stat.S_IMODE(path.stat().st_mode)
            path.chmod(mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0))

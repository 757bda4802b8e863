"""Where the servers' Unix sockets live: in the data folder, or elsewhere when its path is too long."""

import hashlib
import re
import stat
import tempfile
from pathlib import Path

from daybook.embedded.account import Account, own
from daybook.failure import Failure

# A socket's address holds 108 bytes on Linux and 104 on macOS, the closing zero included.
_LONGEST = 103
_LONGEST_NAME = "/.s.PGSQL.5432"
# PostgreSQL and its clients read a comma as a list and a quote as a quote.
_PLAIN = re.compile(r"[A-Za-z0-9_./+=@~ -]+")


def socket_folder(data: Path, account: Account) -> Path:
    """A private folder (0700) of the account, the same for every start on this data folder.

    Raises Failure when somebody else has put something in its place.
    """
    folder = data / "sockets"
    if not _fits(folder):
        name = "daybook-" + hashlib.sha256(str(data).encode()).hexdigest()[:16]
        folder = Path(tempfile.gettempdir()).resolve() / name
        if not _fits(folder):
            raise Failure(f"the path {folder} is too long for a Unix socket: set a shorter TMPDIR or DAYBOOK_DATA")
        _refuse_a_trap(folder, account)
    own(folder, account)
    return folder


def _fits(folder: Path) -> bool:
    path = str(folder)
    return len((path + _LONGEST_NAME).encode()) <= _LONGEST and _PLAIN.fullmatch(path) is not None


def _refuse_a_trap(folder: Path, account: Account) -> None:
    """The temp folder is everybody's: whoever makes our folder first could listen in our stead."""
    try:
        at = folder.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(at.st_mode) or at.st_uid not in (account.uid, 0):
        raise Failure(f"{folder} is not ours: remove it, or set a shorter DAYBOOK_DATA")

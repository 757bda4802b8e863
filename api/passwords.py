"""Passwords: Argon2, in a small pool of threads, so that a flood of logins cannot hold up anything else."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from pwdlib import PasswordHash

from api.problems import Problem

MOST_WAITING = 64
"""Passwords under way or waiting, a second or two of work. Whoever comes then is asked to come again."""

_hasher = PasswordHash.recommended()
_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="passwords")
# Verified in place of an unknown account's, so that it takes as long to say no.
_NOBODY = _hasher.hash("nobody has this password")
_waiting = 0

Result = TypeVar("Result")


def hash_password(password: str) -> str:
    """The hash to store. Takes a good part of a second: not for an event loop."""
    return _hasher.hash(password)


async def hashed(password: str) -> str:
    """The hash to store. Raises Problem (503) when too many wait."""
    return await _in_turn(lambda: _hasher.hash(password))


async def password_matches(password: str, password_hash: str | None) -> bool:
    """Whether it is the one. Without a hash it takes as long, and is not. Raises Problem (503) when too many wait."""
    return await _in_turn(lambda: _hasher.verify(password, password_hash or _NOBODY) and password_hash is not None)


async def _in_turn(work: Callable[[], Result]) -> Result:
    global _waiting  # noqa: PLW0603 - it counts what waits for the one pool there is
    if _waiting >= MOST_WAITING:
        detail = "Too many passwords are being checked; try again."
        raise Problem(503, "overloaded", detail, headers={"Retry-After": "1"})
    _waiting += 1
    done = asyncio.get_running_loop().run_in_executor(_threads, work)
    # Counted until the work is done, also when whoever asked is gone.
    done.add_done_callback(_left)
    return await done


def _left(_done: object) -> None:
    global _waiting  # noqa: PLW0603
    _waiting -= 1

"""Passwords: Argon2, in a small pool of threads, so that a flood of logins cannot hold up anything else."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from pwdlib import PasswordHash

_hasher = PasswordHash.recommended()
_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="passwords")
# Verified in place of an unknown account's, so that it takes as long to say no.
_NOBODY = _hasher.hash("nobody has this password")


def hash_password(password: str) -> str:
    """The hash to store."""
    return _hasher.hash(password)


async def password_matches(password: str, password_hash: str | None) -> bool:
    """Whether it is the one. Without a hash it takes as long, and is not."""

    def matches() -> bool:
        return _hasher.verify(password, password_hash or _NOBODY) and password_hash is not None

    return await asyncio.get_running_loop().run_in_executor(_threads, matches)

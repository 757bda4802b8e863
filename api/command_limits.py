"""How many commands a principal may send a minute, counted in Redis.

Answers tell it as draft-ietf-httpapi-ratelimit-headers has it.
"""

from hashlib import blake2b
from time import time
from typing import NamedTuple

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from api.problems import Problem
from events.caller import Caller

WINDOW = 60

log = structlog.get_logger("identity")


class Quota(NamedTuple):
    """What is left of a minute's commands; below zero that were too many."""

    limit: int
    left: int
    seconds: int

    def headers(self) -> list[tuple[bytes, bytes]]:
        """`RateLimit-Policy` and `RateLimit`, as structured fields (RFC 9651)."""
        return [
            (b"ratelimit-policy", f'"commands";q={self.limit};w={WINDOW}'.encode()),
            (b"ratelimit", f'"commands";r={max(self.left, 0)};t={self.seconds}'.encode()),
        ]

    def check(self) -> None:
        """Raises Problem (429)."""
        if self.left < 0:
            detail = "Too many commands; wait a little."
            raise Problem(429, "too_many_requests", detail, headers={"Retry-After": str(self.seconds)})


async def count_command(redis: Redis, caller: Caller, limit: int) -> Quota | None:
    """Count one more; None without Redis, when nobody is locked out."""
    now = int(time())
    window, seconds = now // WINDOW, WINDOW - now % WINDOW
    principal = blake2b(f"{caller.tenant} {caller.subject}".encode(), digest_size=16).hexdigest()
    key = f"daybook:commands:{window}:{principal}"
    try:
        async with redis.pipeline(transaction=False) as pipe:
            pipe.incr(key)
            pipe.expire(key, WINDOW)
            count = int((await pipe.execute())[0])
    except (RedisError, OSError):
        log.warning("commands are not limited: Redis is away")
        return None
    return Quota(limit, limit - count, seconds)

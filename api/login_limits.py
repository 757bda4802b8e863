"""How often one may try to log in: so many times a minute per account and per address, counted in Redis."""

from hashlib import blake2b
from time import time

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from api.problems import Problem

WINDOW = 60

log = structlog.get_logger("identity")


async def count_login(redis: Redis, *, account: str, address: str, per_account: int, per_address: int) -> None:
    """Count this try. Raises Problem (429) past a limit. Without Redis nobody is locked out."""
    window, left = int(time()) // WINDOW, WINDOW - int(time()) % WINDOW
    limits = {f"account:{account}": per_account, f"address:{address}": per_address}
    try:
        async with redis.pipeline(transaction=False) as pipe:
            for name in limits:
                key = f"daybook:logins:{window}:{blake2b(name.encode(), digest_size=16).hexdigest()}"
                pipe.incr(key)
                pipe.expire(key, WINDOW)
            tries = (await pipe.execute())[::2]
    except (RedisError, OSError):
        log.warning("logins are not limited: Redis is away")
        return
    if any(count > limit for count, limit in zip(tries, limits.values(), strict=True)):
        detail = "Too many logins; wait a little."
        raise Problem(429, "too_many_requests", detail, headers={"Retry-After": str(left)})

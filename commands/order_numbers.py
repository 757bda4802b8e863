"""Short order numbers for people: unique, gaps allowed, and telling nobody how many orders there are.

A process takes a block of counters at a time. A counter becomes a number by a permutation of 0 … 2³⁵ − 1 that is keyed
with tenant and secret, written as seven characters of Crockford's base 32: no two counters share a number, and
neighbours look unrelated. It is a disguise and no secret: a number gives nobody any right.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from hashlib import blake2b

BLOCK = 1_000
_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_BITS = 35
_MASK = (1 << _BITS) - 1
_ROUNDS = 3


class OrderNumbers:
    """The order numbers of one tenant, as this process hands them out."""

    def __init__(self, take_counters: Callable[[int], Awaitable[int]], tenant: str, secret: bytes) -> None:
        """`take_counters(n)` gives the first of n counters that are this process's alone."""
        self._take_counters = take_counters
        key = blake2b(secret + tenant.encode(), digest_size=8 * _ROUNDS + 8, person=b"daybook-numbers").digest()
        # Odd factors, for these alone can be undone modulo a power of two.
        self._factors = [int.from_bytes(key[8 * n : 8 * n + 8], "big") & _MASK | 1 for n in range(_ROUNDS)]
        self._start = int.from_bytes(key[-8:], "big") & _MASK
        self._block: Iterator[int] = iter(())
        self._refilling = asyncio.Lock()

    async def take(self) -> str:
        """The next number, like "7K3M9QF". Every thousandth has to be asked for: raises what a lost database raises."""
        counter = next(self._block, None)
        if counter is None:
            async with self._refilling:
                # Somebody else who waited may have brought the next block.
                counter = next(self._block, None)
                if counter is None:
                    first = await self._take_counters(BLOCK)
                    self._block = iter(range(first, first + BLOCK))
                    counter = next(self._block)
        return _written(self._permuted(counter))

    def _permuted(self, counter: int) -> int:
        """Each step can be undone, so no two counters come to the same number."""
        number = counter + self._start & _MASK
        for factor in self._factors:
            number = number * factor & _MASK
            number ^= number >> 17
        return number


def _written(number: int) -> str:
    return "".join(_DIGITS[number >> shift & 31] for shift in range(30, -1, -5))

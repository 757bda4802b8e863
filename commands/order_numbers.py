"""Short order numbers for people: unique, gaps allowed, and telling nobody how many orders there are.

A process takes a block of counters at a time. A counter becomes a number by a permutation of 0 … 2³⁵ − 1 (a four-round
Feistel network keyed with the tenant and the secret), written as seven characters of Crockford's base 32: no two
counters share a number, and neighbours look unrelated.
"""

from collections.abc import Awaitable, Callable, Iterator
from hashlib import blake2b

BLOCK = 1_000
_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LEFT_BITS, _RIGHT_BITS = 17, 18
_ROUNDS = 4


class OrderNumbers:
    """The order numbers of one tenant, as this process hands them out."""

    def __init__(self, take_counters: Callable[[int], Awaitable[int]], tenant: str, secret: bytes) -> None:
        """`take_counters(n)` gives the first of n counters that are this process's alone."""
        self._take_counters = take_counters
        self._key = blake2b(secret + tenant.encode(), digest_size=32, person=b"daybook-numbers").digest()
        self._block: Iterator[int] = iter(())
        self._left = 0

    async def reserve(self, count: int = 16) -> None:
        """Make sure that the next `count` numbers can be given without asking for more counters."""
        if self._left < count:
            first = await self._take_counters(BLOCK)
            self._block, self._left = iter(range(first, first + BLOCK)), BLOCK

    def next(self) -> str:
        """The next number, like "7K3M9QF". Raises StopIteration when none was reserved."""
        counter = next(self._block)
        self._left -= 1
        return _written(self._permuted(counter))

    def _permuted(self, counter: int) -> int:
        left, right = counter >> _RIGHT_BITS, counter & ((1 << _RIGHT_BITS) - 1)
        for round_ in range(_ROUNDS):
            # Unbalanced halves: each round mixes one into the other and keeps the widths.
            if round_ % 2 == 0:
                left ^= self._mix(round_, right) & ((1 << _LEFT_BITS) - 1)
            else:
                right ^= self._mix(round_, left) & ((1 << _RIGHT_BITS) - 1)
        return left << _RIGHT_BITS | right

    def _mix(self, round_: int, half: int) -> int:
        digest = blake2b(bytes([round_]) + half.to_bytes(4, "big"), digest_size=4, key=self._key).digest()
        return int.from_bytes(digest, "big")


def _written(number: int) -> str:
    return "".join(_DIGITS[number >> shift & 31] for shift in range(30, -1, -5))

"""The Merkle tree of RFC 9162, section 2.1, over SHA-256: hashes, the ranges that a proof is made of, verification.

A tree over entries D[0:n] splits at the largest power of two below n. So the hash of each range that a proof is made of
is folded from hashes of complete subtrees, which never change once they are complete.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import NamedTuple

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()

Range = tuple[int, int]
"""Entries from the first number up to, and without, the second."""


class Subtree(NamedTuple):
    """A complete subtree: the entries from `number << height` to `(number + 1) << height`."""

    height: int
    number: int


class InvalidProof(Exception):
    """A proof that does not show what it should."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of an entry."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees side by side."""
    return sha256(b"\x01" + left + right).digest()


def complete_hash(hashes: Sequence[bytes]) -> bytes:
    """The root over so many hashes as are a power of two."""
    while len(hashes) > 1:
        hashes = [node_hash(hashes[at], hashes[at + 1]) for at in range(0, len(hashes), 2)]
    return hashes[0]


def subtrees(start: int, end: int) -> list[Subtree]:
    """The complete subtrees that a range of the tree is folded from, left to right; each is lower than the one before.

    `start` is a multiple of the least power of two that is no smaller than the range, as in all ranges of a proof.
    """
    found = []
    while start < end:
        height = (end - start).bit_length() - 1
        found.append(Subtree(height, start >> height))
        start += 1 << height
    return found


def folded(hashes: Sequence[bytes]) -> bytes:
    """The hash over the subtrees of a range, left to right."""
    if not hashes:
        return EMPTY_ROOT
    *before, root = hashes
    for left in reversed(before):
        root = node_hash(left, root)
    return root


def range_hash(start: int, end: int, hash_of: Callable[[Subtree], bytes]) -> bytes:
    """The hash of a range, of those that `subtrees` takes."""
    return folded([hash_of(subtree) for subtree in subtrees(start, end)])


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """The ranges whose hashes prove that the entry at `index` is in the tree of `size` (2.1.3.1), leaf to root.

    Raises ValueError unless 0 <= index < size.
    """
    if not 0 <= index < size:
        raise ValueError("there is no such entry in a tree of that size")
    start, end = 0, size
    found: list[Range] = []
    while end - start > 1:
        split = start + _split(end - start)
        if index < split:
            found.append((split, end))
            end = split
        else:
            found.append((start, split))
            start = split
    return found[::-1]


def consistency_ranges(old: int, new: int) -> list[Range]:
    """The ranges whose hashes prove that the tree of size `new` continues that of size `old` (2.1.4.1), leaf to root.

    Raises ValueError unless 0 < old <= new.
    """
    if not 0 < old <= new:
        raise ValueError("a tree continues only one that is not empty and no larger")
    start, end = 0, new
    found: list[Range] = []
    while old != end:
        split = start + _split(end - start)
        if old <= split:
            found.append((split, end))
            end = split
        else:
            found.append((start, split))
            start = split
    if start:
        # Only what is left of the whole tree is known to the verifier, as the old root.
        found.append((start, end))
    return found[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Whether a leaf hash is at `index` in the tree of this size and root (2.1.3.2). Raises InvalidProof."""
    if not 0 <= index < size:
        raise InvalidProof("there is no such entry in a tree of that size")
    at, last, computed = index, size - 1, leaf
    for step in proof:
        if not last:
            raise InvalidProof("the proof is too long")
        if at & 1 or at == last:
            computed = node_hash(step, computed)
            at, last = _past_zeros(at, last)
        else:
            computed = node_hash(computed, step)
        at, last = at >> 1, last >> 1
    if last:
        raise InvalidProof("the proof is too short")
    if computed != root:
        raise InvalidProof("the entry is not in the tree")


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Whether the second tree continues the first (2.1.4.2). Raises InvalidProof."""
    if not 0 < old <= new:
        raise InvalidProof("a tree continues only one that is not empty and no larger")
    if old == new:
        if proof or old_root != new_root:
            raise InvalidProof("two trees of the same size differ")
        return
    steps = list(proof)
    if old & (old - 1) == 0:
        steps.insert(0, old_root)
    if not steps:
        raise InvalidProof("the proof is too short")
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    first = second = steps[0]
    for step in steps[1:]:
        if not last:
            raise InvalidProof("the proof is too long")
        if at & 1 or at == last:
            first, second = node_hash(step, first), node_hash(step, second)
            at, last = _past_zeros(at, last)
        else:
            second = node_hash(second, step)
        at, last = at >> 1, last >> 1
    if last:
        raise InvalidProof("the proof is too short")
    if first != old_root or second != new_root:
        raise InvalidProof("the second tree does not continue the first")


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root over all these leaf hashes: of the peaks of a growing tree, one for each power of two in its size."""
    peaks: list[bytes] = []
    for count, leaf in enumerate(leaves):
        while count & 1:
            leaf = node_hash(peaks.pop(), leaf)
            count >>= 1
        peaks.append(leaf)
    return folded(peaks)


def _split(size: int) -> int:
    return 1 << ((size - 1).bit_length() - 1)


def _past_zeros(at: int, last: int) -> tuple[int, int]:
    while not at & 1 and at:
        at, last = at >> 1, last >> 1
    return at, last

"""The Merkle tree: proofs hold for what is there, for every size, and for nothing else."""

import random
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.tlog.merkle import (
    EMPTY_ROOT,
    InvalidProof,
    consistency_ranges,
    inclusion_ranges,
    leaf_hash,
    node_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from events.tlog.tiles import hashes_of
from events.tlog.tree import Tree

LEAVES = [leaf_hash(b"entry %d" % n) for n in range(1_100)]
TREE, TILES = Tree().grown(LEAVES)
ROOTS = [root_of(LEAVES[:size]) for size in range(len(LEAVES) + 1)]

SIZES = st.integers(1, len(LEAVES))


def by_definition(leaves: list[bytes]) -> bytes:
    """The hash of a tree as RFC 9162, 2.1.1 defines it."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return node_hash(by_definition(leaves[:split]), by_definition(leaves[split:]))


def included(index: int, size: int) -> list[bytes]:
    return hashes_of(inclusion_ranges(index, size), TILES)


def consistent(old: int, new: int) -> list[bytes]:
    return hashes_of(consistency_ranges(old, new), TILES)


def flipped(content: bytes, place: int) -> bytes:
    """The same bytes with one bit changed."""
    at = place // 8 % len(content)
    return content[:at] + bytes([content[at] ^ 1 << place % 8]) + content[at + 1 :]


class TestTheRoot:
    def test_is_what_the_standard_defines(self) -> None:
        assert by_definition([]) == EMPTY_ROOT == root_of([])
        for size in (*range(1, 300), 511, 512, 513, 1_023, 1_024, 1_100):
            assert ROOTS[size] == by_definition(LEAVES[:size]), size

    def test_is_what_the_examples_of_certificate_transparency_have(self) -> None:
        """The test data of the implementation that RFC 6962 came with."""
        entries = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
        leaves = [leaf_hash(bytes.fromhex(entry)) for entry in entries]
        assert root_of(leaves[:1]).hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
        assert root_of(leaves[:3]).hex() == "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"
        assert root_of(leaves).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


class TestInclusion:
    def test_is_proven_for_every_entry_of_every_size(self) -> None:
        for size in (*range(1, 70), 127, 128, 129, 255, 256, 257):
            for index in range(size):
                verify_inclusion(LEAVES[index], index, size, included(index, size), ROOTS[size])

    @settings(max_examples=300, deadline=None)
    @given(st.data())
    def test_is_proven_for_nothing_else(self, data: st.DataObject) -> None:
        size = data.draw(SIZES)
        index, other = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size + 10))
        proof = included(index, size)
        verify_inclusion(LEAVES[index], index, size, proof, ROOTS[size])
        place = data.draw(st.integers(0, 10_000))
        wrong = [
            (flipped(LEAVES[index], place), index, size, proof, ROOTS[size]),
            (LEAVES[index], index, size, proof, flipped(ROOTS[size], place)),
            (LEAVES[index], index, size, [*proof, LEAVES[0]], ROOTS[size]),
            (LEAVES[index], -1, size, proof, ROOTS[size]),
        ]
        if other != index:
            wrong.append((LEAVES[index], other, size, proof, ROOTS[size]))
        if proof:
            at = place % len(proof)
            wrong.append(
                (LEAVES[index], index, size, [*proof[:at], flipped(proof[at], place), *proof[at + 1 :]], ROOTS[size])
            )
            wrong.append((LEAVES[index], index, size, [*proof[:at], *proof[at + 1 :]], ROOTS[size]))
        for case in wrong:
            with pytest.raises(InvalidProof):
                verify_inclusion(*case)

    @pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5), (6, 5)])
    def test_there_is_no_proof_of_what_is_not_there(self, index: int, size: int) -> None:
        with pytest.raises(ValueError, match="no such entry"):
            inclusion_ranges(index, size)


class TestConsistency:
    def test_is_proven_between_every_two_sizes(self) -> None:
        for new in range(1, 70):
            for old in range(1, new + 1):
                verify_consistency(old, new, consistent(old, new), ROOTS[old], ROOTS[new])

    @settings(max_examples=300, deadline=None)
    @given(st.data())
    def test_is_proven_for_nothing_else(self, data: st.DataObject) -> None:
        new = data.draw(SIZES)
        old = data.draw(st.integers(1, new))
        proof = consistent(old, new)
        verify_consistency(old, new, proof, ROOTS[old], ROOTS[new])
        place = data.draw(st.integers(0, 10_000))
        wrong = [
            (old, new, proof, flipped(ROOTS[old], place), ROOTS[new]),
            (old, new, proof, ROOTS[old], flipped(ROOTS[new], place)),
            (old, new, [*proof, LEAVES[0]], ROOTS[old], ROOTS[new]),
            (0, new, proof, EMPTY_ROOT, ROOTS[new]),
            (new + 1, new, proof, ROOTS[old], ROOTS[new]),
        ]
        if proof:
            at = place % len(proof)
            wrong.append((old, new, [*proof[:at], flipped(proof[at], place), *proof[at + 1 :]], ROOTS[old], ROOTS[new]))
            wrong.append((old, new, [*proof[:at], *proof[at + 1 :]], ROOTS[old], ROOTS[new]))
        for case in wrong:
            with pytest.raises(InvalidProof):
                verify_consistency(*case)

    @pytest.mark.parametrize(("old", "new"), [(0, 5), (6, 5), (-1, 5), (0, 0)])
    def test_there_is_no_proof_of_what_does_not_follow(self, old: int, new: int) -> None:
        with pytest.raises(ValueError, match="continues"):
            consistency_ranges(old, new)

    def test_a_history_with_another_in_its_middle_is_refused(self) -> None:
        for changed in random.Random(1).sample(range(1_000), 20):
            forged = [*LEAVES[:changed], leaf_hash(b"forged"), *LEAVES[changed + 1 :]]
            tree, tiles = Tree().grown(forged)
            proof = hashes_of(consistency_ranges(1_000, 1_100), tiles)
            with pytest.raises(InvalidProof):
                verify_consistency(1_000, 1_100, proof, ROOTS[1_000], tree.root())

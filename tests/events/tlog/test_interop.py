"""What we make verifies with an implementation that is not ours (tlog-scales), and what was changed does not."""

from pathlib import Path

import pytest
from tlog_scales.backend import LocalBackend
from tlog_scales.reader import TilesReader
from tlog_scales.signing import PlainEd25519Signer, Vkey
from tlog_scales.tiles import leaf_hash as their_leaf_hash
from tlog_scales.tlog import Checkpoint as TheirCheckpoint
from tlog_scales.tlog import ConsistencyProof, InclusionProof, InclusionProofInvalid
from tlog_scales.writer import TilesWriter

from events.tlog.checkpoint import Checkpoint
from events.tlog.merkle import consistency_ranges, inclusion_ranges, leaf_hash, root_of
from events.tlog.note import SigningKey
from events.tlog.offline import opened_checkpoint
from events.tlog.tiles import HEIGHT, Tile, bundle, edge_of, hashes_of, tile_path, width_of
from events.tlog.tree import Tree

ORIGIN = "shop.example/default"
SEED = bytes(range(32))
KEY = SigningKey(ORIGIN, SEED)
THEIR_KEY = Vkey.from_string(str(KEY.verifier))
ENTRIES = [b'{"position":%d}' % n for n in range(1, 1_101)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
TREE, TILES = Tree().grown(LEAVES)
ROOTS = {size: root_of(LEAVES[:size]) for size in range(1, len(LEAVES) + 1)}
SIZES = (1, 2, 3, 7, 8, 255, 256, 257, 511, 512, 700, 1_024, 1_100)


def write_log(folder: Path, size: int) -> None:
    """A log of our making as files, as it is served."""
    note = KEY.sign(Checkpoint(ORIGIN, size, ROOTS[size]).text())
    files = {"checkpoint": note.encode()}
    for tile in {*TILES, *edge_of(size)}:
        if width := width_of(tile, size):
            path = tile_path(tile.number, width)
            files[f"tile/{tile.level}/{path}"] = TILES[tile][: width * 32]
            if tile.level == 0:
                first = tile.number << HEIGHT
                files[f"tile/entries/{path}"] = bundle(ENTRIES[first : first + width])
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


@pytest.mark.parametrize("size", SIZES)
def test_they_verify_our_log(tmp_path: Path, size: int) -> None:
    write_log(tmp_path, size)
    reader = TilesReader(LocalBackend(tmp_path))
    checkpoint = reader.get_checkpoint()
    checkpoint.verify(THEIR_KEY)
    assert (checkpoint.origin, checkpoint.size) == (ORIGIN, size)
    assert reader.calculate_root_hash() == checkpoint.root_hash
    for index in {0, size // 3, size // 2, size - 1}:
        assert reader.get_entry(index) == ENTRIES[index]
        reader.get_inclusion_proof(index, size).check(their_leaf_hash(ENTRIES[index]), checkpoint.root_hash)
        # And the proofs that we make are those that they make.
        ours = hashes_of(inclusion_ranges(index, size), TILES)
        assert ours == reader.get_inclusion_proof(index, size).node_hashes
        old = index + 1
        proof = hashes_of(consistency_ranges(old, size), TILES)
        assert proof == reader.get_consistency_proof(old, size).node_hashes
        ConsistencyProof(old, size, proof).check(ROOTS[old], checkpoint.root_hash)


def test_they_refuse_what_was_changed() -> None:
    proof = hashes_of(inclusion_ranges(700, 1_100), TILES)
    InclusionProof(700, 1_100, proof).check(LEAVES[700], ROOTS[1_100])
    for at in range(len(proof)):
        forged = [*proof[:at], bytes([proof[at][0] ^ 1]) + proof[at][1:], *proof[at + 1 :]]
        with pytest.raises(InclusionProofInvalid):
            InclusionProof(700, 1_100, forged).check(LEAVES[700], ROOTS[1_100])
    note = KEY.sign(Checkpoint(ORIGIN, 9, ROOTS[9]).text())
    with pytest.raises(Exception):  # noqa: B017, PT011 - whatever they say of a bad signature
        TheirCheckpoint.from_text(note.replace("\n9\n", "\n8\n")).verify(THEIR_KEY)


def test_we_verify_theirs(tmp_path: Path) -> None:
    writer = TilesWriter.create(tmp_path / "log", ORIGIN)
    for entry in ENTRIES[:600]:
        writer.add_leaf(entry)
    signer = PlainEd25519Signer(ORIGIN, SEED)
    writer.commit([signer])
    assert signer.vkey.key_id == int.from_bytes(KEY.verifier.key_id, "big")
    checkpoint = opened_checkpoint((tmp_path / "log" / "checkpoint").read_text(), [KEY.verifier])
    assert checkpoint == Checkpoint(ORIGIN, 600, ROOTS[600])
    for tile in (Tile(0, 0), Tile(0, 1)):
        assert (tmp_path / "log/tile/0" / tile_path(tile.number)).read_bytes() == TILES[tile]

"""Writes logs of our making, for others to verify: `python -m tests.interop.write_logs FOLDER`.

A folder for each size, with the checkpoint, tiles and entry bundles at the paths of C2SP tlog-tiles, and proofs.json
with proofs that we make. `key` has the verifier key.
"""

import json
import sys
from base64 import b64encode
from pathlib import Path

from events.tlog.checkpoint import Checkpoint
from events.tlog.merkle import consistency_ranges, inclusion_ranges, leaf_hash, root_of
from events.tlog.note import SigningKey
from events.tlog.tiles import HEIGHT, Tile, bundle, edge_of, hashes_of, tile_path, width_of
from events.tlog.tree import Tree

ORIGIN = "shop.example/default"
SIZES = [*range(1, 20), 31, 32, 33, *range(250, 262), 300, 511, 512, 513, 700, 767, 768, 769, 999, 1_000, 1_025]


def write_logs(folder: Path) -> None:
    """Write them all."""
    key = SigningKey(ORIGIN, bytes(range(32)))
    entries = [b'{"position":%d}' % n for n in range(1, max(SIZES) + 1)]
    leaves = [leaf_hash(entry) for entry in entries]
    _, tiles = Tree().grown(leaves)
    for size in SIZES:
        root = root_of(leaves[:size])
        files = {
            "checkpoint": key.sign(Checkpoint(ORIGIN, size, root).text()).encode(),
            "proofs.json": json.dumps(_proofs(size, leaves, tiles)).encode(),
        }
        for tile in {*tiles, *edge_of(size)}:
            if width := width_of(tile, size):
                path = tile_path(tile.number, width)
                files[f"tile/{tile.level}/{path}"] = tiles[tile][: width * 32]
                if tile.level == 0:
                    first = tile.number << HEIGHT
                    files[f"tile/entries/{path}"] = bundle(entries[first : first + width])
        for name, content in files.items():
            path_of = folder / str(size) / name
            path_of.parent.mkdir(parents=True, exist_ok=True)
            path_of.write_bytes(content)
    (folder / "key").write_text(str(key.verifier))


def _proofs(size: int, leaves: list[bytes], tiles: dict[Tile, bytes]) -> dict[str, object]:
    some = sorted({0, 1, size // 3, size // 2, size - 2, size - 1} & set(range(size)))
    return {
        "inclusion": [
            {"index": index, "hashes": _base64(hashes_of(inclusion_ranges(index, size), tiles))} for index in some
        ],
        "consistency": [
            {
                "old": old,
                "root": b64encode(root_of(leaves[:old])).decode(),
                "hashes": _base64(hashes_of(consistency_ranges(old, size), tiles)),
            }
            for old in (index + 1 for index in some)
        ],
    }


def _base64(hashes: list[bytes]) -> list[str]:
    return [b64encode(one).decode() for one in hashes]


if __name__ == "__main__":
    write_logs(Path(sys.argv[1]))

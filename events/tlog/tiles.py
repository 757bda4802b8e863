"""Tiles (C2SP tlog-tiles): where a hash of the tree stands in them, and how they are called.

A tile has up to 256 hashes. Tile n at level l holds the roots of complete subtrees of 256^l entries each, from the
256·n-th. One that is not full yet grows to the right; its first hashes never change.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from events.tlog.merkle import HASH_BYTES, Range, Subtree, complete_hash, range_hash, subtrees

HEIGHT = 8
WIDTH = 1 << HEIGHT
MAX_LEVEL = 63

_LEVEL = re.compile(r"0|[1-9][0-9]?")
_NUMBER = re.compile(r"(?:x[0-9]{3}/)*[0-9]{3}")
_WIDTH = re.compile(r"[1-9][0-9]{0,2}")
_LONGEST = 128


class Tile(NamedTuple):
    """A tile of the tree, whatever its width."""

    level: int
    number: int


class DamagedTile(Exception):
    """A tile is not there, or has not the hashes that a tree of this size has."""

    def __init__(self, tile: Tile) -> None:
        super().__init__(f"tile {tile.level}/{tile.number}")
        self.tile = tile


class NotATile(ValueError):
    """No tile is called so."""


def width_of(tile: Tile, size: int) -> int:
    """How many hashes this tile has in a tree of `size`: 0 to 256."""
    return max(0, min(WIDTH, (size >> (HEIGHT * tile.level)) - tile.number * WIDTH))


def edge_of(size: int) -> list[Tile]:
    """The tiles of a tree that are not full, one for each level that has one, from the leaves up."""
    levels = range(max(1, (size.bit_length() + HEIGHT - 1) // HEIGHT))
    edge = [Tile(level, size >> (HEIGHT * (level + 1))) for level in levels]
    return [tile for tile in edge if width_of(tile, size)]


def tile_path(number: int, width: int = WIDTH) -> str:
    """The path below `tile/<level>/` or `tile/entries/`: `x001/x234/067`, or with `.p/112` when it is not full."""
    groups = [f"{number % 1000:03d}"]
    while number := number // 1000:
        groups.append(f"x{number % 1000:03d}")
    path = "/".join(reversed(groups))
    return path if width == WIDTH else f"{path}.p/{width}"


def parse_level(text: str) -> int:
    """A level from a path. Raises NotATile."""
    if not _LEVEL.fullmatch(text) or int(text) > MAX_LEVEL:
        raise NotATile(text)
    return int(text)


def parse_tile_path(text: str) -> tuple[int, int]:
    """Number and width from a path. Raises NotATile for all that `tile_path` would not have written."""
    path, partial, width = text.partition(".p/")
    if len(text) > _LONGEST or not _NUMBER.fullmatch(path) or (partial and not _WIDTH.fullmatch(width)):
        raise NotATile(text)
    number = int(path.replace("x", "").replace("/", ""))
    if tile_path(number, int(width) if partial else WIDTH) != text:
        raise NotATile(text)
    return number, int(width) if partial else WIDTH


def tiles_for(ranges: Sequence[Range]) -> set[Tile]:
    """The tiles that one needs for the hashes of these ranges."""
    return {_place(subtree)[0] for start, end in ranges for subtree in subtrees(start, end)}


def hashes_of(ranges: Sequence[Range], tiles: Mapping[Tile, bytes]) -> list[bytes]:
    """The hashes of these ranges, from their tiles. Raises DamagedTile where one is missing or too short."""

    def hash_of(subtree: Subtree) -> bytes:
        tile, first, count = _place(subtree)
        content = tiles.get(tile, b"")[first * HASH_BYTES : (first + count) * HASH_BYTES]
        if len(content) != count * HASH_BYTES:
            raise DamagedTile(tile)
        return complete_hash(split(content))

    return [range_hash(start, end, hash_of) for start, end in ranges]


def split(content: bytes) -> list[bytes]:
    """The hashes in a tile's bytes."""
    return [content[at : at + HASH_BYTES] for at in range(0, len(content), HASH_BYTES)]


def bundle(entries: Sequence[bytes]) -> bytes:
    """An entry bundle: each entry behind its length in two bytes, most significant first."""
    return b"".join(part for entry in entries for part in (len(entry).to_bytes(2, "big"), entry))


def _place(subtree: Subtree) -> tuple[Tile, int, int]:
    """The tile that has the hashes under a subtree's root, the first of them and their number."""
    level, height = divmod(subtree.height, HEIGHT)
    number, first = divmod(subtree.number << height, WIDTH)
    return Tile(level, number), first, 1 << height

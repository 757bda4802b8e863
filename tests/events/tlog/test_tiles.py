"""Tiles: they are the same however a tree grew, and are called as C2SP says."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.tlog.merkle import HASH_BYTES, leaf_hash, root_of
from events.tlog.tiles import (
    DamagedTile,
    NotATile,
    Tile,
    bundle,
    edge_of,
    hashes_of,
    parse_level,
    parse_tile_path,
    tile_path,
    width_of,
)
from events.tlog.tree import Tree

LEAVES = [leaf_hash(b"%d" % n) for n in range(70_000)]


class TestATreeThatGrows:
    @settings(max_examples=60, deadline=None)
    @given(st.lists(st.integers(0, 1_500), max_size=8))
    def test_has_the_same_tiles_in_any_batches(self, cuts: list[int]) -> None:
        _, at_once = Tree().grown(LEAVES[:1_500])
        tree, tiles = Tree(), dict[Tile, bytes]()
        for start, end in pairwise(sorted({0, *cuts, 1_500})):
            before = dict(tiles)
            tree, changed = tree.grown(LEAVES[start:end])
            tiles |= changed
            # Nothing that was there is ever changed: it only gets longer.
            assert all(tiles[tile].startswith(content) for tile, content in before.items())
            # And one that starts anew from the tiles goes on in the same way.
            tree = Tree.read(tree.size, tiles)
        assert tiles == at_once
        assert tree.root() == root_of(LEAVES[:1_500])

    def test_has_the_tiles_of_the_specifications_example(self) -> None:
        tree, tiles = Tree().grown(LEAVES)
        widths = [[len(content) // HASH_BYTES for tile, content in tiles.items() if tile.level == n] for n in range(4)]
        assert widths == [[256] * 273 + [112], [256, 17], [1], []]
        assert {tile: len(content) // HASH_BYTES for tile, content in tiles.items()} == {
            tile: width_of(tile, tree.size) for tile in tiles
        }
        assert tree.root() == root_of(LEAVES)

    @pytest.mark.parametrize(
        ("size", "edge"),
        [(0, []), (1, [(0, 0)]), (255, [(0, 0)]), (256, [(1, 0)]), (257, [(0, 1), (1, 0)]), (65_536, [(2, 0)])],
    )
    def test_needs_only_its_right_edge(self, size: int, edge: list[tuple[int, int]]) -> None:
        assert edge_of(size) == edge

    def test_does_not_grow_from_a_damaged_edge(self) -> None:
        _, tiles = Tree().grown(LEAVES[:300])
        for tile in edge_of(300):
            for content in (b"", tiles[tile][:-32], tiles[tile] + bytes(32)):
                with pytest.raises(DamagedTile):
                    Tree.read(300, tiles | {tile: content})

    def test_proves_nothing_from_tiles_that_are_not_there(self) -> None:
        _, tiles = Tree().grown(LEAVES[:300])
        with pytest.raises(DamagedTile, match="tile 0/1"):
            hashes_of([(256, 300)], {tile: content for tile, content in tiles.items() if tile != Tile(0, 1)})


class TestPaths:
    @pytest.mark.parametrize(
        ("number", "width", "path"),
        [
            (0, 256, "000"),
            (7, 12, "007.p/12"),
            (999, 256, "999"),
            (1_000, 256, "x001/000"),
            (1_234_067, 256, "x001/x234/067"),
            (1_234_067, 255, "x001/x234/067.p/255"),
        ],
    )
    def test_are_those_of_the_specification(self, number: int, width: int, path: str) -> None:
        assert tile_path(number, width) == path
        assert parse_tile_path(path) == (number, width)

    @given(st.integers(0, 2**55), st.integers(1, 256))
    def test_come_back(self, number: int, width: int) -> None:
        assert parse_tile_path(tile_path(number, width)) == (number, width)

    @pytest.mark.parametrize(
        "path",
        [
            *("", "0", "00", "0000", "x00", "x000", "x000/000", "x001", "001/000", "x001/x002", "X001/000", "1000"),
            *("000.p", "000.p/", "000.p/0", "000.p/256", "000.p/01", "000.p/1/", "000.p/-1", "000.p/+1", "000.p/1.p/1"),
            *("000/", "/000", "00\N{ARABIC-INDIC DIGIT THREE}", "000\n", "000.p/1\n", "x999/" * 40 + "000"),
        ],
    )
    def test_no_other_is_one(self, path: str) -> None:
        with pytest.raises(NotATile):
            parse_tile_path(path)

    @pytest.mark.parametrize("level", ["", "00", "01", "64", "-1", "+1", "1.0", "a", "1\n"])
    def test_nor_is_another_level(self, level: str) -> None:
        with pytest.raises(NotATile):
            parse_level(level)

    def test_levels_are_0_to_63(self) -> None:
        assert [parse_level(str(level)) for level in range(64)] == list(range(64))


def test_a_bundle_has_each_entry_behind_its_length() -> None:
    assert bundle([b"", b"ab", b"c" * 300]) == b"\x00\x00\x00\x02ab\x01\x2c" + b"c" * 300

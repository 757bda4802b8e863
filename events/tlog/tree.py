"""A tree that grows: its right edge in memory, and what of its tiles is new."""

from collections.abc import Mapping, Sequence

from events.tlog.merkle import HASH_BYTES, complete_hash, folded
from events.tlog.tiles import HEIGHT, WIDTH, DamagedTile, Tile, edge_of, split, width_of


class Tree:
    """A tree of `size` leaves as far as it is needed to grow: the hashes of the tiles that are not full, by level."""

    def __init__(self, size: int = 0, edge: Sequence[Sequence[bytes]] = ()) -> None:
        self.size = size
        self._edge = [list(hashes) for hashes in edge]

    @classmethod
    def read(cls, size: int, tiles: Mapping[Tile, bytes]) -> "Tree":
        """The tree of this size, from those of its tiles that are not full. Raises DamagedTile."""
        tree = cls(size)
        for tile in edge_of(size):
            content = tiles.get(tile, b"")
            if len(content) != width_of(tile, size) * HASH_BYTES:
                raise DamagedTile(tile)
            tree._level(tile.level).extend(split(content))
        return tree

    def grown(self, leaves: Sequence[bytes]) -> "tuple[Tree, dict[Tile, bytes]]":
        """The tree with these leaf hashes after its own, and each tile that is new or has grown, whole."""
        tree = Tree(self.size + len(leaves), self._edge)
        changed: dict[Tile, bytes] = {}
        tree._add(0, self.size, leaves, changed)
        return tree, changed

    def root(self) -> bytes:
        """The root hash."""
        peaks: list[bytes] = []
        for hashes in reversed(self._edge):
            at = 0
            for bit in reversed(range(HEIGHT)):
                if len(hashes) >> bit & 1:
                    peaks.append(complete_hash(hashes[at : at + (1 << bit)]))
                    at += 1 << bit
        return folded(peaks)

    def last_leaf(self) -> bytes | None:
        """The hash of the last leaf; None where it is in a tile that is full, or there is none."""
        return self._edge[0][-1] if self._edge and self._edge[0] else None

    def _add(self, level: int, count: int, hashes: Sequence[bytes], changed: dict[Tile, bytes]) -> None:
        """Hashes of one level after the `count` that it has."""
        edge = self._level(level)
        edge.extend(hashes)
        number = count // WIDTH
        above = []
        while len(edge) >= WIDTH:
            full = edge[:WIDTH]
            del edge[:WIDTH]
            changed[Tile(level, number)] = b"".join(full)
            above.append(complete_hash(full))
            number += 1
        if edge and hashes:
            changed[Tile(level, number)] = b"".join(edge)
        if above:
            self._add(level + 1, count // WIDTH, above, changed)

    def _level(self, level: int) -> list[bytes]:
        while len(self._edge) <= level:
            self._edge.append([])
        return self._edge[level]

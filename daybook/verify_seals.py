"""The seals held against the log, and against what is kept outside the database.

Every leaf is made again from the log, every tile from the leaves, the root at every checkpoint from the tiles. A tree
that was given up stands for a log that is no more: it is held against its own leaves.
"""

from bisect import bisect_left, bisect_right
from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import asyncpg

from daybook.finding import Finding, tallied
from daybook.replay import SQL, Tally
from daybook.settings import Settings
from events.leaf import NotSealable, entry_of
from events.log.reader import LogReader
from events.log.recorded import RecordedEvent
from events.tlog.checkpoint import Checkpoint
from events.tlog.merkle import HASH_BYTES, leaf_hash
from events.tlog.note import InvalidKey, InvalidNote, SigningKey, VerifierKey
from events.tlog.offline import opened_checkpoint
from events.tlog.tiles import WIDTH, Tile, split, width_of
from events.tlog.tree import Tree
from projections.kept_seals import KeptSeal, KeptSeals
from projections.sealed_tree import SealsRefused, check_continues, read_sealed_tree, read_tiles

_CHUNK = 16 * WIDTH
_NO_LEAF = bytes(HASH_BYTES)
"""Stands for an event that is not there, or of which no entry can be made. No entry has this hash."""


class Outside(NamedTuple):
    """What we know of the seals without the database, from before we looked there.

    `seed`: the key that signs, where this process has it. `kept`: tenant → what is kept, in `folder`.
    """

    seed: bytes | None
    folder: KeptSeals
    kept: Mapping[str, KeptSeal]


def read_outside(settings: Settings) -> Outside:
    """Read it."""
    folder = KeptSeals(settings.seal_folder)
    try:
        found = {tenant: seal for tenant in folder.tenants() if (seal := folder.last(tenant)) is not None}
    except OSError:
        found = {}  # which is said when it is read again
    return Outside(settings.seal_key, folder, found)


async def seal_findings(connection: asyncpg.Connection, tenant: str, outside: Outside) -> AsyncIterator[Finding]:
    """All checks of one tenant's seals, in the transaction that `connection` is in."""
    leaves, notes = Tally(), Tally()
    trees = [dict(row) for row in await connection.fetch(SQL.seal_origins, tenant)]
    for tree in trees:
        given_up = tree["number"] < trees[-1]["number"]
        recount = _Recount(connection, tenant, tree, leaves, notes, from_log=not given_up)
        await recount.run()
    for stray in await connection.fetch(SQL.stray_seals, tenant):
        leaves.fault(f"tree {stray['origin']}, which nobody began")
    yield tallied("seals", leaves, "leaves are what the log says" if len(trees) < 2 else "leaves, in all trees, hold")
    if trees and outside.seed is not None:
        last = trees[-1]
        if str(SigningKey(last["origin"], outside.seed).verifier) != last["verifier_key"]:
            notes.fault(f"the key of {last['origin']}, which is not SEAL_KEY")
    yield tallied("seal notes", notes, f"are signed, and of these leaves{_anew(trees)}")
    yield await _kept(connection, tenant, outside)


def _anew(trees: Sequence[Mapping[str, Any]]) -> str:
    """That an operator had to begin anew is always told, with the reason."""
    return "".join(f"; {tree['origin']} was begun because: {tree['reason']}" for tree in trees if tree["reason"])


async def _kept(connection: asyncpg.Connection, tenant: str, outside: Outside) -> Finding:
    try:
        sealed = await read_sealed_tree(connection, tenant)
        await check_continues(connection, tenant, sealed, outside.kept.get(tenant), outside.folder.last(tenant))
    except SealsRefused as error:
        return Finding("kept outside", False, str(error))
    except OSError as error:
        return Finding("kept outside", False, f"{outside.folder.folder} cannot be read: {error.strerror}")
    return Finding("kept outside", True, f"agrees, up to {sealed.kept_size}" if sealed.kept_size else "nothing yet")


class _Recount:
    """One tree, made again from its leaves."""

    def __init__(
        self,
        connection: asyncpg.Connection,
        tenant: str,
        tree: Mapping[str, Any],
        leaves: Tally,
        notes: Tally,
        *,
        from_log: bool,
    ) -> None:
        self._connection = connection
        self._tenant = tenant
        self._number: int = tree["number"]
        self._origin: str = tree["origin"]
        self._key: str = tree["verifier_key"]
        self._size: int = tree["size"]
        self._leaves = leaves
        self._notes = notes
        self._from_log = from_log

    async def run(self) -> None:
        """Compare everything, one chunk of leaves after another."""
        rows = await self._connection.fetch(SQL.seal_checkpoints, self._tenant, self._number)
        checkpoints = {row["size"]: dict(row) for row in rows}
        sizes = list(checkpoints)
        tree = Tree()
        upper: dict[Tile, bytes] = {}
        for start in range(0, self._size, _CHUNK):
            leaves = await self._chunk(start, min(_CHUNK, self._size - start))
            ends = sizes[bisect_right(sizes, start) : bisect_left(sizes, start + len(leaves))]
            for one, other in pairwise([start, *ends, start + len(leaves)]):
                tree, changed = tree.grown(leaves[one - start : other - start])
                upper |= {tile: content for tile, content in changed.items() if tile.level}
                if tree.size in checkpoints:
                    self._check_note(checkpoints[tree.size], tree.root())
        await self._compare_upper(upper)
        for stray in await self._connection.fetch(SQL.stray_tiles, self._tenant, self._number, self._size):
            self._leaves.fault(f"tile {stray['level']}/{stray['number']}, which is beyond the tree")

    async def _chunk(self, start: int, count: int) -> list[bytes]:
        """The next leaves, from the log; or, where that is no more, as they are stored."""
        numbers = range(start // WIDTH, (start + count + WIDTH - 1) // WIDTH)
        tiles = await read_tiles(self._connection, self._tenant, self._number, [Tile(0, number) for number in numbers])
        stored = []
        for number in numbers:
            tile = Tile(0, number)
            width = width_of(tile, self._size)
            content = tiles.get(tile, b"")
            if len(content) != width * HASH_BYTES:
                self._leaves.fault(f"tile 0/{number}, which has not {width} hashes")
            stored += (split(content) + [_NO_LEAF] * width)[:width]
        computed = await self._from_the_log(start, count) if self._from_log else stored
        for at, (leaf, sealed) in enumerate(zip(computed, stored, strict=True), start + 1):
            self._leaves.count(f"position {at}", right=leaf == sealed)
        return computed

    async def _from_the_log(self, start: int, count: int) -> list[bytes]:
        events = await LogReader(self._connection, self._tenant).after(start, count, until=start + count)
        found = {event.position: event for event in events}
        return [self._leaf(found.get(position)) for position in range(start + 1, start + count + 1)]

    def _leaf(self, event: RecordedEvent | None) -> bytes:
        try:
            return _NO_LEAF if event is None else leaf_hash(entry_of(self._tenant, event))
        except (NotSealable, ValueError, OverflowError):
            return _NO_LEAF

    def _check_note(self, row: Mapping[str, Any], root: bytes) -> None:
        size = row["size"]
        try:
            checkpoint = opened_checkpoint(row["note"], [VerifierKey.parse(self._key)])
        except (InvalidNote, InvalidKey) as error:
            self._notes.count(f"{self._origin} at {size}: {error}", right=False)
            return
        right = checkpoint == Checkpoint(self._origin, size, row["root"]) and root == row["root"]
        self._notes.count(f"{self._origin} at {size}", right=right)

    async def _compare_upper(self, upper: Mapping[Tile, bytes]) -> None:
        tiles = list(upper)
        for at in range(0, len(tiles), WIDTH):
            stored = await read_tiles(self._connection, self._tenant, self._number, tiles[at : at + WIDTH])
            for tile in tiles[at : at + WIDTH]:
                if stored.get(tile) != upper[tile]:
                    self._leaves.fault(f"tile {tile.level}/{tile.number}")

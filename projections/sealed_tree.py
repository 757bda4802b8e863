"""A tenant's sealed tree as the database has it, and whether it continues what is kept outside.

Nothing is signed before that is shown. An older backup that was restored, positions that were used again, a database
that somebody exchanged: each would have us sign a second history of what was sealed already.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from events.log.database import Database
from events.tlog.checkpoint import Checkpoint
from events.tlog.note import InvalidKey, InvalidNote, Note, VerifierKey
from events.tlog.tiles import DamagedTile, Tile, edge_of, hashes_of, tiles_for
from events.tlog.tree import Tree
from projections.checkpoints import SQL
from projections.kept_seals import KeptSeal
from projections.projection import StandsStill


class SealsRefused(StandsStill):
    """The tree does not continue what was sealed. Nothing is signed before that is mended, or a tree begun anew."""


@dataclass(frozen=True, slots=True)
class SealedTree:
    """A tenant's last tree. `number` 0: there is none yet.

    `note`: its last checkpoint, signed; `kept_size`: the size of the last one that was kept outside, and so may have
    been shown to somebody.
    """

    number: int
    origin: str
    verifier_key: str
    tree: Tree
    note: str | None = None
    kept_size: int = 0

    @property
    def size(self) -> int:
        """How many events are sealed."""
        return self.tree.size


NO_TREE = SealedTree(0, "", "", Tree())


async def read_sealed_tree(db: Database, tenant: str) -> SealedTree:
    """The last tree as it stands in the database. Raises SealsRefused when its parts do not fit together."""
    origin = await db.fetchrow(SQL.read_origin, tenant)
    if origin is None:
        return NO_TREE
    number = origin["number"]
    last = await db.fetchrow(SQL.read_last_seal, tenant, number)
    if last is None:
        return SealedTree(number, origin["origin"], origin["verifier_key"], Tree())
    try:
        tree = Tree.read(last["size"], await read_tiles(db, tenant, number, edge_of(last["size"])))
    except DamagedTile as error:
        raise SealsRefused(f"{error} has not what a tree of {last['size']} events has") from None
    if tree.root() != last["root"]:
        raise SealsRefused(f"the tiles and the checkpoint of {last['size']} events do not agree")
    return SealedTree(number, origin["origin"], origin["verifier_key"], tree, last["note"], int(last["kept_size"] or 0))


async def read_tiles(db: Database, tenant: str, number: int, tiles: Iterable[Tile]) -> dict[Tile, bytes]:
    """Those of these tiles that are there, whole."""
    wanted = list(tiles)
    rows = await db.fetch(
        SQL.read_seal_tiles, tenant, number, [tile.level for tile in wanted], [tile.number for tile in wanted]
    )
    return {Tile(row["level"], row["number"]): row["hashes"] for row in rows}


async def check_continues(
    db: Database, tenant: str, sealed: SealedTree, kept: KeptSeal | None, later: KeptSeal | None
) -> None:
    """Whether the tree continues what is kept outside. Raises SealsRefused.

    `kept`: read before the tree was, `later`: after it. Who only looks on may be overtaken in between; for who holds
    the checkpoint they are the same.
    """
    if sealed.kept_size and (later is None or later.number < sealed.number):
        raise SealsRefused(f"{sealed.kept_size} events were sealed, and what was kept of that outside is gone")
    size = _opened(sealed, later).size if later is not None and later.number == sealed.number else sealed.kept_size
    if size < sealed.kept_size:
        raise SealsRefused(
            f"{sealed.kept_size} events were sealed, and what is kept outside is of {size} only: "
            "somebody has put an older file there"
        )
    if kept is None or kept.number < sealed.number:
        return
    if kept.number > sealed.number:
        raise SealsRefused(
            f"tree {kept.number} is kept outside, and the database has only {sealed.number or 'none'}: "
            "is it an older backup?"
        )
    checkpoint = _opened(sealed, kept)
    if checkpoint.size > sealed.size:
        raise SealsRefused(
            f"{checkpoint.size} events are sealed by what is kept outside, and the database has sealed only "
            f"{sealed.size}: is it an older backup?"
        )
    if await _root_at(db, tenant, sealed, checkpoint.size) != checkpoint.root:
        raise SealsRefused(
            f"the first {checkpoint.size} events are not those that were sealed: positions were used again, "
            "or the seals were changed"
        )


def _opened(sealed: SealedTree, kept: KeptSeal) -> Checkpoint:
    try:
        note = Note.parse(kept.note)
        note.require([VerifierKey.parse(sealed.verifier_key)])
        checkpoint = Checkpoint.parse(note.text)
    except (InvalidNote, InvalidKey) as error:
        raise SealsRefused(f"what is kept outside is no checkpoint of this tree: {error}") from None
    if checkpoint.origin != sealed.origin:
        raise SealsRefused(f"what is kept outside is of {checkpoint.origin}, and not of {sealed.origin}")
    return checkpoint


async def _root_at(db: Database, tenant: str, sealed: SealedTree, size: int) -> bytes | None:
    """The root of the tree when it had this size; None where its tiles are damaged."""
    if size == sealed.size:
        return sealed.tree.root()
    ranges = [(0, size)]
    try:
        return hashes_of(ranges, await read_tiles(db, tenant, sealed.number, tiles_for(ranges)))[0]
    except DamagedTile:
        return None

"""The seals on what is exported: the checkpoint that covers it, and the leaf hashes under it."""

import asyncio
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import asyncpg

from daybook.export_files import Target
from daybook.manifest import LeavesFile
from daybook.model_digests import SQL
from events.tlog.merkle import HASH_BYTES
from events.tlog.tiles import WIDTH, Tile
from projections.sealed_tree import read_tiles

LEAVES = "leaves.bin"
_TILES = 512
"""Tiles that are read at once: 4 MiB."""


class Seal(NamedTuple):
    """A signed checkpoint of a tenant's tree of this number, over the first `size` events."""

    number: int
    size: int
    note: str


async def seal_on(connection: asyncpg.Connection, tenant: str, last: int) -> Seal | None:
    """The last seal under which there is no event after position `last`; None: nothing is sealed yet."""
    row = await connection.fetchrow(SQL.last_seal, tenant, last)
    return None if row is None else Seal(*row)


async def write_leaves(pool: asyncpg.Pool, tenant: str, folder: Path, seal: Seal) -> LeavesFile:
    """Write the leaf hashes under a seal. Raises OSError, and ValueError where some are not there."""
    target = Target(folder / LEAVES, sha256())
    try:
        tiles = -(-seal.size // WIDTH)
        for first in range(0, tiles, _TILES):
            wanted = [Tile(0, number) for number in range(first, min(first + _TILES, tiles))]
            found = await read_tiles(pool, tenant, seal.number, wanted)
            hashes = b"".join(found.get(tile, b"") for tile in wanted)
            due = min((first + len(wanted)) * WIDTH, seal.size) - first * WIDTH
            if len(hashes) < due * HASH_BYTES:
                raise ValueError(f"tiles of the seals are missing, from 0/{first} on")
            # The last tile may have grown on since.
            target.write(hashes[: due * HASH_BYTES])
        await asyncio.to_thread(target.finish)
    except BaseException:
        target.abandon()
        raise
    return LeavesFile(name=LEAVES, sha256=target.sha256.hexdigest())

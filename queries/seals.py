"""The seals as they are published: the last checkpoint that is kept outside, and what is under it.

Nothing beyond that checkpoint is shown, for it might still be lost.
"""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

import asyncpg

from events.leaf import entry_of
from events.log.reader import LogReader
from events.tlog.merkle import HASH_BYTES, Range, consistency_ranges, inclusion_ranges
from events.tlog.tiles import WIDTH, DamagedTile, Tile, bundle, hashes_of, tiles_for, width_of
from queries.consistency import SQL


class NothingSealed(Exception):
    """No event of the shop is sealed yet."""


class NotYetSealed(Exception):
    """What was asked for will be under the next checkpoint, and is under none yet."""


class PublishedSeal(NamedTuple):
    """A checkpoint that may be shown: of the first `size` events; `note`: signed, as it is given out."""

    number: int
    origin: str
    size: int
    root: bytes
    note: str


async def published_seal(db: asyncpg.Pool, tenant: str, *, covering: int = 0, patience: float = 3.0) -> PublishedSeal:
    """The last checkpoint, waited for until it covers this position. Raises NothingSealed, NotYetSealed."""
    deadline = asyncio.get_running_loop().time() + patience
    while True:
        row = await db.fetchrow(SQL.read_published_seal, tenant)
        if row is None and not covering:
            raise NothingSealed
        if row is not None and row["size"] >= covering:
            return PublishedSeal(**row)
        if asyncio.get_running_loop().time() > deadline:
            raise NotYetSealed
        await asyncio.sleep(0.05)


async def read_tile(db: asyncpg.Pool, tenant: str, seal: PublishedSeal, tile: Tile, width: int) -> bytes | None:
    """The first `width` hashes of a tile; None where the sealed tree has not so many there. Raises DamagedTile."""
    if not 0 < width <= width_of(tile, seal.size):
        return None
    content: bytes = (
        await db.fetchval(SQL.read_tile, tenant, seal.number, tile.level, tile.number, width * HASH_BYTES) or b""
    )
    if len(content) != width * HASH_BYTES:
        raise DamagedTile(tile)
    return content


async def read_bundle(reader: LogReader, seal: PublishedSeal, number: int, width: int) -> bytes | None:
    """The entries under the first `width` leaves of a tile, made from the log; None as in `read_tile`."""
    if not 0 < width <= width_of(Tile(0, number), seal.size):
        return None
    first = number * WIDTH
    events = await reader.after(first, width, until=first + width)
    return bundle([entry_of(reader.tenant, event) for event in events])


async def inclusion_proof(db: asyncpg.Pool, tenant: str, seal: PublishedSeal, index: int, size: int) -> list[bytes]:
    """That the event at position `index + 1` is in the tree of `size`. Raises ValueError where there is none."""
    return await _proof(db, tenant, seal, inclusion_ranges(index, size), size)


async def consistency_proof(db: asyncpg.Pool, tenant: str, seal: PublishedSeal, old: int, new: int) -> list[bytes]:
    """That the tree of size `new` continues that of size `old`. Raises ValueError where there are none."""
    return await _proof(db, tenant, seal, consistency_ranges(old, new), new)


async def verifier_keys(db: asyncpg.Pool, tenant: str) -> list[str]:
    """The keys of the tenant's trees, the last one's first."""
    return [row["verifier_key"] for row in await db.fetch(SQL.read_verifier_keys, tenant)]


async def _proof(db: asyncpg.Pool, tenant: str, seal: PublishedSeal, ranges: Sequence[Range], size: int) -> list[bytes]:
    if size > seal.size:
        raise ValueError("the tree is not sealed so far")
    wanted = list(tiles_for(ranges))
    rows = await db.fetch(
        SQL.read_tiles, tenant, seal.number, [tile.level for tile in wanted], [tile.number for tile in wanted]
    )
    return hashes_of(ranges, {Tile(row["level"], row["number"]): row["hashes"] for row in rows})

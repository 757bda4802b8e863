"""Sealing: a Merkle tree over the log, grown off the append path, and signed.

    1  tiles, signed checkpoint and the projection's own checkpoint in one transaction
    2  the signed checkpoint is kept outside the database
    3  it is marked as kept: only now is it shown to anybody

Cut off anywhere, the next one to begin does what is left. So nothing that was published is ahead of what is kept, and
what is kept is never ahead of the database but when that was set back.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import asyncpg
import structlog

from events.leaf import NotSealable, leaves_of
from events.log.database import Connection, Database
from events.log.reader import END, LogReader
from events.log.recorded import RecordedEvent
from events.tlog.checkpoint import Checkpoint
from events.tlog.note import SigningKey
from events.tlog.tiles import WIDTH, Tile, split
from projections.checkpoints import SQL, CheckpointMoved, move_checkpoint, read_checkpoint
from projections.feed import Feed
from projections.kept_seals import KeptSeal, KeptSeals
from projections.runner import Leadership, Pacer, Runner
from projections.sealed_tree import NO_TREE, SealedTree, SealsRefused, check_continues, read_sealed_tree, read_tiles

log = structlog.get_logger("sealing")


class Sealer:
    """What seals: the key, the name of the logs, and the folder where checkpoints are kept."""

    def __init__(self, seed: bytes, origin: str, folder: Path) -> None:
        """`seed`: the Ed25519 key, 32 bytes. `origin`: what a tenant's origin begins with, a URL without scheme."""
        self._seed = seed
        self._origin = origin
        self.kept = KeptSeals(folder)

    def key(self, origin: str) -> SigningKey:
        """The key under the name of a tree."""
        return SigningKey(origin, self._seed)

    def origin(self, tenant: str, number: int = 1) -> str:
        """The name of a tenant's tree."""
        return f"{self._origin}/{tenant}" if number == 1 else f"{self._origin}/{tenant}/{number}"


class SealingProjection:
    """Seals what it is handed. It never parks: an event that it left out could never be sealed again."""

    name = "sealing"
    version = 1
    tables: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()
    parks = False
    writes = True

    def __init__(self, tenant: str, sealer: Sealer, pool: asyncpg.Pool) -> None:
        """`pool`: its commits must be on the disk, for what is kept outside follows them."""
        self._tenant = tenant
        self._sealer = sealer
        self._pool = pool
        self._sealed: SealedTree | None = None
        self._signed: SealedTree | None = None

    async def resume(self) -> None:
        """Do what was left when the last one was cut off. Raises SealsRefused."""
        self._sealed = self._signed = None
        self._sealed = await self._published(await self.examine())

    async def examine(self) -> SealedTree:
        """The tree, if it may go on; also for who only looks on. Raises SealsRefused."""
        kept = self._kept()
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            sealed = await read_sealed_tree(connection, self._tenant)
            self._check_key(sealed)
            await check_continues(connection, self._tenant, sealed, kept, self._kept())
            await self._check_log(connection, sealed)
        return sealed

    async def apply(self, transaction: Connection, events: Sequence[RecordedEvent]) -> None:
        """Grow the tree by these events and sign it. Raises SealsRefused, and writes nothing then."""
        before = events[0].position - 1
        sealed = self._sealed
        if sealed is None or sealed.size != before:
            sealed = await read_sealed_tree(transaction, self._tenant)
        if sealed.size != before:
            raise SealsRefused(f"{sealed.size} events are sealed, and those after {before} are to be sealed next")
        self._check_key(sealed)
        kept = self._kept()
        await check_continues(transaction, self._tenant, sealed, kept, kept)
        if sealed.number == NO_TREE.number:
            sealed = await begin_tree(transaction, self._tenant, self._sealer, 1, None)
        key = self._sealer.key(sealed.origin)
        tree, changed = sealed.tree.grown(self._leaves(events))
        root = tree.root()
        note = key.sign(Checkpoint(sealed.origin, tree.size, root).text())
        await transaction.execute(
            SQL.write_seal_tiles,
            *(self._tenant, sealed.number, [tile.level for tile in changed], [tile.number for tile in changed]),
            list(changed.values()),
        )
        await transaction.execute(SQL.add_seal, self._tenant, sealed.number, tree.size, root, note)
        self._signed = replace(sealed, tree=tree, note=note)

    async def applied(self, events: Sequence[RecordedEvent]) -> None:
        """Keep what was signed outside, and then let it be shown."""
        if self._signed is not None:
            self._sealed = await self._published(self._signed)

    def _leaves(self, events: Sequence[RecordedEvent]) -> list[bytes]:
        try:
            return leaves_of(self._tenant, events)
        except NotSealable as error:
            raise SealsRefused(str(error)) from None

    async def _published(self, sealed: SealedTree) -> SealedTree:
        if sealed.note is None or sealed.kept_size == sealed.size:
            return sealed
        try:
            self._sealer.kept.keep(self._tenant, sealed.number, sealed.note)
        except OSError as error:
            raise SealsRefused(f"a checkpoint cannot be kept in {self._sealer.kept.folder}: {error.strerror}") from None
        await self._pool.execute(SQL.mark_seals_kept, self._tenant, sealed.number, sealed.size)
        return replace(sealed, kept_size=sealed.size)

    def _check_key(self, sealed: SealedTree) -> None:
        if sealed.number and str(self._sealer.key(sealed.origin).verifier) != sealed.verifier_key:
            raise SealsRefused(f"SEAL_KEY is not the key of {sealed.origin}")

    def _kept(self) -> KeptSeal | None:
        try:
            return self._sealer.kept.last(self._tenant)
        except OSError as error:
            raise SealsRefused(f"{self._sealer.kept.folder} cannot be read: {error.strerror}") from None

    async def _check_log(self, db: Database, sealed: SealedTree) -> None:
        """Whether the log is as long as the tree, and its last sealed event is the one that was sealed."""
        if not sealed.size:
            return
        reader = LogReader(db, self._tenant)
        if (head := await reader.head()) < sealed.size:
            raise SealsRefused(f"{sealed.size} events are sealed, and the log has only {head}")
        at, within = divmod(sealed.size - 1, WIDTH)
        tiles = await read_tiles(db, self._tenant, sealed.number, [Tile(0, at)])
        last = await reader.after(sealed.size - 1, 1, until=sealed.size)
        if self._leaves(last) != split(tiles.get(Tile(0, at), b""))[within : within + 1]:
            raise SealsRefused(f"the event at position {sealed.size} is not the one that was sealed")


class SealingRunner(Runner):
    """Runs the sealing: before it goes on, what the last one left is done."""

    def __init__(
        self,
        tenant: str,
        projection: SealingProjection,
        pool: asyncpg.Pool,
        feed: Feed,
        leadership: Leadership,
        *,
        batch: int = 4_096,
        every: float = 1.0,
        pace: Pacer | None = None,
    ) -> None:
        """`every`: seconds between two checkpoints at least, unless a batch is full."""
        super().__init__(tenant, projection, pool, feed, leadership, batch=batch, rest=every, pace=pace)
        self._sealing = projection

    async def _begin(self) -> None:
        await super()._begin()
        await self._sealing.resume()

    async def _step(self, until: int = END) -> int:
        """Also while nothing happens it is noticed that the database was set back, or a tree begun anew."""
        applied = await super()._step(until)
        if not applied and await read_checkpoint(self._pool, self.tenant, self.projection.name) != self.position:
            raise CheckpointMoved(self.projection.name)
        return applied


async def begin_tree(
    transaction: Connection, tenant: str, sealer: Sealer, number: int, reason: str | None
) -> SealedTree:
    """Write down that a tree is begun."""
    origin = sealer.origin(tenant, number)
    key = str(sealer.key(origin).verifier)
    await transaction.execute(SQL.add_origin, tenant, number, origin, key, reason)
    return replace(NO_TREE, number=number, origin=origin, verifier_key=key)


async def begin_anew(pool: asyncpg.Pool, tenant: str, sealer: Sealer, reason: str) -> SealedTree:
    """Begin a new tree over the whole log as it is now; what was sealed before stays as it is.

    Raises CheckpointMoved when a sealer is at work just now, OSError when the folder cannot be read, and LookupError
    where nothing was sealed yet.
    """
    kept = sealer.kept.last(tenant)
    async with pool.acquire() as connection, connection.transaction():
        position = await read_checkpoint(connection, tenant, SealingProjection.name)
        await move_checkpoint(connection, tenant, SealingProjection.name, position, 0)
        origin = await connection.fetchrow(SQL.read_origin, tenant)
        number = max(0 if origin is None else origin["number"], 0 if kept is None else kept.number)
        if not number:
            raise LookupError(tenant)
        begun = await begin_tree(connection, tenant, sealer, number + 1, reason)
    log.warning("a new tree is begun", tenant=tenant, origin=begun.origin, reason=reason)
    return begun

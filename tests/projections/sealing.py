"""A shop whose log is sealed, with a folder outside the database, and whatever may happen to either."""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg

from events.leaf import leaves_of
from events.log.append import NewEvent
from events.log.reader import LogReader
from events.tlog.checkpoint import Checkpoint
from events.tlog.note import VerifierKey
from events.tlog.offline import opened_checkpoint
from events.tlog.tiles import Tile
from events.tlog.tree import Tree
from projections.feed import Feed
from projections.sealing import Sealer, SealingProjection, SealingRunner
from queries.seals import published_seal
from tests.projections.book import Book, EveryoneLeads

SEED = bytes(range(32, 64))
ORIGIN = "shop.example"


class SealedBook:
    """A book and its sealer."""

    def __init__(self, book: Book, folder: Path) -> None:
        self.book = book
        self.folder = folder
        self.sealer = Sealer(SEED, ORIGIN, folder)

    def runner(self, *, batch: int = 4_096, sealer: Sealer | None = None) -> SealingRunner:
        """A sealer as a process that starts now has it."""
        tenant, pool = self.book.tenant, self.book.pool
        projection = SealingProjection(tenant, sealer or self.sealer, pool)
        return SealingRunner(
            *(tenant, projection, pool, Feed(LogReader(pool, tenant)), EveryoneLeads()), batch=batch, every=0.01
        )

    async def appends(self, count: int) -> int:
        """So many events; answers the position of the last."""
        return await self.book.append_events(
            *(NewEvent(uuid4(), 1, "CustomerAdded", 1, b'{"n":%d}' % n) for n in range(count))
        )

    async def seals(self, **options: Any) -> int:
        """Seal all that is there; answers how much that is."""
        return await self.runner(**options).catch_up()

    def kept(self, number: int = 1) -> Path:
        """The file outside."""
        return self.folder / f"{self.book.tenant}.{number}.checkpoint"

    def kept_checkpoint(self, number: int = 1) -> Checkpoint:
        """What is kept outside, whose signature holds."""
        key = self.sealer.key(self.sealer.origin(self.book.tenant, number)).verifier
        return opened_checkpoint(self.kept(number).read_text(), [key])

    async def tiles(self, number: int = 1) -> dict[Tile, bytes]:
        """The tiles in the database."""
        rows = await self.book.rows(
            "SELECT level, number, hashes FROM seal_tiles WHERE tenant_id = $1 AND origin = $2", number
        )
        return {Tile(level, at): hashes for level, at, hashes in rows}

    async def checkpoints(self, number: int = 1) -> list[tuple[int, bool]]:
        """Sizes of the checkpoints in the database, and whether each is kept."""
        rows = await self.book.rows(
            "SELECT size, kept FROM seal_checkpoints WHERE tenant_id = $1 AND origin = $2 ORDER BY size", number
        )
        return [(size, kept) for size, kept in rows]

    async def then_published(self, size: int) -> None:
        """This is what anybody is shown."""
        seal = await published_seal(self.book.pool, self.book.tenant)
        assert seal.size == size

    async def then_sealed(self, size: int, number: int = 1) -> None:
        """Exactly the first `size` events are sealed, kept outside and published, as the log has them."""
        events = await LogReader(self.book.pool, self.book.tenant).after(0, size)
        assert len(events) == size
        tree, tiles = Tree().grown(leaves_of(self.book.tenant, events))
        assert await self.tiles(number) == tiles
        expected = Checkpoint(self.sealer.origin(self.book.tenant, number), size, tree.root())
        assert self.kept_checkpoint(number) == expected
        rows = await self.book.rows(
            "SELECT note, kept, size FROM seal_checkpoints WHERE tenant_id = $1 AND origin = $2 ORDER BY size", number
        )
        key = VerifierKey.parse(str(self.sealer.key(expected.origin).verifier))
        assert opened_checkpoint(rows[-1][0], [key]) == expected
        assert all(kept for _, kept, _ in rows)
        assert len({size for _, _, size in rows}) == len(rows)


class Cut:
    """Runs a coroutine, and cuts it off where it waits for the `at`-th time (from 0)."""

    def __init__(self, at: int) -> None:
        self._at = at
        self._waits = 0

    async def __call__(self, work: Callable[[], Awaitable[Any]]) -> bool:
        """Whether it came to its end."""
        try:
            await _Cutting(self, work())
        except asyncio.CancelledError:
            return False
        return True

    def due(self) -> bool:
        """Called where it waits."""
        self._waits += 1
        return self._waits == self._at + 1


class _Cutting:
    """Awaits as the other would, and cancels what it waits for when the cut is due, as the end of a task does."""

    def __init__(self, cut: Cut, work: Awaitable[Any]) -> None:
        self._cut = cut
        self._work = work

    def __await__(self) -> Generator[Any, Any, Any]:
        steps = self._work.__await__()
        thrown: BaseException | None = None
        while True:
            try:
                waited = steps.send(None) if thrown is None else steps.throw(thrown)
            except StopIteration as end:
                return end.value
            thrown = None
            if self._cut.due():
                if waited is None:
                    thrown = asyncio.CancelledError()
                    continue
                waited.cancel()
            try:
                yield waited
            except BaseException as error:
                thrown = error


TABLES = ("events", "seal_tiles", "seal_checkpoints", "seal_origins", "log_heads", "checkpoints")


class Backup:
    """The log and its seals as they were when it was taken. The owner alone can restore it."""

    def __init__(self, owner: asyncpg.Connection) -> None:
        self._owner = owner

    async def take(self) -> None:
        for table in TABLES:
            await self._owner.execute(f"CREATE TABLE was_{table} AS TABLE {table}")

    async def restore(self, *tables: str) -> None:
        """All of these tables, or all that were backed up."""
        async with self._owner.transaction():
            await self._owner.execute("SET LOCAL session_replication_role = replica")
            for table in tables or TABLES:
                await self._owner.execute(f"DELETE FROM {table}; INSERT INTO {table} TABLE was_{table}")  # noqa: S608

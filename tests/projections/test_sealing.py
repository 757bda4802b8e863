"""Sealing: each event once and in order, wherever it is cut off."""

import asyncio
from itertools import pairwise
from pathlib import Path

import asyncpg
import pytest

from events.tlog.merkle import consistency_ranges, verify_consistency
from events.tlog.tiles import hashes_of
from projections.checkpoints import read_checkpoint
from projections.kept_seals import KeptSeals
from projections.sealing import Sealer
from tests.projections.book import Book
from tests.projections.eventually import eventually
from tests.projections.sealing import ORIGIN, SEED, Backup, Cut, SealedBook


@pytest.fixture
def sealed(book: Book, tmp_path: Path) -> SealedBook:
    return SealedBook(book, tmp_path / "seals")


@pytest.fixture
def own(own_book: Book, tmp_path: Path) -> SealedBook:
    """In a database of its own, whose owner may do anything to it."""
    return SealedBook(own_book, tmp_path / "seals")


@pytest.fixture
async def backup(own: SealedBook, owner: asyncpg.Connection) -> Backup:
    return Backup(owner)


class Dying(KeptSeals):
    """Is cut off before it keeps anything, or after."""

    def __init__(self, folder: Path, *, before: bool) -> None:
        super().__init__(folder)
        self._before = before

    def keep(self, tenant: str, number: int, note: str) -> None:
        if not self._before:
            super().keep(tenant, number, note)
        raise asyncio.CancelledError


class TestSealing:
    async def test_what_was_appended_is_sealed_kept_and_published(self, sealed: SealedBook) -> None:
        position = await sealed.appends(3)
        assert await sealed.seals() == position == 3
        await sealed.then_sealed(3)
        assert await sealed.checkpoints() == [(3, True)]

    @pytest.mark.parametrize("batch", [1, 7, 256, 4_096])
    async def test_batches_make_no_difference(self, sealed: SealedBook, batch: int) -> None:
        count = {1: 10, 7: 60}.get(batch, 300)
        await sealed.appends(count)
        await sealed.seals(batch=batch)
        await sealed.then_sealed(count)

    async def test_one_that_starts_anew_goes_on(self, sealed: SealedBook) -> None:
        for size in (250, 260, 515):
            await sealed.appends(size - await read_checkpoint(sealed.book.pool, sealed.book.tenant, "sealing"))
            await sealed.seals()
            await sealed.then_sealed(size)

    async def test_nothing_new_makes_no_new_checkpoint(self, sealed: SealedBook) -> None:
        await sealed.appends(2)
        await sealed.seals()
        await sealed.seals()
        assert await sealed.checkpoints() == [(2, True)]

    async def test_every_checkpoint_continues_the_one_before(self, sealed: SealedBook) -> None:
        for _ in range(6):
            await sealed.appends(60)
            await sealed.seals()
        tiles = await sealed.tiles()
        roots = await sealed.book.rows("SELECT size, root FROM seal_checkpoints WHERE tenant_id = $1 ORDER BY size")
        assert [size for size, _ in roots] == [60, 120, 180, 240, 300, 360]
        for (old, old_root), (new, new_root) in pairwise(roots):
            verify_consistency(old, new, hashes_of(consistency_ranges(old, new), tiles), old_root, new_root)

    async def test_two_at_once_seal_each_event_once(self, sealed: SealedBook) -> None:
        runners = [asyncio.create_task(sealed.runner(batch=5).run()) for _ in range(3)]
        try:
            for _ in range(15):
                await sealed.appends(4)
                await asyncio.sleep(0.005)

            async def all_kept() -> bool:
                return (60, True) in await sealed.checkpoints()

            await eventually(all_kept)
        finally:
            for runner in runners:
                runner.cancel()
            await asyncio.gather(*runners, return_exceptions=True)
        await sealed.then_sealed(60)

    async def test_two_shops_are_sealed_apart(self, sealed: SealedBook, own: SealedBook) -> None:
        await sealed.appends(2)
        await own.appends(3)
        await sealed.seals()
        await own.seals()
        await sealed.then_sealed(2)
        await own.then_sealed(3)


class TestCutOff:
    async def test_wherever_it_waits_the_next_one_goes_on(self, own: SealedBook) -> None:
        """Before the transaction, in it, between it and the file, between the file and the mark, and after."""
        size, at, ended = 0, 0, False
        seen = set()
        while not ended:
            size = await own.appends(3)
            ended = await Cut(at)(own.runner().catch_up)
            checkpoints = await own.checkpoints()
            published = max((size for size, kept in checkpoints if kept), default=0)
            kept = own.kept_checkpoint().size if own.kept().exists() else 0
            last = max((size for size, _ in checkpoints), default=0)
            assert published <= kept <= last <= size, "nothing that is shown is ahead of what is kept, nor that of us"
            seen.add((last == size, kept == size, published == size))
            assert await own.seals() == size
            await own.then_sealed(size)
            at += 1
        assert at > 10
        assert {(False, False, False), (True, True, True)} <= seen

    @pytest.mark.parametrize(("before", "kept"), [(True, 2), (False, 4)])
    async def test_around_the_file_the_next_one_goes_on(self, sealed: SealedBook, before: bool, kept: int) -> None:
        await sealed.appends(2)
        await sealed.seals()
        await sealed.appends(2)
        dying = Sealer(SEED, ORIGIN, sealed.folder)
        dying.kept = Dying(sealed.folder, before=before)
        with pytest.raises(asyncio.CancelledError):
            await sealed.seals(sealer=dying)
        assert await sealed.checkpoints() == [(2, True), (4, False)]
        assert sealed.kept_checkpoint().size == kept
        await sealed.then_published(2)
        # The next one has nothing new to seal, and ends what was begun.
        await sealed.seals()
        await sealed.then_sealed(4)

    async def test_a_batch_after_the_first_is_cut_off_in_no_other_way(self, own: SealedBook) -> None:
        at, ended = 0, False
        while not ended:
            size = await own.appends(6)
            runner = own.runner(batch=3)
            ended = await Cut(at)(runner.catch_up)
            await own.seals()
            await own.then_sealed(size)
            at += 5

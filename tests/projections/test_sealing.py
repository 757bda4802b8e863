"""Sealing: each event once and in order, wherever it is cut off, and never a second history of what was sealed."""

import asyncio
from itertools import pairwise
from pathlib import Path

import asyncpg
import pytest

from events.tlog.merkle import consistency_ranges, verify_consistency
from events.tlog.tiles import hashes_of
from projections.checkpoints import read_checkpoint
from projections.kept_seals import KeptSeals
from projections.sealed_tree import SealsRefused
from projections.sealing import Sealer, begin_anew
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
        count = 20 if batch == 1 else 300
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
            at += 3


class TestWhatIsKeptOutside:
    async def test_that_cannot_be_written_holds_it_up(self, sealed: SealedBook) -> None:
        sealed.folder.write_text("no folder")
        await sealed.appends(2)
        with pytest.raises(SealsRefused, match="cannot be kept"):
            await sealed.seals()
        assert await sealed.checkpoints() == [(2, False)], "nobody is shown it"
        await sealed.appends(1)
        with pytest.raises(SealsRefused, match="cannot be kept"):
            await sealed.seals()
        sealed.folder.unlink()
        await sealed.seals()
        await sealed.then_sealed(3)

    async def test_that_is_gone_is_refused(self, sealed: SealedBook) -> None:
        await sealed.appends(2)
        await sealed.seals()
        sealed.kept().unlink()
        await self._then_refused(sealed, "gone")

    async def test_that_is_ahead_is_refused(self, own: SealedBook, backup: Backup) -> None:
        """An older backup of the database was restored."""
        await own.appends(5)
        await own.seals()
        await backup.take()
        await own.appends(5)
        await own.seals()
        ahead = own.kept().read_text()
        await backup.restore()
        await self._then_refused(own, "older backup")
        # Also when the positions were used again, for more than was sealed.
        await own.appends(10)
        await self._then_refused(own, "older backup")
        assert own.kept().read_text() == ahead
        await own.then_published(5)

    async def test_of_before_anything_was_sealed_here_is_refused(self, own: SealedBook, backup: Backup) -> None:
        await backup.take()
        await own.appends(5)
        await own.seals()
        await backup.restore()
        await self._then_refused(own, "older backup")

    async def test_with_other_events_than_these_is_refused(self, own: SealedBook, backup: Backup) -> None:
        """Positions were used again, and sealed again where nobody saw what had been kept."""
        await backup.take()
        await own.appends(5)
        await own.seals()
        kept = own.kept().read_text()
        await backup.restore()
        own.kept().unlink()
        await own.appends(5)
        await own.seals()
        own.kept().write_text(kept)
        await self._then_refused(own, "not those that were sealed")

    async def test_does_not_help_when_only_the_log_was_set_back(self, own: SealedBook, backup: Backup) -> None:
        await own.appends(3)
        await backup.take()
        await own.appends(3)
        await own.seals()
        await backup.restore("events", "log_heads")
        with pytest.raises(SealsRefused, match="6 events are sealed, and the log has only 3"):
            await own.seals()
        await own.appends(3)
        await self._then_refused(own, "the event at position 6 is not the one that was sealed")

    async def test_that_was_set_back_alone_is_refused(self, sealed: SealedBook) -> None:
        await sealed.appends(2)
        await sealed.seals()
        older = sealed.kept().read_text()
        await sealed.appends(2)
        await sealed.seals()
        sealed.kept().write_text(older)
        await self._then_refused(sealed, "older file")

    @pytest.mark.parametrize("note", ["", "torn", "shop.example/x\n2\nAAAA\n\n— a AAAA\n"])
    async def test_that_is_damaged_is_refused(self, sealed: SealedBook, note: str) -> None:
        await sealed.appends(2)
        await sealed.seals()
        sealed.kept().write_text(note)
        await self._then_refused(sealed, "no checkpoint of this tree")

    async def test_of_another_key_is_refused(self, sealed: SealedBook) -> None:
        await sealed.appends(2)
        await sealed.seals()
        other = Sealer(bytes(32), ORIGIN, sealed.folder)
        await sealed.appends(2)
        with pytest.raises(SealsRefused, match="SEAL_KEY is not the key"):
            await sealed.seals(sealer=other)
        assert await sealed.checkpoints() == [(2, True)]

    async def test_gives_way_to_no_smaller_one(self, sealed: SealedBook) -> None:
        """A sealer that was asleep wakes up with what it meant to keep."""
        await sealed.appends(2)
        await sealed.seals()
        older = sealed.kept().read_text()
        await sealed.appends(2)
        await sealed.seals()
        sealed.sealer.kept.keep(sealed.book.tenant, 1, older)
        assert sealed.kept_checkpoint().size == 4

    async def _then_refused(self, sealed: SealedBook, why: str) -> None:
        """Nothing is signed or written, whatever there is to seal, and it is looked for again and again."""
        before = (await sealed.tiles(), await sealed.checkpoints())
        with pytest.raises(SealsRefused, match=why):
            await sealed.seals()
        await sealed.appends(3)
        for _ in range(2):
            with pytest.raises(SealsRefused, match=why):
                await sealed.seals()
        assert (await sealed.tiles(), await sealed.checkpoints()) == before


class TestBeginningAnew:
    async def test_seals_the_whole_log_under_another_name(self, own: SealedBook, backup: Backup) -> None:
        await own.appends(3)
        await own.seals()
        await backup.take()
        await own.appends(300)
        await own.seals()
        await backup.restore()
        await own.appends(2)
        kept, before = own.kept().read_text(), (await own.tiles(), await own.checkpoints())
        begun = await begin_anew(own.book.pool, own.book.tenant, own.sealer, "the disk was lost")
        assert begun.origin == f"{ORIGIN}/default/2"
        await own.seals()
        await own.then_sealed(5, number=2)
        await own.appends(1)
        await own.seals()
        await own.then_sealed(6, number=2)
        # What was sealed before stays, for whoever wants to know what became of it.
        assert own.kept().read_text() == kept
        assert (await own.tiles(), await own.checkpoints()) == before

    async def test_takes_a_number_that_no_tree_had(self, own: SealedBook, backup: Backup) -> None:
        """The second tree is not even in the backup that is restored."""
        await own.appends(3)
        await own.seals()
        await backup.take()
        await begin_anew(own.book.pool, own.book.tenant, own.sealer, "a test of it")
        await own.seals()
        await backup.restore()
        with pytest.raises(SealsRefused, match="tree 2 is kept outside, and the database has only 1"):
            await own.seals()
        begun = await begin_anew(own.book.pool, own.book.tenant, own.sealer, "the disk was lost")
        assert begun.number == 3
        await own.seals()
        await own.then_sealed(3, number=3)

    async def test_is_where_another_key_begins(self, sealed: SealedBook) -> None:
        await sealed.appends(2)
        await sealed.seals()
        sealed.sealer = Sealer(bytes(range(7, 39)), ORIGIN, sealed.folder)
        await begin_anew(sealed.book.pool, sealed.book.tenant, sealed.sealer, "the key was lost")
        await sealed.seals()
        await sealed.then_sealed(2, number=2)

    async def test_needs_something_that_was_sealed(self, sealed: SealedBook) -> None:
        with pytest.raises(LookupError):
            await begin_anew(sealed.book.pool, sealed.book.tenant, sealed.sealer, "why not")

    async def test_is_noticed_by_a_sealer_at_work(self, sealed: SealedBook) -> None:
        runner = asyncio.create_task(sealed.runner().run())
        try:
            await sealed.appends(2)
            await eventually(lambda: _published(sealed, 1, 2))
            await begin_anew(sealed.book.pool, sealed.book.tenant, sealed.sealer, "a test of it")
            await sealed.appends(2)
            await eventually(lambda: _published(sealed, 2, 4))
        finally:
            runner.cancel()
            await asyncio.wait((runner,))
        await sealed.then_sealed(4, number=2)


class TestStandingStill:
    async def test_ends_when_the_cause_is_mended(self, sealed: SealedBook, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("projections.runner._STILL", 0.02)
        await sealed.appends(2)
        await sealed.seals()
        away = sealed.kept().rename(sealed.folder / "away")
        runner = asyncio.create_task(sealed.runner().run())
        try:
            await sealed.appends(2)
            await asyncio.sleep(0.2)
            assert await sealed.checkpoints() == [(2, True)]
            away.rename(sealed.kept())
            await eventually(lambda: _published(sealed, 1, 4))
        finally:
            runner.cancel()
            await asyncio.wait((runner,))
        await sealed.then_sealed(4)


async def _published(sealed: SealedBook, number: int, size: int) -> bool:
    return (size, True) in await sealed.checkpoints(number)

"""Sealing never signs a second history of what was sealed: what it refuses, and how it is begun anew."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from projections.sealed_tree import SealsRefused
from projections.sealing import Sealer, begin_anew
from tests.projections.book import Book
from tests.projections.eventually import eventually
from tests.projections.sealing import ORIGIN, Backup, SealedBook


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
            # Also when nothing is appended any more.
            await eventually(lambda: _published(sealed, 2, 2))
        finally:
            runner.cancel()
            await asyncio.wait((runner,))
        await sealed.then_sealed(2, number=2)

    async def test_reads_the_log_anew(self, own: SealedBook, backup: Backup) -> None:
        """A sealer that lived on while the database was restored remembers events that are no more."""
        runner = own.runner()
        await own.appends(3)
        await runner.catch_up()
        await backup.take()
        await own.appends(3)
        await runner.catch_up()
        await backup.restore()
        await own.appends(3)
        await begin_anew(own.book.pool, own.book.tenant, own.sealer, "the disk was lost")
        await runner.catch_up()
        await own.then_sealed(6, number=2)


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

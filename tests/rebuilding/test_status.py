"""What an operator sees of the projections."""

import pytest

from daybook.failure import Failure
from daybook.rebuilding.rebuild import rebuild
from daybook.rebuilding.status import Standing, show, standings
from daybook.settings import Settings
from events.log.append import NewEvent
from projections.orders import OrdersProjection
from tests.projections.book import Book
from tests.projections.business import placed
from tests.rebuilding.conftest import Heard


async def standing(settings: Settings, projection: str = "orders", tenant: str = "default") -> Standing:
    (found,) = [one for one in await standings(settings) if (one.tenant, one.projection) == (tenant, projection)]
    return found


class TestAStanding:
    async def test_of_what_is_up_to_date(self, book: Book, settings: Settings) -> None:
        position = await book.given(placed())
        assert await standing(settings) == Standing(
            "default",
            "orders",
            version=1,
            rows_version=1,
            position=position,
            behind_events=0,
            behind_seconds=0.0,
            parked=0,
            rebuild_needed=False,
            rebuild=None,
            rebuild_parked=0,
            kept=None,
        )

    async def test_tells_how_late_it_is(self, book: Book, settings: Settings) -> None:
        position = await book.given(placed())
        await book.append(placed(), placed())
        late = await standing(settings)
        assert (late.position, late.behind_events) == (position, 2)
        assert 0 < late.behind_seconds < 60
        assert (await standing(settings, "orders", "other")).behind_events == 0

    async def test_of_what_never_began(self, book: Book, settings: Settings) -> None:
        await book.append(placed())
        nothing = await standing(settings)
        assert (nothing.rows_version, nothing.position, nothing.behind_events) == (None, 0, 1)
        assert not nothing.rebuild_needed

    async def test_tells_what_is_parked(self, book: Book, settings: Settings) -> None:
        await book.append_events(NewEvent(placed().id, 1, "OrderPlaced", 1, b"{}"))
        await book.post()
        assert (await standing(settings)).parked == 1

    async def test_tells_that_a_rebuild_is_needed_until_it_was_done(
        self, book: Book, settings: Settings, reporter: Heard, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await book.given(placed())
        monkeypatch.setattr("daybook.rebuilding.status.VERSIONS", {"orders": 2})
        monkeypatch.setattr(OrdersProjection, "version", 2)
        assert (await standing(settings)).rebuild_needed
        await rebuild(settings, "orders", reporter)
        done = await standing(settings)
        assert (done.rebuild_needed, done.rows_version, done.kept) == (False, 2, 1)

    async def test_tells_how_far_a_rebuild_is(self, book: Book, settings: Settings, reporter: Heard) -> None:
        await book.append_events(NewEvent(placed().id, 1, "OrderPlaced", 1, b"{}"))
        with pytest.raises(Failure):
            await rebuild(settings, "orders", reporter)
        unfinished = await standing(settings)
        assert (unfinished.rebuild, unfinished.rebuild_parked) == (1.0, 1)

    async def test_is_shown_to_people(
        self, book: Book, settings: Settings, reporter: Heard, capsys: pytest.CaptureFixture[str]
    ) -> None:
        await book.given(placed())
        await rebuild(settings, "orders", reporter)
        await show(settings, as_json=False)
        lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
        assert "default orders 1 1 0 events, 0.0 s 0 version 1 kept" in lines

"""When work that gives way rests."""

import asyncio
from pathlib import Path

from daybook.priority import Pace


def counted(path: Path, ran_ms: int, waited_ms: int) -> None:
    """What Linux says of a thread: nanoseconds that it ran and that it waited, and how many slices it had."""
    path.write_text(f"{ran_ms * 1_000_000} {waited_ms * 1_000_000} 42\n")


def test_who_hardly_waits_does_not_rest(tmp_path: Path) -> None:
    schedstat = tmp_path / "schedstat"
    counted(schedstat, 1_000, 9_000)
    pace = Pace(schedstat)
    counted(schedstat, 1_030, 9_010)
    assert pace.earned() == 0.0


def test_who_waits_longer_than_it_runs_works_a_twentieth_of_the_time(tmp_path: Path) -> None:
    schedstat = tmp_path / "schedstat"
    counted(schedstat, 1_000, 0)
    pace = Pace(schedstat)
    counted(schedstat, 1_010, 15)
    assert 0.18 < pace.earned() < 0.20
    counted(schedstat, 1_020, 16)
    assert pace.earned() == 0.0, "what was waited before the last rest does not count again"


async def test_no_rest_is_long(tmp_path: Path) -> None:
    schedstat = tmp_path / "schedstat"
    counted(schedstat, 0, 0)
    pace = Pace(schedstat)
    counted(schedstat, 5_000, 90_000)
    # 95 seconds would be due.
    async with asyncio.timeout(30):
        await asyncio.gather(pace.rest(), pace.rest())


def test_a_system_that_does_not_count_asks_for_no_rest(tmp_path: Path) -> None:
    assert Pace(tmp_path / "nothing").earned() == 0.0

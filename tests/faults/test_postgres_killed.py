"""PostgreSQL dies in the middle of its work, and comes back: what was acknowledged is there, once."""

import asyncio

from tests.faults.running import CALM, Running

AWAY_SECONDS = 1.5
PROBLEMS = {"unanswered", "503 unavailable", "503 log_unavailable", "503 outcome_unknown", "503 overloaded"}


async def test_killed_it_has_kept_what_was_acknowledged(running: Running) -> None:
    postgres = running.stack.postgres
    async with running.load() as load:
        await load.until_more(100)
        await load.until(lambda: len(load.in_flight) >= 6)
        await asyncio.to_thread(postgres.kill)
        in_flight = set(load.in_flight)
        load.pause = CALM
        assert in_flight, "nothing was under way when it died"
        await asyncio.sleep(AWAY_SECONDS)
        acknowledged = len(load.acknowledged)
        await asyncio.sleep(AWAY_SECONDS / 3)
        assert len(load.acknowledged) == acknowledged, "orders were acknowledged without a log"
        await asyncio.to_thread(postgres.start)
        # The processes find it by themselves.
        await load.until_more(50)

    assert load.failed_reads, "no request failed"
    for api in running.apis:
        assert "internal error" not in api.output(), api.output()
    assert set(load.failed.values()) | set(load.failed_reads) <= PROBLEMS
    assert all(api.alive() for api in running.apis)
    assert running.projector.alive()
    await running.reckon(load)

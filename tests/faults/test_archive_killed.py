"""The archive dies while it seals: the next one goes on, and the seals are those of the log."""

import asyncio

from bench.stack import Stack
from tests.faults.running import CALM, Running

KILLS = 2
PATIENCE = 120.0
"""Seconds. The archive gives way: on a machine that others fill it comes late to its work."""


async def test_killed_it_seals_on_where_it_was(running: Running) -> None:
    stack = running.stack
    archive = stack.begin("archive")
    async with running.load(pause=CALM) as load:
        for _ in range(KILLS):
            await asyncio.to_thread(archive.wait_until_ready)
            before = published(stack)
            await load.until(lambda before=before: published(stack) > before, PATIENCE)  # type: ignore[misc]
            archive.kill()
            archive = stack.begin("archive")
        assert not load.failed
    async with asyncio.timeout(PATIENCE):
        while published(stack) < running.head():  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    assert archive.stop() == 0
    await asyncio.to_thread(stack.wait_until_projected)
    await running.verify()


def published(stack: Stack) -> int:
    """How many events are sealed, by the last checkpoint that may be shown."""
    return int(stack.ask("SELECT coalesce(max(size), 0) FROM seal_checkpoints WHERE kept")[0][0])

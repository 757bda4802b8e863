"""Positions are dense and in commit order: who has seen one never finds an event at or below it later."""

import asyncio
import sys
from itertools import pairwise
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg

from events.log.append import Appended
from events.log.appender import Appender
from events.log.batch import Batch
from events.log.reader import SQL, LogReader
from events.log.recorded import RecordedEvent
from tests.appenders import NewAppender
from tests.databases import Database
from tests.events.log.writing import appended, command, event

ROOT = Path(__file__).parents[3]
COMMANDS = 480


class Tail:
    """Follows a log as a projection does, and fails at once at a gap."""

    def __init__(self, reader: LogReader) -> None:
        self._reader = reader
        self.seen: list[RecordedEvent] = []
        self._ending = False

    async def follow(self) -> list[RecordedEvent]:
        while True:
            ending = self._ending
            page = await self._reader.after(len(self.seen), 100)
            expected = range(len(self.seen) + 1, len(self.seen) + len(page) + 1)
            assert [one.position for one in page] == list(expected)
            self.seen += page
            if ending and not page:
                return self.seen

    def end(self) -> None:
        """Stop at the end of what is there now."""
        self._ending = True


async def write_in_a_process(url: str, tenant: str) -> dict[UUID, int]:
    """Command id → position, of all that were acknowledged to another process."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.events.log.writer", url, tenant, str(COMMANDS)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    lines = [line.split() for line in output.decode().splitlines()]
    return {UUID(command_id): int(position) for command_id, position in lines}


async def write_here(appender: Appender) -> dict[UUID, int]:
    acknowledged: dict[UUID, int] = {}

    async def one_after_another() -> None:
        for _ in range(COMMANDS // 16):
            one = command(event(uuid4(), 1), event(uuid4(), 1))
            outcome = await appender.append(one)
            assert isinstance(outcome, Appended)
            acknowledged[one.command_id] = outcome.position

    await asyncio.gather(*(one_after_another() for _ in range(16)))
    return acknowledged


async def test_with_many_writers_in_several_processes(
    database: Database, new_appender: NewAppender, reader: LogReader, other_reader: LogReader
) -> None:
    tails = {reader.tenant: Tail(reader), other_reader.tenant: Tail(other_reader)}
    following = [asyncio.create_task(tail.follow()) for tail in tails.values()]
    writers = [
        *(write_in_a_process(database.url, tenant) for tenant in ("default", "default", "other")),
        *(write_here(new_appender(tenant)) for tenant in ("default", "default", "other")),
    ]
    tenants = ["default", "default", "other"] * 2
    results = await asyncio.gather(*writers)
    for tail in tails.values():
        tail.end()
    logs = dict(zip(tails, await asyncio.gather(*following), strict=True))
    for tenant, log in logs.items():
        acknowledged: dict[UUID, int] = {}
        for one, result in zip(tenants, results, strict=True):
            acknowledged |= result if one == tenant else {}
        assert len(log) == 2 * len(acknowledged) == 2 * COMMANDS * tenants.count(tenant)
        last = {UUID(one.meta()["command_id"]): one.position for one in log}
        assert last == acknowledged
        assert all(one.recorded_at <= two.recorded_at for one, two in pairwise(log))


class TestAnAppendThatIsUnderWay:
    async def test_keeps_others_waiting_and_readers_before_it(
        self, pool: asyncpg.Pool, appender: Appender, reader: LogReader
    ) -> None:
        await appended(appender, command(event(uuid4(), 1)))
        async with pool.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            batch = Batch([command(event(uuid4(), 1), event(uuid4(), 1))])
            await connection.fetch(SQL.append_commands, "default", *batch.arguments())
            later = asyncio.create_task(appender.append(command(event(uuid4(), 1))))
            await asyncio.sleep(0.1)
            assert not later.done()
            assert await reader.head() == 1
            assert len(await reader.after(0, 10)) == 1
            await transaction.commit()
        assert await later == Appended(4)
        assert [one.position for one in await reader.after(0, 10)] == [1, 2, 3, 4]

    async def test_leaves_no_gap_when_it_is_rolled_back(
        self, pool: asyncpg.Pool, appender: Appender, reader: LogReader
    ) -> None:
        async with pool.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            batch = Batch([command(event(uuid4(), 1))])
            await connection.fetch(SQL.append_commands, "default", *batch.arguments())
            await transaction.rollback()
        assert await appended(appender, command(event(uuid4(), 1))) == [1]

    async def test_does_not_hinder_another_tenant(self, pool: asyncpg.Pool, new_appender: NewAppender) -> None:
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(SQL.lock_head, "default")
            assert await appended(new_appender("other"), command(event(uuid4(), 1))) == [1]

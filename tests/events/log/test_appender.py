"""The appender when things go wrong around it: lost answers, shutdown, a full queue, callers that leave."""

import asyncio
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from events.log.append import Appended, LogBusy, LogClosed
from events.log.appender import Appender
from events.log.connect import connect
from events.log.reader import LogReader
from tests.appenders import NewAppender
from tests.databases import Database
from tests.events.log.writing import appended, command, event, key, together


class LosesAnswers:
    """A real connection that dies with the answer to its first statement: before it was sent, or after its commit."""

    def __init__(self, connection: asyncpg.Connection, *, committed: bool) -> None:
        self._connection = connection
        self._committed = committed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def fetch(self, *arguments: Any) -> Any:
        if self._committed:
            await self._connection.fetch(*arguments)
        self._connection.terminate()
        raise asyncpg.ConnectionDoesNotExistError("the answer was lost")


def losing(database: Database, *, committed: bool) -> Appender:
    """An appender whose first connection loses an answer; its later ones are sound."""
    connections = 0

    async def connecting() -> Any:
        nonlocal connections
        connections += 1
        connection = await connect(database.url, "losing")
        return LosesAnswers(connection, committed=committed) if connections == 1 else connection

    return Appender("default", connecting)


class TestALostAnswer:
    @pytest.mark.parametrize("committed", [True, False])
    async def test_is_found_in_the_log_and_nothing_is_there_twice(
        self, database: Database, reader: LogReader, committed: bool
    ) -> None:
        appender = losing(database, committed=committed)
        commands = [command(event(uuid4(), 1), key=key(f"k{n}")) for n in range(5)] + [command(key=key("no-op"))]
        positions = await appended(appender, *commands)
        await appender.close()
        assert positions == [1, 2, 3, 4, 5, 5]
        log = await reader.after(0, 100)
        assert [one.stream_id for one in log] == [one.events[0].stream_id for one in commands[:5]]


class TestClosing:
    async def test_answers_what_waits_and_refuses_what_comes(
        self, new_appender: NewAppender, reader: LogReader
    ) -> None:
        appender = new_appender(max_batch=3)
        waiting = [asyncio.create_task(appender.append(command(event(uuid4(), 1)))) for _ in range(20)]
        await asyncio.sleep(0)
        await appender.close()
        assert all(isinstance(outcome, Appended) for outcome in await asyncio.gather(*waiting))
        with pytest.raises(LogClosed):
            await appender.append(command(event(uuid4(), 1)))
        assert await reader.head() == 20


class TestAFullQueue:
    async def test_takes_no_more_and_writes_nothing_of_it(self, new_appender: NewAppender, reader: LogReader) -> None:
        appender = new_appender(max_waiting=4)
        commands = [command(event(uuid4(), 1)) for _ in range(10)]
        outcomes = await asyncio.gather(*(appender.append(one) for one in commands), return_exceptions=True)
        assert [isinstance(outcome, Appended) for outcome in outcomes] == [True] * 4 + [False] * 6
        assert all(isinstance(outcome, LogBusy) for outcome in outcomes[4:])
        assert await reader.head() == 4


class TestACallerThatLeaves:
    async def test_takes_nothing_back_and_disturbs_nobody(self, appender: Appender, reader: LogReader) -> None:
        leaving = asyncio.create_task(appender.append(command(event(uuid4(), 1))))
        staying = asyncio.create_task(together(appender, command(event(uuid4(), 1)), command(event(uuid4(), 1))))
        await asyncio.sleep(0)
        leaving.cancel()
        assert [isinstance(outcome, Appended) for outcome in await staying] == [True, True]
        assert leaving.cancelled()
        assert await reader.head() == 3

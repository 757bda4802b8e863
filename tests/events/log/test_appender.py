"""The appender when things go wrong around it: lost answers, shutdown, a full queue, callers that leave."""

import asyncio
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from bench.stack import free_port
from events.log.append import Appended, LogBusy, LogClosed, LogUnavailable
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


class Away:
    """A database that refuses connections, so many of them, and then is there."""

    def __init__(self, url: str, *, attempts: int) -> None:
        self._url = url
        self.attempts = attempts
        self.refused = 0

    async def connect(self) -> asyncpg.Connection:
        if self.refused < self.attempts:
            self.refused += 1
            return await connect(f"postgresql://x@127.0.0.1:{free_port()}/x", "away")
        return await connect(self._url, "back")


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


class TestAnOutage:
    async def test_shorter_than_patience_is_waited_out(self, database: Database, reader: LogReader) -> None:
        away = Away(database.url, attempts=3)
        appender = Appender("default", away.connect)
        assert await appended(appender, command(event(uuid4(), 1))) == [1]
        await appender.close()
        assert away.refused == 3

    async def test_longer_than_patience_is_an_error_at_once_until_it_ends(
        self, database: Database, reader: LogReader
    ) -> None:
        away = Away(database.url, attempts=1_000)
        appender = Appender("default", away.connect, patience=0.2)
        with pytest.raises(LogUnavailable):
            await appender.append(command(event(uuid4(), 1)))
        refused = away.refused
        with pytest.raises(LogUnavailable):
            await appender.append(command(event(uuid4(), 1)))
        assert away.refused == refused + 1, "it is not waited out again"
        away.attempts = 0
        assert await appended(appender, command(event(uuid4(), 1))) == [1]
        await appender.close()
        assert await reader.head() == 1


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

"""Commands decided on events that are still to be committed: appended after their predecessor, or not at all."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

import asyncpg
import pytest

from events.log.append import (
    Append,
    Appended,
    Conflict,
    KeyReused,
    LogUnavailable,
    NotStorable,
    Refused,
    Replayed,
)
from events.log.appender import Appender, Result
from events.log.connect import connect
from events.log.reader import LogReader
from tests.appenders import NewAppender
from tests.databases import Database
from tests.events.log.writing import appended, command, event, key, together
from tests.projections.eventually import eventually

ONE_BATCH, A_BATCH_EACH = 512, 1

batches = pytest.mark.parametrize("max_batch", [ONE_BATCH, A_BATCH_EACH], ids=["one batch", "a batch each"])


KILL = """
SELECT bool_or(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'to be killed' AND wait_event_type = 'Lock'
"""


@asynccontextmanager
async def killer_of(database: Database) -> AsyncIterator[Callable[[], Awaitable[bool]]]:
    """Kills the appender's connection when it is in its commit; whether it was."""
    connection = await asyncpg.connect(database.owner_url)

    async def killed() -> bool:
        return bool(await connection.fetchval(KILL))

    yield killed
    await connection.close()


def follow(predecessor: Append, one: Append) -> Append:
    """The same command, decided on the first stream that the predecessor writes to."""
    return one._replace(after={predecessor.events[0].stream_id: predecessor.command_id})


@batches
class TestAFollower:
    async def test_is_appended_with_its_predecessor(
        self, new_appender: NewAppender, reader: LogReader, max_batch: int
    ) -> None:
        order = uuid4()
        chain = [command(event(order, 1))]
        for version in range(2, 10):
            chain.append(follow(chain[-1], command(event(order, version))))
        assert await appended(new_appender(max_batch=max_batch), *chain) == list(range(1, 10))
        assert [one.version for one in await reader.streams({order: 0})] == list(range(1, 10))

    async def test_may_only_have_read(self, new_appender: NewAppender, max_batch: int) -> None:
        product = uuid4()
        first = command(event(product, 1))
        reader = follow(first, command(event(uuid4(), 1), reads={product: 1}))
        assert await appended(new_appender(max_batch=max_batch), first, reader) == [1, 2]

    async def test_of_a_conflict_is_one(self, new_appender: NewAppender, reader: LogReader, max_batch: int) -> None:
        order = uuid4()
        appender = new_appender(max_batch=max_batch)
        await appended(appender, command(event(order, 1), event(order, 2)))
        late = command(event(order, 2))
        after = follow(late, command(event(order, 3)))
        last = follow(after, command(event(order, 4)))
        outcomes = await together(appender, late, after, last)
        assert outcomes == [Conflict(order, 2), Conflict(order, None), Conflict(order, None)]
        assert await reader.head() == 2, "though the second names the version that the stream has"

    async def test_of_a_refusal_is_a_conflict(
        self, new_appender: NewAppender, reader: LogReader, max_batch: int
    ) -> None:
        order, pen = uuid4(), uuid4()
        refused = command(event(order, 1), stock={pen: -1})
        after = follow(refused, command(event(order, 2), stock={pen: -5}))
        outcomes = await together(new_appender(max_batch=max_batch), refused, after, command(event(order, 1)))
        assert outcomes == [Refused(pen, 1, 0), Conflict(order, None), Appended(1)]

    async def test_of_a_repeated_request_is_a_conflict(self, new_appender: NewAppender, max_batch: int) -> None:
        appender, order = new_appender(max_batch=max_batch), uuid4()
        await appended(appender, command(event(order, 1), key=key("k")))
        again = command(event(order, 2), key=key("k"))
        other = command(event(order, 2), key=key("k", "another"))
        outcomes = await together(
            appender,
            again,
            follow(again, command(event(order, 3))),
            other,
            follow(other, command(event(order, 3))),
        )
        assert outcomes == [
            Replayed(key("k").answer, 1),
            Conflict(order, None),
            KeyReused(),
            Conflict(order, None),
        ]

    async def test_of_what_cannot_be_stored_is_a_conflict(self, new_appender: NewAppender, max_batch: int) -> None:
        order = uuid4()
        spoilt = command(event(order, 1), reason="\0")
        commands = [command(event(uuid4(), 1)), spoilt, follow(spoilt, command(event(order, 2)))]
        appender = new_appender(max_batch=max_batch)
        outcomes = await asyncio.gather(*map(appender.append, commands), return_exceptions=True)
        assert outcomes[0] == Appended(1)
        assert isinstance(outcomes[1], NotStorable)
        assert outcomes[2] == Conflict(order, None)

    async def test_has_its_first_answer_whatever_became_of_its_predecessor(
        self, new_appender: NewAppender, max_batch: int
    ) -> None:
        appender, order = new_appender(max_batch=ONE_BATCH), uuid4()
        await appended(appender, command(event(uuid4(), 1), key=key("k")))
        late = command(event(order, 7))
        again = follow(late, command(event(order, 8), key=key("k")))
        assert await together(appender, late, again) == [Conflict(order, 0), Replayed(key("k").answer, 1)]

    async def test_needs_the_predecessor_on_every_stream(self, new_appender: NewAppender, max_batch: int) -> None:
        left, right = uuid4(), uuid4()
        sound, late = command(event(left, 1)), command(event(right, 2))
        both = command(event(left, 2), event(right, 3))._replace(after={left: sound.command_id, right: late.command_id})
        outcomes = await together(new_appender(max_batch=max_batch), sound, late, both)
        assert outcomes == [Appended(1), Conflict(right, 0), Conflict(right, None)]


class TestAPredecessor:
    async def test_that_does_not_wait_here_makes_a_conflict(self, appender: Appender) -> None:
        order = uuid4()
        first = command(event(order, 1))
        await appended(appender, first)
        assert await appender.append(follow(first, command(event(order, 2)))) == Conflict(order, None)

    async def test_in_the_same_version_of_another_process_is_not_taken_for_it(
        self, new_appender: NewAppender, reader: LogReader
    ) -> None:
        order = uuid4()
        ours = command(event(order, 1, b"ours"))
        outcomes = await asyncio.gather(
            new_appender().append(command(event(order, 1, b"theirs"))),
            together(new_appender(), ours, follow(ours, command(event(order, 2)))),
        )
        log = await reader.streams({order: 0})
        if outcomes[0] == Appended(1):
            assert outcomes[1] == [Conflict(order, 1), Conflict(order, None)]
            assert [one.data for one in log] == [b"theirs"]
        else:
            assert outcomes[1] == [Appended(1), Appended(2)]
            assert [one.data for one in log] == [b"ours", b"{}"]

    async def test_is_settled_before_anything_else_can_be_asked(self, new_appender: NewAppender) -> None:
        told: list[tuple[str, Result]] = []
        appender, order = new_appender(max_batch=A_BATCH_EACH), uuid4()
        late = command(event(order, 5))
        after = follow(late, command(event(order, 6)))
        asked = asyncio.gather(
            appender.append(late, lambda result: told.append(("late", result))),
            appender.append(after, lambda result: told.append(("after", result))),
        )
        await asyncio.sleep(0)
        await appender.settled([late.command_id])
        assert told == [("late", Conflict(order, 0)), ("after", Conflict(order, None))]
        await asked


class TestALostAnswer:
    """The connection of the appender is killed by the server while a chain waits behind the commit."""

    async def test_of_a_chain_loses_no_link_and_repeats_none(
        self, database: Database, owner: asyncpg.Connection, reader: LogReader
    ) -> None:
        order = uuid4()
        appender = Appender("default", lambda: connect(database.url, "to be killed"), max_batch=4)
        chain = [command(event(order, 1))]
        for version in range(2, 21):
            chain.append(follow(chain[-1], command(event(order, version))))
        async with killer_of(database) as killed, owner.transaction():
            await owner.execute("SELECT FROM log_heads WHERE tenant_id = 'default' FOR UPDATE")
            asked = asyncio.create_task(together(appender, *chain))
            await eventually(killed)
        assert await asked == [Appended(n) for n in range(1, 21)]
        await appender.close()
        assert [one.version for one in await reader.streams({order: 0})] == list(range(1, 21))

    async def test_that_never_comes_fails_the_whole_chain(self, database: Database, reader: LogReader) -> None:
        order = uuid4()
        appender = Appender(
            "default", lambda: connect("postgresql://x@127.0.0.1:1/x", "away"), patience=0.1, max_batch=1
        )
        first = command(event(order, 1))
        second = follow(first, command(event(order, 2)))
        results = await asyncio.gather(*(appender.append(one) for one in (first, second)), return_exceptions=True)
        assert isinstance(results[0], LogUnavailable)
        assert results[1] == Conflict(order, None)
        assert await reader.head() == 0

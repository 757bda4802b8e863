"""What can become of a command, and what it leaves behind (one at a time; see test_batches for more at once)."""

from uuid import uuid4

import asyncpg
import pytest

from events.log.append import (
    Append,
    Appended,
    Conflict,
    IdempotencyKey,
    KeyReused,
    NotStorable,
    Refused,
    Replayed,
    StoredAnswer,
)
from events.log.appender import Appender
from events.log.reader import LogReader
from tests.appenders import NewAppender
from tests.events.log.writing import ADA, BEN, appended, command, event, key


class TestAppended:
    async def test_says_the_position_of_the_last_event(self, appender: Appender) -> None:
        order = uuid4()
        assert await appender.append(command(event(order, 1), event(order, 2))) == Appended(2)
        assert await appender.append(command(event(order, 3))) == Appended(3)

    async def test_keeps_every_field_and_the_exact_bytes(self, appender: Appender, reader: LogReader) -> None:
        order, data = uuid4(), b'{ "b":1,  "a": "\xc3\xa9\\u0000" }\n'
        await appender.append(command(event(order, 1, data, "OrderPlaced"), owner=str(ADA)))
        [recorded] = await reader.after(0, 10)
        assert (recorded.position, recorded.stream_id, recorded.version) == (1, order, 1)
        assert (recorded.type, recorded.schema_version, recorded.data) == ("OrderPlaced", 1, data)
        assert recorded.meta()["owner"] == str(ADA)
        assert recorded.recorded_at.tzinfo is not None

    async def test_writes_several_streams_at_once(self, appender: Appender, reader: LogReader) -> None:
        order, product = uuid4(), uuid4()
        await appended(appender, command(event(product, 1)))
        assert await appender.append(command(event(order, 1), event(product, 2), event(order, 2))) == Appended(4)
        streams = await reader.streams({order: 0, product: 0})
        assert [(e.stream_id, e.version, e.position) for e in streams] == [
            (order, 1, 2), (order, 2, 4), (product, 1, 1), (product, 2, 3),
        ]  # fmt: skip

    async def test_without_events_says_the_head(self, appender: Appender) -> None:
        assert await appender.append(command()) == Appended(0)
        await appended(appender, command(event(uuid4(), 1)))
        assert await appender.append(command()) == Appended(1)

    async def test_tenants_have_logs_of_their_own(
        self, new_appender: NewAppender, reader: LogReader, other_reader: LogReader
    ) -> None:
        one, other, order = new_appender(), new_appender("other"), uuid4()
        assert await appended(one, command(event(order, 1))) == [1]
        assert await appended(other, command(event(order, 1, b"other"), key=key("k"))) == [1]
        assert await appended(one, command(event(order, 2), key=key("k"))) == [2]
        assert [e.data for e in await reader.after(0, 10)] == [b"{}", b"{}"]
        assert [e.data for e in await other_reader.after(0, 10)] == [b"other"]


class TestConflict:
    @pytest.mark.parametrize("version", [1, 2, 4])
    async def test_when_the_stream_is_at_another_version(self, appender: Appender, version: int) -> None:
        order = uuid4()
        await appended(appender, command(event(order, 1), event(order, 2)))
        assert await appender.append(command(event(order, version))) == Conflict(order, 2)

    async def test_when_there_is_no_such_stream(self, appender: Appender) -> None:
        order = uuid4()
        assert await appender.append(command(event(order, 2))) == Conflict(order, 0)

    @pytest.mark.parametrize("seen", [0, 1, 3])
    async def test_when_a_stream_that_was_only_read_has_moved_on(self, appender: Appender, seen: int) -> None:
        product, order = uuid4(), uuid4()
        await appended(appender, command(event(product, 1), event(product, 2)))
        assert await appender.append(command(event(order, 1), reads={product: seen})) == Conflict(product, 2)
        assert await appender.append(command(event(order, 1), reads={product: 2})) == Appended(3)

    async def test_when_a_stream_that_was_read_does_not_exist(self, appender: Appender) -> None:
        product = uuid4()
        assert await appender.append(command(reads={product: 1})) == Conflict(product, 0)
        assert await appender.append(command(reads={product: 0})) == Appended(0)

    async def test_leaves_nothing_on_the_other_streams(self, appender: Appender, reader: LogReader) -> None:
        order, product, pen = uuid4(), uuid4(), uuid4()
        await appended(appender, command(event(product, 1), stock={pen: 5}))
        refused = command(event(order, 1), event(product, 1), stock={pen: -1}, key=key("k"))
        assert await appender.append(refused) == Conflict(product, 1)
        assert len(await reader.after(0, 10)) == 1
        assert await reader.available([pen]) == {pen: 5}
        assert await reader.stored_answer(ADA, "k") is None


class TestReplayed:
    async def test_gives_the_first_answer_byte_for_byte(self, appender: Appender) -> None:
        body = b'{"id": 1}\n' + bytes(range(256))
        answer = StoredAnswer(201, 7, "/orders/1", body)
        asked = IdempotencyKey(ADA, "k", uuid4(), answer)
        assert await appender.append(command(event(uuid4(), 1), key=asked)) == Appended(1)
        await appended(appender, command(event(uuid4(), 1)))
        again = IdempotencyKey(ADA, "k", asked.fingerprint, StoredAnswer(500, 0, None, b"other"))
        assert await appender.append(command(event(uuid4(), 1), key=again)) == Replayed(answer, 1)

    async def test_though_the_streams_have_moved_on_and_the_stock_is_gone(self, appender: Appender) -> None:
        order, pen = uuid4(), uuid4()
        await appended(appender, command(stock={pen: 1}))
        asked = command(event(order, 1), stock={pen: -1}, key=key("k"))
        assert await appender.append(asked) == Appended(1)
        assert await appender.append(asked) == Replayed(key("k").answer, 1)

    async def test_a_command_without_events_binds_its_key_too(self, appender: Appender) -> None:
        await appended(appender, command(event(uuid4(), 1)))
        assert await appender.append(command(key=key("k"))) == Appended(1)
        await appended(appender, command(event(uuid4(), 1)))
        assert await appender.append(command(key=key("k"))) == Replayed(key("k").answer, 1)

    async def test_keys_are_a_subjects_own(self, appender: Appender) -> None:
        await appended(appender, command(key=key("k", subject=ADA)))
        assert await appended(appender, command(key=key("k", "another", subject=BEN))) == [0]

    async def test_what_was_not_appended_does_not_bind_its_key(self, appender: Appender) -> None:
        order = uuid4()
        await appender.append(command(event(order, 9), key=key("k")))
        await appender.append(command(stock={uuid4(): -1}, key=key("k")))
        assert await appended(appender, command(event(order, 1), key=key("k", "another"))) == [1]


async def test_a_key_is_reused_by_another_request(appender: Appender, reader: LogReader) -> None:
    await appended(appender, command(key=key("k", "first")))
    assert await appender.append(command(event(uuid4(), 1), key=key("k", "second"))) == KeyReused()
    assert await reader.head() == 0


class TestRefused:
    async def test_when_a_quantity_would_fall_below_zero(self, appender: Appender, reader: LogReader) -> None:
        pen, ink, order = uuid4(), uuid4(), uuid4()
        await appended(appender, command(stock={pen: 5, ink: 1}))
        outcome = await appender.append(command(event(order, 1), stock={pen: -3, ink: -2}))
        assert outcome == Refused(ink, asked=2, available=1)
        assert await reader.available([pen, ink]) == {pen: 5, ink: 1}
        assert await reader.head() == 0

    async def test_when_there_never_was_any(self, appender: Appender) -> None:
        pen = uuid4()
        assert await appender.append(command(stock={pen: -1})) == Refused(pen, asked=1, available=0)

    async def test_down_to_zero_is_allowed(self, appender: Appender, reader: LogReader) -> None:
        pen = uuid4()
        await appended(appender, command(stock={pen: 5}), command(stock={pen: -5}))
        assert await reader.available([pen]) == {pen: 0}

    async def test_each_tenant_has_its_own_stock(self, new_appender: NewAppender) -> None:
        pen = uuid4()
        await appended(new_appender(), command(stock={pen: 5}))
        assert await new_appender("other").append(command(stock={pen: -1})) == Refused(pen, asked=1, available=0)


class TestKeyThenVersionsThenGuards:
    async def test_a_conflict_comes_before_a_guard_also_where_a_stream_was_believed_new(
        self, appender: Appender
    ) -> None:
        stream = uuid4()
        await appended(appender, command(event(stream, 1)))
        late = command(event(stream, 1), stock={uuid4(): -1})
        assert await appender.append(late) == Conflict(stream, 1)

    async def test_of_two_conflicts_the_first_is_told_also_where_its_stream_was_believed_new(
        self, appender: Appender
    ) -> None:
        stream = uuid4()
        await appended(appender, command(event(stream, 1)))
        late = command(event(stream, 1), reads={uuid4(): 3})
        assert await appender.append(late) == Conflict(stream, 1)
        late = command(event(stream, 1), event(uuid4(), 9))
        assert await appender.append(late) == Conflict(stream, 1)

    async def test_a_key_comes_before_a_conflict(self, appender: Appender) -> None:
        await appended(appender, command(key=key("k")))
        hopeless = {uuid4(): -1}
        assert await appender.append(command(event(uuid4(), 9), key=key("k"), stock=hopeless)) == Replayed(
            key("k").answer, 0
        )
        assert await appender.append(command(event(uuid4(), 9), key=key("k", "other"), stock=hopeless)) == KeyReused()

    async def test_a_conflict_comes_before_a_refusal(self, appender: Appender) -> None:
        order = uuid4()
        assert await appender.append(command(event(order, 9), stock={uuid4(): -1})) == Conflict(order, 0)


class TestNotStorable:
    """The database refuses the data itself."""

    @pytest.mark.parametrize(
        "spoilt",
        [
            command(event(uuid4(), 1), reason="\0"),
            command(event(uuid4(), 1))._replace(metadata="no JSON"),
            command(event(uuid4(), -1)),
            command(event(uuid4(), 2**31)),
            command(event(uuid4(), 1, type="\0")),
            command(stock={uuid4(): 2**63}),
            command(key=key("k" * 10_000 + str(list(range(10_000))))),
        ],
        ids=["NUL in JSON", "no JSON", "a broken CHECK", "a long version", "NUL in text", "a long sum", "a long key"],
    )  # fmt: skip
    async def test_is_said_and_nothing_is_written(self, appender: Appender, reader: LogReader, spoilt: Append) -> None:
        with pytest.raises(NotStorable):
            await appender.append(spoilt)
        assert await reader.head() == 0
        assert await appended(appender, command(event(uuid4(), 1))) == [1]

    async def test_a_stock_that_overflows(self, appender: Appender, pool: asyncpg.Pool) -> None:
        pen = uuid4()
        await appended(appender, command(stock={pen: 2**63 - 1}))
        with pytest.raises(NotStorable):
            await appender.append(command(stock={pen: 1}))
        assert await pool.fetchval("SELECT available FROM stock") == 2**63 - 1

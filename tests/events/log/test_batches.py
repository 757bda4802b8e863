"""Many commands in one batch: judged in order, each seeing what those before it did, none spoiling its neighbours."""

import asyncio
from uuid import uuid4

import pytest

from events.log.append import Appended, Conflict, KeyReused, NotStorable, Refused, Replayed
from events.log.appender import Appender
from events.log.reader import LogReader
from tests.appenders import NewAppender
from tests.events.log.writing import appended, command, event, key, together


class Batches:
    """Counts what was committed."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.heads: list[int] = []

    def __call__(self, commands: int, seconds: float, head: int) -> None:
        assert seconds > 0
        self.sizes.append(commands)
        self.heads.append(head)


class TestABatch:
    async def test_is_whatever_waits(self, new_appender: NewAppender) -> None:
        batches = Batches()
        appender = new_appender(observer=batches, max_batch=5)
        await appended(appender, *(command(event(uuid4(), 1)) for _ in range(12)))
        await appended(appender, command(event(uuid4(), 1)))
        assert batches.sizes == [5, 5, 2, 1]
        assert batches.heads == [5, 10, 12, 13]

    async def test_is_in_the_order_of_arrival_without_a_gap(self, appender: Appender, reader: LogReader) -> None:
        commands = [command(*(event(uuid4(), 1) for _ in range(n % 3))) for n in range(50)]
        positions = await appended(appender, *commands)
        counted = 0
        for one, position in zip(commands, positions, strict=True):
            counted += len(one.events)
            assert position == counted
        log = await reader.after(0, 100)
        assert [e.position for e in log] == list(range(1, counted + 1))
        assert [e.stream_id for e in log] == [e.stream_id for one in commands for e in one.events]

    async def test_of_every_outcome(self, appender: Appender, reader: LogReader) -> None:
        order, product, pen = uuid4(), uuid4(), uuid4()
        await appended(appender, command(event(product, 1), stock={pen: 3}), command(key=key("old")))
        outcomes = await together(
            appender,
            command(event(order, 1), reads={product: 1}, stock={pen: -2}),
            command(event(uuid4(), 1), reads={product: 2}),
            command(event(order, 2), key=key("old")),
            command(event(order, 2), key=key("old", "another")),
            command(event(uuid4(), 1), stock={pen: -2}),
            command(event(order, 2), stock={pen: -1}, key=key("new")),
        )
        assert outcomes == [
            Appended(2),
            Conflict(product, 1),
            Replayed(key("old").answer, 1),
            KeyReused(),
            Refused(pen, asked=2, available=1),
            Appended(3),
        ]
        assert await reader.head() == 3
        assert await reader.available([pen]) == {pen: 0}


class TestOneStreamTwice:
    async def test_goes_on_where_the_first_one_left_it(self, appender: Appender) -> None:
        order = uuid4()
        commands = [command(event(order, 1), event(order, 2)), command(event(order, 3)), command(reads={order: 3})]
        assert await together(appender, *commands) == [Appended(2), Appended(3), Appended(3)]

    async def test_only_one_of_two_is_first(self, appender: Appender) -> None:
        order = uuid4()
        outcomes = await together(
            appender, command(event(order, 1)), command(event(order, 1)), command(event(order, 2))
        )
        assert outcomes == [Appended(1), Conflict(order, 1), Appended(2)]

    async def test_what_was_not_appended_is_not_seen(self, appender: Appender) -> None:
        order = uuid4()
        refused = command(event(order, 1), stock={uuid4(): -1})
        outcomes = await together(appender, refused, command(event(order, 2)), command(event(order, 1)))
        assert outcomes[1:] == [Conflict(order, 0), Appended(1)]

    async def test_a_read_sees_what_was_written_just_before(self, appender: Appender) -> None:
        product = uuid4()
        await appended(appender, command(event(product, 1)))
        outcomes = await together(
            appender,
            command(event(uuid4(), 1), reads={product: 1}),
            command(event(product, 2)),
            command(event(uuid4(), 1), reads={product: 1}),
            command(event(uuid4(), 1), reads={product: 2}),
        )
        assert outcomes == [Appended(2), Appended(3), Conflict(product, 2), Appended(4)]


class TestOneKeyTwice:
    async def test_only_the_first_acts(self, appender: Appender, reader: LogReader) -> None:
        outcomes = await together(
            appender,
            command(event(uuid4(), 1)),
            *(command(event(uuid4(), 1), key=key("k")) for _ in range(3)),
            command(key=key("k", "another")),
        )
        answer = Replayed(key("k").answer, 2)
        assert outcomes == [Appended(1), Appended(2), answer, answer, KeyReused()]
        assert await reader.head() == 2

    async def test_a_command_that_fails_leaves_it_to_the_next(self, appender: Appender) -> None:
        order = uuid4()
        outcomes = await together(
            appender,
            command(event(order, 2), key=key("k", "too early")),
            command(event(order, 1), key=key("k")),
            command(event(order, 2), key=key("k")),
        )
        assert outcomes == [Conflict(order, 0), Appended(1), Replayed(key("k").answer, 1)]


class TestStock:
    async def test_is_used_up_in_order_and_refilled_in_between(self, appender: Appender, reader: LogReader) -> None:
        pen = uuid4()
        await appended(appender, command(stock={pen: 3}))
        changes = (-2, -2, -1, -1, +4, -5, -4, -1)
        outcomes = await together(appender, *(command(event(uuid4(), 1), stock={pen: n}) for n in changes))
        assert outcomes == [
            Appended(1),
            Refused(pen, 2, 1),
            Appended(2),
            Refused(pen, 1, 0),
            Appended(3),
            Refused(pen, 5, 4),
            Appended(4),
            Refused(pen, 1, 0),
        ]
        assert await reader.available([pen]) == {pen: 0}

    async def test_of_two_products_is_taken_together_or_not_at_all(self, appender: Appender, reader: LogReader) -> None:
        pens = [uuid4() for _ in range(4)]
        await appended(appender, command(stock=dict.fromkeys(pens, 2)))
        first, second, third, fourth = pens
        outcomes = await together(
            appender,
            command(stock={first: -2, second: -1}),
            command(stock={third: -2, first: -1}),
            command(stock={third: -2, fourth: -3}),
            command(stock={second: -1, third: -1}),
        )
        assert outcomes == [Appended(0), Refused(first, 1, 0), Refused(fourth, 3, 2), Appended(0)]
        assert await reader.available(pens) == {first: 0, second: 0, third: 1, fourth: 2}


class TestABeliefThatIsWrong:
    """A stream whose first event comes is taken to be new; when it is not, the batch is judged again with a look."""

    async def test_costs_the_neighbours_nothing(self, new_appender: NewAppender, reader: LogReader) -> None:
        order = uuid4()
        await appended(new_appender(), command(event(order, 1), event(order, 2)))
        outcomes = await together(
            new_appender(), command(event(uuid4(), 1)), command(event(order, 1)), command(event(order, 3))
        )
        assert outcomes == [Appended(3), Conflict(order, 2), Appended(4)]


class TestOneSpoiltCommand:
    @pytest.mark.parametrize("place", [0, 6, 12])
    async def test_never_fails_its_neighbours(self, appender: Appender, reader: LogReader, place: int) -> None:
        order, pen = uuid4(), uuid4()
        await appended(appender, command(stock={pen: 20}))
        commands = [command(event(order, n + 1), stock={pen: -1}) for n in range(12)]
        commands.insert(place, command(event(uuid4(), 1), stock={pen: -8}, reason="\0"))
        outcomes = await asyncio.gather(*map(appender.append, commands), return_exceptions=True)
        assert isinstance(outcomes.pop(place), NotStorable)
        assert outcomes == [Appended(n) for n in range(1, 13)]
        assert await reader.available([pen]) == {pen: 8}

"""Turns on a stream: a chain rests when it has gone on for long, and who lost a stream lets one neighbour try."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import uuid4

from commands.turns import REST, TURN, Turns


class Clock:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


STREAM, OTHER = uuid4(), uuid4()


async def at_once() -> None:
    """Nothing is under way."""


class TestAChain:
    async def test_of_a_few_commands_never_rests(self) -> None:
        turns = Turns(Clock())
        for _ in range(1_000):
            turns.chained(STREAM, at_once)
        assert not await turns.rested([STREAM])

    async def test_rests_after_its_turn_and_begins_again(self) -> None:
        turns = chained_for_a_turn(clock := Clock())
        assert not await turns.rested([OTHER])
        assert await turns.rested([OTHER, STREAM])
        assert not await turns.rested([STREAM])
        clock.now += REST / 2
        turns.chained(STREAM, at_once)
        assert not await turns.rested([STREAM])

    async def test_rests_when_nothing_of_it_is_under_way_any_more(self) -> None:
        settled = asyncio.Event()

        async def under_way() -> None:
            await settled.wait()

        turns = chained_for_a_turn(Clock(), under_way)
        resting = asyncio.create_task(turns.rested([STREAM]))
        await asyncio.wait([resting], timeout=2 * REST)
        assert not resting.done()
        settled.set()
        assert await resting

    async def test_that_pauses_by_itself_need_not_rest(self) -> None:
        turns = Turns(clock := Clock())
        while clock.now < 3 * TURN:
            turns.chained(STREAM, at_once)
            clock.now += 2 * REST
        assert not await turns.rested([STREAM])


class TestAScout:
    async def test_tries_while_its_neighbours_wait_for_it(self) -> None:
        turns = Turns()
        with turns.scout() as neighbour:
            with turns.scout() as scout:
                assert not await scout.waited(STREAM, lost=True, patience=9)
                waiting = asyncio.create_task(neighbour.waited(STREAM, lost=False, patience=9))
                assert not await scout.waited(STREAM, lost=True, patience=9)
                assert not waiting.done()
            assert await waiting
            assert not await neighbour.waited(STREAM, lost=True, patience=9), "there is none any more"

    async def test_is_waited_for_no_longer_than_patience(self) -> None:
        turns = Turns()
        with turns.scout() as scout, turns.scout() as neighbour:
            await scout.waited(STREAM, lost=True, patience=9)
            assert await neighbour.waited(STREAM, lost=True, patience=0)

    async def test_does_not_wait_for_another(self) -> None:
        turns = Turns()
        with turns.scout() as one, turns.scout() as another:
            await one.waited(STREAM, lost=True, patience=9)
            await another.waited(OTHER, lost=True, patience=9)
            assert not await one.waited(OTHER, lost=True, patience=9)
            assert not await another.waited(STREAM, lost=True, patience=9)

    async def test_is_nobody_who_only_lost_a_predecessor(self) -> None:
        turns = Turns()
        with turns.scout() as one, turns.scout() as another:
            assert not await one.waited(STREAM, lost=False, patience=9)
            assert not await another.waited(STREAM, lost=True, patience=9)


def chained_for_a_turn(clock: Clock, settled: Callable[[], Awaitable[None]] = at_once) -> Turns:
    """Turns whose one chain has gone on for long enough."""
    turns = Turns(clock)
    while clock.now <= TURN + REST:
        turns.chained(STREAM, settled)
        clock.now += REST / 2
    return turns

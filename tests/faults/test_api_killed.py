"""An API process dies in the middle of its work: `kill -9`, and SIGTERM, which it may answer before it goes."""

import asyncio
import signal
import time

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError

from tests.faults.running import CALM, Running

STOP_SECONDS = 10.0
RESTARTING = 1012


async def test_killed_it_has_lost_nothing_that_it_acknowledged(running: Running) -> None:
    victim, survivor = running.apis
    async with running.load() as load:
        await load.until_more(100)
        await load.until(lambda: len(load.in_flight_at(victim.port)) >= 3)
        victim.kill()
        in_flight = load.in_flight_at(victim.port)
        running.apis = [survivor]
        load.pause = CALM
        assert in_flight, "nothing was under way when it died"
        await load.until(lambda: not load.in_flight_at(victim.port))
        assert in_flight & load.failed.keys(), "none of what was under way failed"
        # The other one goes on, and a new one joins it.
        await load.until_more(50)
        running.apis.append(await asyncio.to_thread(running.stack.api))
        await load.until_more(50)

    asked_there = {key for key in load.failed if load.failed[key] == "unanswered"}
    assert load.failed.keys() == asked_there, load.failed
    await running.reckon(load)


async def test_asked_to_stop_it_answers_or_refuses_all_that_it_took_in(running: Running) -> None:
    leaving, staying = running.apis
    async with running.load() as load:
        headers = {"Authorization": f"Bearer {running.market.shoppers[0].token}"}
        async with connect(f"ws://127.0.0.1:{leaving.port}/ws/orders", additional_headers=headers) as socket:
            await load.until_more(100)
            await load.until(lambda: len(load.in_flight_at(leaving.port)) >= 3)
            begin = time.monotonic()
            leaving.process.send_signal(signal.SIGTERM)
            in_flight = load.in_flight_at(leaving.port)
            with pytest.raises(ConnectionClosedError) as closed:
                async for _ in socket:
                    pass
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == RESTARTING
        await asyncio.to_thread(leaving.process.wait, STOP_SECONDS)
        assert time.monotonic() - begin < STOP_SECONDS
        assert in_flight, "nothing was under way when it was asked to stop"
        # Who comes now finds the door closed.
        await load.until(lambda: bool(load.failed))
        running.apis = [staying]
        load.pause = CALM
        await load.until(lambda: not load.in_flight_at(leaving.port))
        await load.until_more(50)

    assert "Traceback" not in leaving.output()
    assert set(load.failed.values()) <= {"unanswered", "503 shutting_down"}
    carried_out = await load.ask_again()
    assert not carried_out, "it wrote orders into the log and told nobody"
    assert sorted(running.placed_after(load.begun_at)) == sorted(load.acknowledged.values())
    await running.reckon(load)

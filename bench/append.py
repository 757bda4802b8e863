"""The append: how many commands a second, with 1, 32 and 256 waiting, each event durable before its answer.

Every contestant writes events of 350 bytes, each to a new stream. *full* is what an order is: an event that
names its owner, an idempotency record with an answer of 900 bytes, and two of 200 guarded stock rows.
"""

import asyncio
import gc
import json
import random
import time
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from statistics import median
from typing import Any
from uuid import uuid4

import asyncpg
import uvloop
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

from bench.servers import describe, durable_postgres, pgbench, tell
from daybook.embedded import PostgresServer
from events.log.append import Append, Appended, IdempotencyKey, NewEvent, Outcome, StoredAnswer
from events.log.appender import Appender
from events.log.batch import Batch
from events.log.connect import connect, create_pool
from events.log.ids import new_id
from events.log.migrate import migrate
from events.log.reader import SQL
from events.log.tenants import add_tenant

ROUNDS = 5
SECONDS = 2.0
EVENT_BYTES = 350
ANSWER_BYTES = 900
CUSTOMERS = [uuid4() for _ in range(1000)]
PRODUCTS = [uuid4() for _ in range(200)]
TENANT = "default"
BASE = "pgbench, one-row INSERT, 32 clients"

_ROW = "INSERT INTO pgbench_events (id, data) VALUES (uuidv7(), convert_to(repeat('x', 350), 'UTF8'))"

Send = Callable[[Append], Awaitable[Outcome]]


@dataclass
class Contestant:
    """One line of the table. `measure`: commands a second, over so many seconds."""

    name: str
    measure: Callable[[float], float]
    aim: str = ""
    rates: list[float] = field(default_factory=list)


def run(rounds: int = ROUNDS, seconds: float = SECONDS) -> None:
    """Measure and print."""
    with durable_postgres() as server:
        uvloop.run(prepare(server))
        contestants = _contestants(server)
        for _ in range(rounds):
            for contestant in contestants:
                tell(server.owner_url(), "CHECKPOINT")
                contestant.rates.append(contestant.measure(seconds))
        print(f"append; medians of {rounds} interleaved rounds of {seconds:.0f} s; {describe(server.owner_url())}")
    print(
        f"events of {EVENT_BYTES} bytes; full: and an idempotency record ({ANSWER_BYTES} bytes), two guarded stock rows"
    )
    base = next(median(c.rates) for c in contestants if c.name == BASE)
    for c in contestants:
        rates = " ".join(f"{rate:,.0f}" for rate in c.rates)
        print(f"  {median(c.rates) / base:6.2f} ×  {median(c.rates):9,.0f}/s  {c.name:48} {c.aim:9} {rates}")


def _contestants(server: PostgresServer) -> list[Contestant]:
    url = server.url()
    aims = {(32, False): "≥ 1.2", (32, True): "≥ 0.6"}
    return [
        *(
            Contestant(
                f"daybook, {waiting} waiting, {'full' if full else 'plain'}",
                partial(_run, measure_appender, url, waiting, full),
                aims.get((waiting, full), ""),
            )
            for full in (False, True)
            for waiting in (1, 32, 256)
        ),
        *(
            Contestant(
                f"pgbench, one-row INSERT, {clients} client{'s' if clients > 1 else ''}",
                partial(pgbench, server.owner_url(), _ROW, clients),
            )
            for clients in (1, 8, 32)
        ),
        *(
            Contestant(
                f"a transaction a command, asyncpg pool of 32, {'full' if full else 'plain'}",
                partial(_run, _pool, url, 32, full),
            )
            for full in (False, True)
        ),
        Contestant(
            "eventsourcing, PostgresApplicationRecorder, 32 threads",
            lambda seconds: _library(server, 32, seconds),
            "≤ 0.1 of ours",
        ),
    ]


async def prepare(server: PostgresServer) -> None:
    """The schema, and a tenant with stock."""
    await migrate(server.owner_url())
    owner = await asyncpg.connect(server.owner_url())
    await add_tenant(owner, TENANT)
    await owner.execute("CREATE TABLE pgbench_events (id uuid PRIMARY KEY, data bytea NOT NULL)")
    await owner.close()
    stock = dict.fromkeys(PRODUCTS, 10**12)
    appender = Appender(TENANT, lambda: connect(server.url(), "bench"))
    await appender.append(Append(new_id(), (), "{}", stock=stock))
    await appender.close()


async def measure_appender(url: str, waiting: int, full: bool, seconds: float) -> float:
    """Commands a second that an appender makes of so many that wait."""
    appender = Appender(TENANT, lambda: connect(url, "bench"))
    rate = await _rate(appender.append, waiting, full, seconds)
    await appender.close()
    return rate


def _run(
    measured: Callable[[str, int, bool, float], Coroutine[Any, Any, float]],
    url: str,
    writers: int,
    full: bool,
    seconds: float,
) -> float:
    return uvloop.run(measured(url, writers, full, seconds))


async def _pool(url: str, size: int, full: bool, seconds: float) -> float:
    pool = await create_pool(url, "bench", max_size=size)

    async def send(append: Append) -> Outcome:
        batch = Batch([append])
        [answer] = await pool.fetch(SQL.append_commands, TENANT, *batch.arguments())
        outcomes, _ = batch.outcomes(answer)
        return outcomes[0]

    rate = await _rate(send, size, full, seconds)
    await pool.close()
    return rate


async def _rate(send: Send, writers: int, full: bool, seconds: float) -> float:
    # Made beforehand: it is not the log's work.
    ready = [_command(full) for _ in range(round(70_000 * seconds))]
    await send(ready.pop())
    gc.collect()
    done, begin = 0, time.perf_counter()
    end = begin + seconds

    async def write() -> None:
        nonlocal done
        while ready and time.perf_counter() < end:
            outcome = await send(ready.pop())
            if not isinstance(outcome, Appended):
                raise AssertionError(outcome)
            done += 1

    await asyncio.gather(*(write() for _ in range(writers)))
    return done / (time.perf_counter() - begin)


def _command(full: bool) -> Append:
    command_id, customer = new_id(), random.choice(CUSTOMERS)
    metadata = {"subject": str(customer), "role": "customer", "command_id": str(command_id)}
    if full:
        metadata["owner"] = str(customer)
    text = json.dumps(metadata)
    events = (NewEvent(new_id(), 1, "OrderPlaced", 1, b"x" * (EVENT_BYTES - len(text))),)
    if not full:
        return Append(command_id, events, text)
    answer = StoredAnswer(201, 1, f"/orders/{events[0].stream_id}", b"y" * ANSWER_BYTES)
    key = IdempotencyKey(customer, str(uuid4()), uuid4(), answer)
    return Append(command_id, events, text, stock=dict.fromkeys(random.sample(PRODUCTS, 2), -1), idempotency=key)


def _library(server: PostgresServer, threads: int, seconds: float) -> float:
    datastore = PostgresDatastore(
        dbname="daybook",
        host=str(server.owner_url().partition("host=")[2]),
        port=5432,
        user="daybook_owner",
        password="",
        pool_size=threads,
    )
    recorder = PostgresApplicationRecorder(datastore, events_table_name="library_events")
    recorder.create_table()
    end = time.perf_counter() + seconds
    state = b"x" * EVENT_BYTES

    def write(_: int) -> int:
        for done in count():
            if time.perf_counter() >= end:
                return done
            recorder.insert_events([StoredEvent(uuid4(), 1, "OrderPlaced", state)])
        raise AssertionError

    begin = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        done = sum(pool.map(write, range(threads)))
    datastore.close()
    return done / (time.perf_counter() - begin)

"""Sealing: how many events a second, from a log of 200,000 that was written before.

All that the archive does: read the log, make entries and leaves, grow tiles, sign, write, keep outside. "Of one core"
is by the processor time of the sealing process; the database's is its own. Beside it, the hashes alone.
"""

import resource
import secrets
import tempfile
import time
from pathlib import Path
from statistics import median

import asyncpg
import uvloop

from bench.servers import describe, durable_postgres
from daybook.embedded import PostgresServer
from events.log.connect import create_pool
from events.log.migrate import migrate
from events.log.reader import LogReader
from events.log.tenants import add_tenant
from events.tlog.merkle import leaf_hash
from events.tlog.tree import Tree
from projections.feed import Feed
from projections.sealing import Sealer, SealingProjection, SealingRunner

EVENTS = 200_000
ROUNDS = 3
TENANT = "default"
AIM = 10_000

_FILL = """
INSERT INTO events
    (tenant_id, position, stream_id, stream_version, event_type, schema_version, data, metadata, recorded_at)
SELECT 'default', n, gen_random_uuid(), 1, 'OrderPlaced', 1, convert_to(repeat('x', 700), 'UTF8'),
       jsonb_build_object('subject', gen_random_uuid(), 'role', 'customer', 'command_id', gen_random_uuid(),
                          'correlation_id', replace(gen_random_uuid()::text, '-', ''), 'owner', gen_random_uuid()),
       now()
FROM generate_series(1, $1::int) n
"""


def run(events: int = EVENTS, rounds: int = ROUNDS) -> None:
    """Measure and print."""
    with durable_postgres() as server:
        uvloop.run(_prepare(server, events))
        print(f"sealing a log of {events:,} events; {describe(server.url())}; medians of {rounds}")
        measured = [uvloop.run(_seal(server, events)) for _ in range(rounds)]
    wall, of_one_core = (median(one[n] for one in measured) for n in (0, 1))
    alone = _hash(events)
    print(f"  {'by the clock':14} {wall:9,.0f} events/s")
    print(f"  {'of one core':14} {of_one_core:9,.0f} events/s  (≥ {AIM:,}; {1e6 / of_one_core:.1f} µs an event)")
    print(f"  {'hashes alone':14} {alone:9,.0f} events/s")


async def _prepare(server: PostgresServer, events: int) -> None:
    await migrate(server.owner_url())
    owner = await asyncpg.connect(server.owner_url())
    await add_tenant(owner, TENANT)
    await owner.execute(_FILL, events)
    await owner.execute("UPDATE log_heads SET position = $1", events)
    await owner.execute("VACUUM ANALYZE events")
    await owner.close()


async def _seal(server: PostgresServer, events: int) -> tuple[float, float]:
    """Events a second by the clock, and by this process's time on the processor."""
    owner = await asyncpg.connect(server.owner_url())
    await owner.execute("TRUNCATE checkpoints")
    await owner.execute("SET session_replication_role = replica")
    for table in ("seal_tiles", "seal_checkpoints", "seal_origins"):
        await owner.execute(f"DELETE FROM {table}")
    await owner.close()
    pool = await create_pool(server.url(), "bench seal", max_size=2)
    with tempfile.TemporaryDirectory(prefix="bench-seals-") as folder:
        sealer = Sealer(secrets.token_bytes(32), "bench.example", Path(folder))
        sealing = SealingProjection(TENANT, sealer, pool)
        runner = SealingRunner(TENANT, sealing, pool, Feed(LogReader(pool, TENANT)), _Leader())
        before, begin = _cpu_seconds(), time.perf_counter()
        assert await runner.catch_up() == events
        taken, used = time.perf_counter() - begin, _cpu_seconds() - before
    await pool.close()
    return events / taken, events / used


def _hash(events: int) -> float:
    entry = b"x" * 450
    begin = time.perf_counter()
    tree, _ = Tree().grown([leaf_hash(entry) for _ in range(events)])
    tree.root()
    return events / (time.perf_counter() - begin)


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class _Leader:
    async def holds(self, name: str) -> bool:
        return True

    async def gives_up(self, name: str) -> None:
        pass

"""The archive process: what is posted from the log for later, when there is time. It gives way to all others."""

import asyncio
import contextlib
import signal
from collections.abc import Sequence

import asyncpg
import httpx
import uvloop

from daybook.collector import spare_the_collector
from daybook.failure import Failure
from daybook.logs import configure_logs
from daybook.priority import Pace, give_way
from daybook.read_models import make_deferred_read_models
from daybook.settings import Settings
from daybook.supervised import watch_supervisor
from daybook.wiring import connect_redis
from events.codec import Codec
from events.log.connect import connect, create_pool
from events.log.reader import LogReader
from events.log.tenants import all_tenants
from events.personal import Keyring
from projections.feed import Feed
from projections.leadership import AdvisoryLeadership
from projections.projector import Projector
from projections.runner import Leadership, Pacer, Runner
from projections.sealing import Sealer, SealingProjection, SealingRunner
from projections.witnessing import Witness, Witnessing, parse_witnesses

_LONGEST_REST = 30.0
"""Seconds: so late may a search be, while orders fill the machine."""

_GATHER = 0.5
"""Seconds between two batches of a read model at most, while events pour in: fewer and fuller ones cost less."""


def run(settings: Settings) -> None:
    """Post until SIGTERM or SIGINT. What is cut off then was not committed, and is done again at the next start."""
    configure_logs(settings)
    watch_supervisor()
    give_way()
    spare_the_collector()
    uvloop.run(_run(settings, make_sealer(settings), read_witnesses(settings)))


def make_sealer(settings: Settings) -> Sealer:
    """What seals. Raises Failure without a key."""
    if settings.seal_key is None:
        raise Failure("SEAL_KEY is not set: make one with `openssl rand -base64 32`, and keep it well", 2)
    return Sealer(settings.seal_key, settings.seal_origin, settings.seal_folder)


def read_witnesses(settings: Settings) -> list[Witness]:
    """Who signs our checkpoints, too. Raises Failure when the file makes no sense."""
    if settings.seal_witnesses is None:
        return []
    try:
        return parse_witnesses(settings.seal_witnesses.read_text(encoding="utf-8"))
    except OSError as error:
        raise Failure(f"SEAL_WITNESSES cannot be read: {error.strerror}", 2) from None
    except ValueError as error:
        raise Failure(f"SEAL_WITNESSES: {error}", 2) from None


async def _run(settings: Settings, sealer: Sealer, witnesses: Sequence[Witness]) -> None:
    task = asyncio.current_task()
    if task is not None:
        for signal_ in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(signal_, task.cancel)
    application = "daybook archive"
    # What is kept outside the database must not be ahead of it after a crash of the machine: commits wait for the disk.
    durable = await create_pool(settings.database_url, application, max_size=4)
    redis = connect_redis(settings.redis_url, waiting=True)
    leadership = AdvisoryLeadership(lambda: connect(settings.database_url, f"{application} leader"))

    pace = Pace(longest_rest=_LONGEST_REST)

    def build(tenant: str) -> Sequence[Runner]:
        codec = Codec(Keyring(durable, tenant, settings.master_keys))
        return make_archive_runners(durable, tenant, codec, sealer, leadership, pace=pace)

    with contextlib.suppress(asyncio.CancelledError):
        try:
            async with httpx.AsyncClient() as client, asyncio.TaskGroup() as tasks:
                tasks.create_task(Projector(redis, lambda: all_tenants(durable), build).run(), name="project")
                if witnesses:
                    witnessing = Witnessing(durable, lambda: all_tenants(durable), witnesses, client)
                    tasks.create_task(witnessing.run(), name="witnesses")
        finally:
            await leadership.close()
            await redis.aclose()
            await durable.close()


def make_archive_runners(
    durable: asyncpg.Pool,
    tenant: str,
    codec: Codec,
    sealer: Sealer,
    leadership: Leadership,
    *,
    gather: float = _GATHER,
    seal_every: float = 1.0,
    pace: Pacer | None = None,
) -> Sequence[Runner]:
    """A tenant's runners. `gather`: as of Runner. `seal_every`: seconds between two checkpoints at least, unless events
    pour in."""
    feed = Feed(LogReader(durable, tenant))
    sealing = SealingProjection(tenant, sealer, durable)
    return [
        SealingRunner(tenant, sealing, durable, feed, leadership, every=seal_every, pace=pace),
        *(
            Runner(tenant, projection, durable, feed, leadership, gather=gather, pace=pace)
            for projection in make_deferred_read_models(tenant, codec)
        ),
    ]

"""The projector process: every projection of every tenant."""

import asyncio
import contextlib
import signal
from collections.abc import Sequence

import asyncpg
import uvloop
from redis.asyncio import Redis

from consumers.broker import make_broker
from consumers.enqueue import Enqueuer
from daybook.collector import spare_the_collector
from daybook.kept_mails import KeptMails
from daybook.logs import configure_logs
from daybook.read_models import make_prompt_read_models
from daybook.settings import Settings
from daybook.supervised import watch_supervisor
from daybook.wiring import connect_redis
from events.codec import Codec
from events.log.connect import connect, create_pool
from events.log.lasting import CONNECTION_LOST
from events.log.purge import purge_keys, purge_sessions
from events.log.reader import LogReader
from events.log.tenants import all_tenants
from events.personal import Keyring
from projections.accounts import AccountsProjection
from projections.confirmations import ConfirmationsProjection, Enqueue
from projections.erasure import ErasureProjection, RemoveMails, keeps_no_mails, remove_late_mails
from projections.fanout import FanoutProjection
from projections.feed import Feed
from projections.leadership import AdvisoryLeadership
from projections.projection import Projection
from projections.projector import Projector
from projections.runner import Leadership, Runner

_GATHER = 0.15
"""Seconds between two batches at most, while events pour in. Few events are applied at once, as they come."""


def run(settings: Settings) -> None:
    """Project until SIGTERM or SIGINT. What is cut off then was not committed, and is done again at the next start."""
    configure_logs(settings)
    watch_supervisor()
    spare_the_collector()
    uvloop.run(_run(settings))


async def _run(settings: Settings) -> None:
    task = asyncio.current_task()
    if task is not None:
        for signal_ in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(signal_, task.cancel)
    application = "daybook projector"
    # Rows and checkpoint are lost together if the machine dies, and made again: no commit needs to wait for the disk.
    pool = await create_pool(settings.database_url, application, max_size=8, synchronous_commit="off")
    redis = connect_redis(settings.redis_url, waiting=True)
    leadership = AdvisoryLeadership(lambda: connect(settings.database_url, f"{application} leader"))
    enqueue = Enqueuer(make_broker(settings.redis_url))
    mails = KeptMails(settings.data / "mail")

    def build(tenant: str) -> Sequence[Runner]:
        codec = Codec(Keyring(pool, tenant, settings.master_keys))
        return make_runners(pool, tenant, codec, redis, enqueue, leadership, mails.remove)

    with contextlib.suppress(asyncio.CancelledError):
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_keep_house(pool), name="purge")
                tasks.create_task(_remove_late_mails(pool, mails.remove), name="late mails")
                tasks.create_task(Projector(redis, lambda: all_tenants(pool), build).run(), name="project")
        finally:
            await leadership.close()
            await redis.aclose()
            await pool.close()


async def _keep_house(pool: asyncpg.Pool) -> None:
    """Forget idempotency keys and sessions whose time is over, now and every hour."""
    while True:
        with contextlib.suppress(*CONNECTION_LOST, asyncpg.PostgresError):
            for tenant in await all_tenants(pool):
                await purge_keys(pool, tenant)
                await purge_sessions(pool, tenant)
        await asyncio.sleep(3600)


async def _remove_late_mails(pool: asyncpg.Pool, remove: RemoveMails) -> None:
    """Mails that were under way when their recipients were forgotten."""
    while True:
        with contextlib.suppress(*CONNECTION_LOST, asyncpg.PostgresError):
            for tenant in await all_tenants(pool):
                await remove_late_mails(pool, tenant, remove)
        await asyncio.sleep(2.0)


def make_runners(
    pool: asyncpg.Pool,
    tenant: str,
    codec: Codec,
    redis: Redis,
    enqueue: Enqueue,
    leadership: Leadership,
    remove_mails: RemoveMails = keeps_no_mails,
) -> Sequence[Runner]:
    """A tenant's runners: the read models, what forgets, and behind the read models what leaves the service.

    `remove_mails`: from where the mails of a demonstration are kept.
    """
    feed = Feed(LogReader(pool, tenant))

    def runner(projection: Projection, behind: Sequence[Runner] = ()) -> Runner:
        return Runner(tenant, projection, pool, feed, leadership, gather=_GATHER, behind=behind)

    inward = [
        runner(projection)
        for projection in (
            *make_prompt_read_models(tenant, codec),
            AccountsProjection(tenant, codec, redis),
            ErasureProjection(tenant, redis, remove_mails),
        )
    ]
    outward = [
        runner(projection, [one for one in inward if one.projection.name in projection.follows])
        for projection in (FanoutProjection(tenant, redis), ConfirmationsProjection(tenant, enqueue))
    ]
    return [*inward, *outward]

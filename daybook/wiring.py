"""Wiring, in one place: settings in, connections and shops out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from redis.asyncio import Redis

from daybook.erasure_watch import ErasureWatch
from daybook.settings import Settings
from daybook.shop import Shop, make_shop
from events.log.appender import Observer
from events.log.connect import create_pool
from events.log.tenants import all_tenants
from events.log.wakeups import Waker


class UnknownTenant(LookupError):
    """There is no such tenant."""


class Service:
    """What a process shares: one pool, one Redis client, a waker, and a shop for each tenant it serves."""

    def __init__(
        self,
        settings: Settings,
        application: str,
        pool: asyncpg.Pool,
        redis: Redis,
        observer: Observer | None,
    ) -> None:
        self.settings = settings
        self.pool = pool
        self.redis = redis
        self.waker = Waker(redis)
        self._application = application
        self._observer = observer
        self._shops: dict[str, Shop] = {}

    async def shop(self, tenant: str) -> Shop:
        """The tenant's shop, made at first use. Raises UnknownTenant."""
        shop = self._shops.get(tenant)
        if shop is None:
            if tenant not in await all_tenants(self.pool):
                raise UnknownTenant(tenant)
            shop = self._shops.setdefault(tenant, self._make(tenant))
        return shop

    def shops(self) -> tuple[Shop, ...]:
        """The parts of the tenants that were made so far."""
        return tuple(self._shops.values())

    def served(self) -> tuple[str, ...]:
        """The tenants whose parts were made so far."""
        return tuple(self._shops)

    async def close_appenders(self) -> None:
        """Take no more commands; those that were taken in are answered."""
        for shop in self._shops.values():
            await shop.appender.close()
        await self.waker.close()

    def _make(self, tenant: str) -> Shop:
        def committed(commands: int, seconds: float, head: int) -> None:
            self.waker.tell(tenant, head)
            if self._observer is not None:
                self._observer(commands, seconds, head)

        settings = self.settings
        return make_shop(
            tenant,
            self.pool,
            settings.database_url,
            settings.secret,
            settings.master_keys,
            application=self._application,
            observer=committed,
        )


def connect_redis(url: str, *, waiting: bool = False) -> Redis:
    """A Redis client that fails within a second instead of waiting: Redis is only a hint here.

    `waiting`: for one that listens to channels, where silence is no failure.
    """
    return Redis.from_url(
        url,
        socket_connect_timeout=1.0,
        socket_timeout=None if waiting else 1.0,
        health_check_interval=15,
    )


@asynccontextmanager
async def open_service(
    settings: Settings, application: str, observer: Observer | None = None, *, synchronous_commit: str = "on"
) -> AsyncIterator[Service]:
    """Connect; and on the way out answer what was taken in, then disconnect.

    `synchronous_commit`: of what is written past the log. The log's own commits are always durable.
    """
    pool = await create_pool(settings.database_url, application, synchronous_commit=synchronous_commit)
    redis = connect_redis(settings.redis_url)
    service = Service(settings, application, pool, redis, observer)
    watch = ErasureWatch(connect_redis(settings.redis_url, waiting=True), service.shops)
    watch.start()
    try:
        yield service
    finally:
        await service.close_appenders()
        await watch.close()
        await redis.aclose()
        await pool.close()

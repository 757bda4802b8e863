"""The projector: all projections of all tenants in one process, woken over Redis."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence

import asyncpg
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from events.log.lasting import CONNECTION_LOST
from events.log.wakeups import appended_channel
from projections.runner import Runner

log = structlog.get_logger("projector")


class Projector:
    """Runs what `build` makes for each tenant, and looks for new tenants from time to time."""

    def __init__(
        self,
        redis: Redis,
        tenants: Callable[[], Awaitable[Sequence[str]]],
        build: Callable[[str], Sequence[Runner]],
        *,
        look_every: float = 5.0,
    ) -> None:
        self._redis = redis
        self._tenants = tenants
        self._build = build
        self._look_every = look_every
        self._runners: dict[str, Sequence[Runner]] = {}

    async def run(self) -> None:
        """Run until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen(), name="wake-ups")
            while True:
                with contextlib.suppress(*CONNECTION_LOST, asyncpg.PostgresError):
                    for tenant in await self._tenants():
                        if tenant not in self._runners:
                            self._runners[tenant] = self._build(tenant)
                            for runner in self._runners[tenant]:
                                tasks.create_task(runner.run(), name=f"{tenant}/{runner.projection.name}")
                            log.info("projecting", tenant=tenant)
                await asyncio.sleep(self._look_every)

    async def _listen(self) -> None:
        """Wake a tenant's runners when its log has grown. Without Redis they poll."""
        while True:
            try:
                async with self._redis.pubsub() as listener:
                    await listener.psubscribe(appended_channel("*"))
                    async for message in listener.listen():
                        self._wake(message)
            except (RedisError, OSError):
                await asyncio.sleep(0.5)

    def _wake(self, message: dict[str, object]) -> None:
        for tenant, runners in self._runners.items():
            # A new subscription follows a lost one, and with it perhaps lost messages: everyone looks.
            if message["type"] != "pmessage" or message["channel"] == appended_channel(tenant).encode():
                for runner in runners:
                    if not runner.projection.follows:
                        runner.wake()

"""The live end of each tenant's log in this process: how far streams may read, and who listens."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import asyncpg
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from api.live.frames import Frames
from api.live.subscription import Subscription
from events.codec import Codec
from events.log.lasting import CONNECTION_LOST
from events.log.reader import LogReader
from events.opaque import Positions
from projections.checkpoints import read_checkpoint
from projections.fanout import FanoutProjection, fanout_channel

PAGE = 500
POLL = 1.0
"""Seconds after which the checkpoint is read although nobody told of it; without Redis more often."""
POLL_WITHOUT_REDIS = 0.1

log = structlog.get_logger("live")


class Hub:
    """One tenant. `position` is how far its subscribers have been given all that they may see.

    Redis is only a hint that there is more: what there is comes from the log, up to the fan-out's checkpoint, in
    order. So a lost message costs time and never an event, and a stream never outruns the read models.
    """

    def __init__(self, tenant: str, pool: asyncpg.Pool, reader: LogReader, frames: Frames) -> None:
        self.tenant = tenant
        self.frames = frames
        self.position = 0
        self._pool = pool
        self._reader = reader
        self._subscribers: set[Subscription] = set()
        self._hint = asyncio.Event()

    def hint(self) -> None:
        """There may be more."""
        self._hint.set()

    def join(self, subscription: Subscription) -> None:
        """From here on the subscription is given what comes after `position`."""
        self._subscribers.add(subscription)

    def leave(self, subscription: Subscription) -> None:
        """It is given nothing any more."""
        self._subscribers.discard(subscription)

    async def start(self) -> None:
        """Begin at the fan-out's checkpoint."""
        self.position = await self._checkpoint()

    async def run(self, redis_listens: Callable[[], bool]) -> None:
        """Follow the log until cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL if redis_listens() else POLL_WITHOUT_REDIS):
                    await self._hint.wait()
            self._hint.clear()
            try:
                await self._advance(await self._checkpoint())
            except (*CONNECTION_LOST, asyncpg.PostgresError) as error:
                log.warning("live streams wait for the database", tenant=self.tenant, error=type(error).__name__)
                await asyncio.sleep(0.5)

    async def _checkpoint(self) -> int:
        return await read_checkpoint(self._pool, self.tenant, FanoutProjection.name)

    async def _advance(self, checkpoint: int) -> None:
        while self.position < checkpoint:
            if not self._subscribers:
                self.position = checkpoint
                return
            page = await self._reader.after(self.position, PAGE, until=checkpoint)
            if not page:
                return
            live = await self.frames.of(page)
            # From here to the end nothing is awaited: no subscriber joins between position and frames.
            for subscription in list(self._subscribers):
                if not subscription.offer(live):
                    self.leave(subscription)
            self.position = page[-1].position


class Hubs:
    """All tenants' hubs, and the one listener that hints them."""

    def __init__(self, pool: asyncpg.Pool, redis: Redis) -> None:
        self._pool = pool
        self._redis = redis
        self._hubs: dict[str, Hub] = {}
        self._starting = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listens = False

    async def hub(self, reader: LogReader, codec: Codec, positions: Positions) -> Hub:
        """The hub of a tenant, started at first use."""
        async with self._starting:
            hub = self._hubs.get(reader.tenant)
            if hub is None:
                hub = Hub(reader.tenant, self._pool, reader, Frames(reader.tenant, codec, positions))
                await hub.start()
                if not self._hubs:
                    self._spawn(self._listen())
                self._hubs[reader.tenant] = hub
                self._spawn(hub.run(lambda: self._listens))
        return hub

    async def close(self) -> None:
        """End what runs here."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _listen(self) -> None:
        """Hints from Redis. A subscription that had to be made again may have missed some: then everyone looks."""
        channels = {}
        while True:
            try:
                async with self._redis.pubsub() as listener:
                    await listener.psubscribe(fanout_channel("*"))
                    async for message in listener.listen():
                        self._listens = True
                        channels = {fanout_channel(tenant).encode(): hub for tenant, hub in self._hubs.items()}
                        if message["type"] == "pmessage":
                            if (hub := channels.get(message["channel"])) is not None:
                                hub.hint()
                        else:
                            for hub in self._hubs.values():
                                hub.hint()
            except (RedisError, OSError):
                self._listens = False
                await asyncio.sleep(0.25)

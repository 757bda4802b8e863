"""The sweep: whenever the queue is short it brings what is due, whoever forgot it.

So a flushed Redis, a projector that died before it enqueued, a worker that died in the middle, a backoff that
is over and a queue that was full all end the same way. Any number of sweeps may run: an extra message does
nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import asyncpg
import structlog

from consumers.deliver import SQL
from consumers.enqueue import AT_ONCE, LONGEST, Enqueuer

SHORT = LONGEST // 2
"""From so much room on. Below it the messages in the queue would mostly be enqueued a second time."""

log = structlog.get_logger("worker")


class Sweep:
    """Looks every `every` seconds for deliveries that have been due for `grace` seconds: until then a message
    for them is probably on its way."""

    def __init__(
        self,
        db: asyncpg.Pool,
        enqueue: Enqueuer,
        tenants: Callable[[], Awaitable[Sequence[str]]],
        *,
        every: float = 1.0,
        grace: float = 2.0,
        short: int = SHORT,
    ) -> None:
        self._db = db
        self._enqueue = enqueue
        self._tenants = tenants
        self._every = every
        self._grace = grace
        self._short = short

    async def run(self) -> None:
        """Run until cancelled, whatever happens: without a sweep, what was forgotten once would stay so."""
        trouble = ""
        while True:
            try:
                await self.once()
                trouble = ""
            except Exception as error:
                # Mostly a lost database. Said once, and again when it becomes another trouble.
                if trouble != (trouble := type(error).__name__):
                    log.warning("the sweep cannot look", error=trouble)
            await asyncio.sleep(self._every)

    async def once(self) -> int:
        """Enqueue what is due, the same share for every tenant; answers how many."""
        room = await self._enqueue.room()
        if room < self._short:
            return 0
        tenants = await self._tenants()
        share = max(room // max(len(tenants), 1), 1) * AT_ONCE
        brought = 0
        for tenant in tenants:
            rows = await self._db.fetch(SQL.find_due_deliveries, tenant, self._grace, share)
            if rows:
                await self._enqueue(tenant, [row["delivery_id"] for row in rows])
                brought += len(rows)
        return brought

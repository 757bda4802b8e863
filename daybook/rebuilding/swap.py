"""The swap: what was made beside serves, and what served is kept, in one transaction.

The checkpoints of the serving projection are locked first, as a runner does (its first statement moves the checkpoint),
so every runner stands still while the last events are applied to what comes. Then the tables change their schemas and
the checkpoints their names. A runner that waited finds the checkpoint gone to another name, and begins again where the
one that came stands. Readers wait for as long as it takes to move a few names.
"""

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg

from daybook.failure import Failure
from daybook.rebuilding.tables import SQL, exchange, shut
from events.log.tenants import all_tenants
from projections.beside import Place
from projections.checkpoints import SQL as CHECKPOINTS
from projections.projection import Projection

_READERS_WAIT = "200ms"
"""For the tables at most; then the swap steps back and lets them through. It tries again."""
_TRIES = 600
_PAUSE = 0.5

CatchUp = Callable[[str, int], Awaitable[int]]
"""Brings a tenant's second set of tables up to a position at least; answers the position that it is at."""


class StreamsParked(Failure):
    """Streams could not be applied: these rows are not all that there should be."""


async def swap(owner: asyncpg.Connection, coming: Place, projection: Projection, catch_up: CatchUp) -> None:
    """Have what came serve. Until this is done, nothing has changed. Raises Failure, StreamsParked."""
    for _ in range(_TRIES):
        try:
            await _try(owner, coming, projection, catch_up)
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            await asyncio.sleep(_PAUSE)
        else:
            return
    raise Failure(
        f"somebody reads or writes {', '.join(projection.tables)} all the time, perhaps a backup or `daybook verify`:"
        f" nothing was swapped, try again later"
    )


async def _try(owner: asyncpg.Connection, coming: Place, projection: Projection, catch_up: CatchUp) -> None:
    serving, kept = projection.name, Place(projection.name, "previous")
    async with owner.transaction():
        await owner.execute("SET LOCAL lock_timeout = '5s'")
        # No shop opens meanwhile: its rows would be posted to the tables that go.
        await owner.execute("LOCK TABLE tenants IN SHARE MODE")
        tenants = await all_tenants(owner)
        for tenant in tenants:
            # A projector that has not begun has no rows there, of no version.
            await owner.execute(CHECKPOINTS.add_checkpoint, tenant, serving, 1)
            position = await owner.fetchval(CHECKPOINTS.lock_checkpoint, tenant, serving)
            await catch_up(tenant, position)
        await owner.execute(f"SET LOCAL lock_timeout = '{_READERS_WAIT}'")
        await shut(owner, projection.tables)
        await exchange(owner, coming, projection.tables)
        for tenant in tenants:
            between = f"{serving}~coming"
            await owner.execute(SQL.rename_progress, tenant, coming.checkpoint, between)
            await owner.execute(SQL.delete_progress, tenant, kept.checkpoint)
            await owner.execute(SQL.rename_progress, tenant, serving, kept.checkpoint)
            await owner.execute(SQL.rename_progress, tenant, between, serving)

"""Loading whole streams into the tables that are made, with all cores."""

import asyncio
import contextlib
import os
from collections.abc import Callable

import asyncpg

from daybook.read_models import make_read_model
from daybook.rebuilding.cores import beside as beside_this_one
from daybook.rebuilding.cores import cores
from daybook.rebuilding.tables import SQL
from daybook.settings import Settings
from events.codec import Codec
from events.log.connect import create_pool
from events.personal import Keyring
from projections.beside import Beside, Place
from projections.projection import OfStreams, WholeStreams
from projections.whole_streams import apply_next_range

_STATEMENT_SECONDS = 300.0
_RANGES_FOR_A_PROCESS = 2
"""With fewer a process more would hardly have begun when all is done."""

Told = Callable[[int, int], None]
"""Is told how many positions are done, and of how many."""


async def open_pool(settings: Settings, place: Place) -> asyncpg.Pool:
    """Connections of the service's role that find the second set of tables first."""
    return await create_pool(
        settings.database_url,
        f"daybook {place.kind} {place.projection}",
        max_size=4,
        synchronous_commit="off",
        schema=place.schema,
        statement_timeout=_STATEMENT_SECONDS,
    )


def make_beside(pool: asyncpg.Pool, tenant: str, place: Place, settings: Settings) -> Beside:
    """The projection that writes there. Raises Failure."""
    codec = Codec(Keyring(pool, tenant, settings.master_keys))
    return Beside(make_read_model(place.projection, tenant, codec), place)


async def load_streams(settings: Settings, pool: asyncpg.Pool, tenant: str, place: Place, told: Told) -> int:
    """Load every range of a tenant's log that is not done; answers the position up to which its streams are made."""
    beside = make_beside(pool, tenant, place, settings)
    streams = whole_streams(beside)
    (planned,) = await pool.fetch(SQL.count_ranges, tenant)
    if streams is None or planned["ranges"] == 0:
        return 0
    told(planned["positions"], planned["until"])
    helpers = min(cores(), (planned["ranges"] - planned["done"]) // _RANGES_FOR_A_PROCESS) - 1
    with beside_this_one(_load_what_is_left, [(settings, tenant, place)] * helpers):
        made = planned
        while made["done"] < made["ranges"]:
            # What another process has taken, and did not finish, can be taken again.
            if not await apply_next_range(pool, tenant, beside, streams):
                await asyncio.sleep(0.05)
            (made,) = await pool.fetch(SQL.count_ranges, tenant)
            told(made["positions"], made["until"])
    return int(planned["until"])


def whole_streams(beside: Beside) -> WholeStreams | None:
    """What of its streams is enough, if it is made of whole streams."""
    projection = beside.projection
    return projection.whole_streams if isinstance(projection, OfStreams) else None


async def _load_what_is_left(settings: Settings, tenant: str, place: Place) -> None:
    parent = os.getppid()
    async with await open_pool(settings, place) as pool:
        beside = make_beside(pool, tenant, place, settings)
        streams = whole_streams(beside)
        with contextlib.suppress(asyncpg.PostgresError, OSError):
            # Who started this one may be killed, and tell nobody.
            while streams and os.getppid() == parent and await apply_next_range(pool, tenant, beside, streams):
                pass

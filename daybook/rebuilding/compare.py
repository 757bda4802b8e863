"""What was made beside, row by row against aggregates that are folded from the log afresh."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from daybook.rebuilding.cores import beside
from daybook.replay import SQL, Part, Replay, Tally
from daybook.settings import Settings
from events.codec import Codec
from events.log.connect import APP_ROLE
from events.personal import Keyring
from projections.beside import Place
from projections.checkpoints import read_checkpoint

COMPARED = ("orders", "catalogue", "waiting")
"""The read models that the replay tells in another way than their projections do."""


async def compare(settings: Settings, place: Place, tenant: str, version: int, *, parts: int) -> Tally | None:
    """How many rows were compared, and how many are wrong. None: there is nothing to compare them with.

    `parts`: processes at once; only orders can be compared each by itself.
    """
    if place.projection not in COMPARED:
        return None
    parts = parts if place.projection == "orders" else 1
    about = (settings, place, tenant, version)
    with beside(_compare, [(*about, Part(number, parts)) for number in range(1, parts)]) as others:
        tally = await _compare(*about, Part(0, parts))
        for other in await others():
            tally.add(other)
    return tally


async def _compare(settings: Settings, place: Place, tenant: str, version: int, part: Part) -> Tally:
    async with _snapshot(settings, place) as connection:
        position = await read_checkpoint(connection, tenant, place.checkpoint, version)
        codec = Codec(Keyring(connection, tenant, settings.master_keys))
        match place.projection:
            case "orders":
                replay = Replay(connection, tenant, codec, orders_until=position, part=part)
                await replay.run()
                counts = await connection.fetchrow(SQL.counts, tenant) if part.number == 0 else None
                if counts is not None and counts["wrong"]:
                    replay.orders.fault(f"counts of {counts['example']}")
                return replay.orders
            case "catalogue":
                replay = Replay(connection, tenant, codec, catalogue_until=position)
                await replay.run()
                return replay.products
            case _:
                replay = Replay(connection, tenant, codec, orders_until=position)
                await replay.run()
                await replay.compare_waiting()
                return replay.waiting


@asynccontextmanager
async def _snapshot(settings: Settings, place: Place) -> AsyncIterator[asyncpg.Connection]:
    """A connection that sees one moment of these tables."""
    connection = await asyncpg.connect(
        settings.database_url,
        timeout=5.0,
        server_settings={
            "role": APP_ROLE,
            "application_name": f"daybook {place.kind} {place.projection} compared",
            "jit": "off",
            "search_path": f"{place.schema}, public",
        },
    )
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            yield connection
    finally:
        await connection.close()

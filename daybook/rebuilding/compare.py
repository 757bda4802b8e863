"""What was made beside, row by row against aggregates that are folded from the log afresh."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from daybook.replay import SQL, Replay, Tally
from daybook.settings import Settings
from events.codec import Codec
from events.log.connect import APP_ROLE
from events.personal import Keyring
from projections.beside import Place
from projections.checkpoints import read_checkpoint

COMPARED = ("orders", "catalogue", "waiting")
"""The read models that the replay tells in another way than their projections do."""


async def compare(settings: Settings, place: Place, tenant: str, version: int) -> Tally | None:
    """How many rows were compared, and how many are wrong. None: there is nothing to compare them with."""
    if place.projection not in COMPARED:
        return None
    async with _snapshot(settings, place) as connection:
        position = await read_checkpoint(connection, tenant, place.checkpoint, version)
        until = {"orders_until": 0, "catalogue_until": 0, "accounts_until": 0}
        until["catalogue_until" if place.projection == "catalogue" else "orders_until"] = position
        replay = Replay(connection, tenant, Codec(Keyring(connection, tenant, settings.master_key)), **until)
        await replay.run()
        match place.projection:
            case "orders":
                counts = await connection.fetchrow(SQL.counts, tenant)
                if counts is not None and counts["wrong"]:
                    replay.orders.fault(f"counts of {counts['example']}")
                return replay.orders
            case "catalogue":
                return replay.products
            case _:
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

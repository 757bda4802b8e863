"""What must be done to all sets of a table is done to the one that serves, to one that is rebuilt, and to one kept."""

import asyncpg
import pytest

from daybook.failure import Failure
from daybook.rebuilding.rebuild import rebuild
from daybook.settings import Settings
from events.log.append import NewEvent
from projections.beside import every_place
from tests.projections.book import Book
from tests.projections.business import placed
from tests.rebuilding.conftest import Heard


async def test_each_is_found_in_turn(
    book: Book, settings: Settings, owner: asyncpg.Connection, reporter: Heard
) -> None:
    await book.given(placed())
    await rebuild(settings, "orders", reporter)
    await book.append_events(NewEvent(placed().id, 1, "OrderPlaced", 1, b"{}"))
    with pytest.raises(Failure, match="could not be applied"):
        await rebuild(settings, "orders", reporter)
    async with book.pool.acquire() as connection, connection.transaction():
        async for _ in every_place(connection, "order_list"):
            assert await connection.execute("UPDATE order_list SET document = 'erased'") == "UPDATE 1"
        assert await connection.fetchval("SELECT current_setting('search_path')") == "public"
    for schema in ("public", "previous_orders", "rebuild_orders"):
        assert await owner.fetchval(f"SELECT document FROM {schema}.order_list") == "erased"  # noqa: S608

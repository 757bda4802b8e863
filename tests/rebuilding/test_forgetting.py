"""Who is forgotten is forgotten in the tables that are kept, too, and in those that are made."""

from uuid import uuid4

import asyncpg
import pytest

from daybook.rebuilding.rebuild import rebuild, rollback
from daybook.settings import Settings
from events.domain.customer import Customer
from tests.projections.book import Book
from tests.projections.business import placed
from tests.rebuilding.conftest import Heard


async def readable(owner: asyncpg.Connection, table: str) -> set[str]:
    """The schemas in which a set of this table still names Ada."""
    schemas = [
        row["schemaname"] for row in await owner.fetch("SELECT schemaname FROM pg_tables WHERE tablename = $1", table)
    ]
    return {
        schema
        for schema in schemas
        if await owner.fetchval(
            f"SELECT bool_or(t::text ILIKE '%lovelace%') FROM {schema}.{table} t"  # noqa: S608  # one of ours
        )
    }


@pytest.mark.parametrize(("name", "table"), [("orders", "order_list"), ("search", "order_search")])
async def test_in_all_sets_of_a_read_model(
    book: Book, settings: Settings, owner: asyncpg.Connection, reporter: Heard, name: str, table: str
) -> None:
    customer = Customer.add(uuid4(), name="Ada Lovelace", email="ada@example.com")
    await book.given(customer, placed(customer.id))
    await rebuild(settings, name, reporter)
    assert await readable(owner, table) == {"public", f"previous_{name}"}
    customer.erase("customer_request")
    await book.given(customer)
    assert await readable(owner, table) == set()
    await rollback(settings, name, reporter)
    await rebuild(settings, name, reporter)
    assert await readable(owner, table) == set()

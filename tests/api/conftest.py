"""A service for each file of tests; every test brings its own people and products."""

from collections.abc import AsyncIterator

import pytest

from daybook.embedded import ValkeyServer
from tests.api.person import Json, Person
from tests.api.running import Running, running
from tests.databases import NewDatabase
from tests.projections.conftest import own_postgres

__all__ = ["own_postgres"]


@pytest.fixture(scope="module")
async def service(new_database: NewDatabase, valkey: ValkeyServer) -> AsyncIterator[Running]:
    async with new_database() as database, running(database.url, valkey.url) as started:
        yield started


@pytest.fixture(scope="module")
async def staff(service: Running) -> Person:
    return await service.person("staff")


@pytest.fixture(scope="module")
async def pen(staff: Person) -> Json:
    """A product with stock for all tests."""
    return await staff.adds_product(stock=100_000, price_cents=6900, name="Fountain pen")


@pytest.fixture
async def ada(service: Running) -> Person:
    return await service.customer("Ada Lovelace")


@pytest.fixture
async def ben(service: Running) -> Person:
    return await service.customer("Ben Ohara")

"""What a process remembers of the streams it knows."""

from uuid import uuid4

from events.codec import Codec
from events.domain.product import Product
from events.log.connect import create_pool
from events.log.reader import LogReader
from events.personal import Keyring
from events.repository import Repository
from tests.databases import Database


def a_product() -> Product:
    return Product.add(uuid4(), sku="INK", name="Ink", price_cents=100, currency="USD")


async def test_what_was_not_asked_for_the_longest_is_forgotten_first(database: Database) -> None:
    async with await create_pool(database.url, "tests") as pool:
        codec = Codec(Keyring(pool, "default", b"k" * 32))
        repository = Repository(LogReader(pool, "default"), codec, remember=2)
        popular, forgotten, latest = a_product(), a_product(), a_product()
        repository.keep(popular)
        repository.keep(forgotten)
        await repository.get([popular.id])
        repository.keep(latest)
        # The log has none of them: who is still known is known from memory.
        known = await repository.get([popular.id, forgotten.id, latest.id])
    assert {stream_id for stream_id, product in known.items() if product} == {popular.id, latest.id}

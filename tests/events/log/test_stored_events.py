"""The `stored_events` view: a stock `eventsourcing` application replays our streams, and cannot write to them."""

import asyncio
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import asyncpg
import pytest
from eventsourcing.application import Application

from commands.append_of import encode_changes
from events.codec import Codec
from events.domain.product import Product
from events.log.append import Append, Appended
from events.log.appender import Appender
from events.personal import Keyring
from tests.databases import Database


async def test_a_stock_application_replays_a_product(
    database: Database, pool: asyncpg.Pool, appender: Appender
) -> None:
    product = Product.add(uuid4(), sku="INK", name="Ink", price_cents=100, currency="USD")
    product.change_price(250)
    product.rename("Black ink")
    codec = Codec(Keyring(pool, "default", b"k" * 32))
    command_id = uuid4()
    events = encode_changes(codec, [product], None)
    appended = await appender.append(Append(command_id, events, f'{{"command_id": "{command_id}"}}'))
    assert isinstance(appended, Appended)
    replayed, position = await asyncio.to_thread(_replay, database.url, product)
    assert (replayed.sku, replayed.name, replayed.price_cents, replayed.version) == ("INK", "Black ink", 250, 3)
    assert position == appended.position


async def test_the_view_takes_no_events(pool: asyncpg.Pool) -> None:
    with pytest.raises(asyncpg.PostgresError):
        await pool.execute("INSERT INTO stored_events (topic) VALUES ('Forged')")


def _replay(url: str, product: Product) -> tuple[Product, int | None]:
    parts = urlsplit(url)
    environment = {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": parts.path.lstrip("/"),
        "POSTGRES_HOST": parse_qs(parts.query)["host"][0],
        "POSTGRES_PORT": "5432",
        "POSTGRES_USER": parts.username or "",
        "POSTGRES_PASSWORD": "none",
        "CREATE_TABLE": "no",
    }

    class Stored(Application[UUID]):
        name = "stored"

    with Stored(env=environment) as application:
        replayed: Product = application.repository.get(product.id)
        return replayed, application.recorder.max_notification_id()

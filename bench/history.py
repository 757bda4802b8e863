"""A long log, quickly: orders as the domain tells them, their addresses sealed, copied into the log as its owner.

They are such as an import leaves: four events an order, one after the other. What a test of reading needs is the same
as what the append would have written; how fast it is written is not measured here.
"""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from typing import NamedTuple
from uuid import UUID

import asyncpg

from bench.shoppers import TENANT, Market
from commands.append_of import encode_changes
from daybook.settings import Settings
from events.codec import Codec
from events.domain.order import Order
from events.domain.order_parts import Address, Line
from events.log.ids import new_id
from events.personal import Keyring

ADDRESS: Address = {
    "recipient": "Ada Lovelace",
    "line1": "12 St James's Square",
    "city": "London",
    "postal_code": "SW1Y 4JH",
    "country": "GB",
}
_COLUMNS = (
    *("tenant_id", "position", "stream_id", "stream_version", "event_type", "schema_version"),
    *("data", "metadata", "recorded_at"),
)
_CHUNK = 20_000


class _Event(NamedTuple):
    """What of a row does not depend on its place in the log."""

    stream_id: UUID
    version: int
    type: str
    schema_version: int
    data: bytes
    metadata: str


async def write_history(settings: Settings, market: Market, events: int) -> int:
    """Add so many events to the log; answers the position of the last."""
    owner: asyncpg.Connection = await asyncpg.connect(settings.database_owner_url)
    try:
        codec = Codec(Keyring(owner, TENANT, settings.master_keys))
        await codec.keyring.load(shopper.id for shopper in market.shoppers)
        position: int = await owner.fetchval("SELECT position FROM log_heads WHERE tenant_id = $1", TENANT)
        told = islice(_told(codec, market), events)
        while chunk := list(islice(told, _CHUNK)):
            now = datetime.now(UTC)
            rows = [(TENANT, place, *event, now) for place, event in enumerate(chunk, position + 1)]
            position += len(rows)
            async with owner.transaction():
                await owner.copy_records_to_table("events", records=rows, columns=_COLUMNS)
                await owner.execute("UPDATE log_heads SET position = $2 WHERE tenant_id = $1", TENANT, position)
        return position
    finally:
        await owner.close()


def _told(codec: Codec, market: Market) -> Iterator[_Event]:
    """Events for ever."""
    at = datetime.now(UTC) - timedelta(days=365)
    for number in count():
        at += timedelta(seconds=1)
        buyer = str(random.choice(market.shoppers).id)
        order = Order.import_from(
            new_id(),
            at,
            number="7K3M9QF",
            user_id=buyer,
            currency="USD",
            lines=_lines(market),
            shipping_cents=0,
            shipping_address=ADDRESS,
            reference=f"M-{number}",
            fingerprint="a4d1198b3fdea42de72585677df5b257",
        )
        for status in ("confirmed", "shipped", "delivered"):
            order.change_status(status, at=at)
        metadata = _metadata(buyer)
        for new in encode_changes(codec, [order], UUID(buyer)):
            yield _Event(order.id, new.version, new.type, new.schema_version, new.data, metadata)


def _lines(market: Market) -> list[Line]:
    return [
        {
            "id": str(new_id()),
            "product_id": str(product),
            "product_name": "Ware",
            "quantity": random.randint(1, 3),
            "price_cents": 1_495,
            "discount_cents": 0,
        }
        for product in random.sample(market.products, 2)
    ]


def _metadata(buyer: str) -> str:
    command_id = new_id()
    return json.dumps(
        {
            "subject": buyer,
            "role": "customer",
            "command_id": str(command_id),
            "correlation_id": command_id.hex,
            "owner": buyer,
        }
    )

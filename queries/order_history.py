"""An order's history: the events of its own stream and of its deliveries, merged by position."""

from typing import Any
from uuid import UUID

from events.caller import Caller
from events.cloud import opened_event
from events.codec import Codec
from events.domain.delivery import confirmation_id
from events.log.reader import LogReader
from events.repository import Repository
from queries.get_order import visible_order


async def order_history(
    repository: Repository, reader: LogReader, codec: Codec, order_id: UUID, caller: Caller
) -> list[dict[str, Any]]:
    """The history as CloudEvents, oldest first, if the caller may see the order. Raises NotFound."""
    await visible_order(repository, order_id, caller)
    recorded = await reader.streams({order_id: 0, confirmation_id(order_id): 0})
    recorded.sort(key=lambda event: event.position)
    await codec.open_all(recorded)  # fetches the persons' keys
    return [opened_event(reader.tenant, event, codec) for event in recorded]

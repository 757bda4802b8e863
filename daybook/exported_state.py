"""`daybook replay --stream`: one aggregate as it was, from an export alone. What is personal shows as erased."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from eventsourcing.domain import Aggregate
from pydantic_core import to_json

from daybook.exported import Export
from daybook.failure import Failure
from events.codec import ERASED, Codec, UnknownEventType, rfc3339
from events.domain.order import Order
from events.log.recorded import RecordedEvent
from events.order_document import fulfillment_document, order_document, payments_document
from events.personal import Keyring
from events.repository import fold


class _NoKeys(Keyring):
    """An export has none."""

    def __init__(self) -> None:
        super().__init__(cast(Any, None), "", bytes(32))

    def open(self, sealed: str, stream_id: UUID) -> Any:
        return ERASED


def run(folder: Path, stream_id: UUID, version: int | None, until: int | None) -> int:
    """Print the state as JSON: at a version, or up to a position, or the last. Raises Failure."""
    export = Export(folder)
    for said in export.damage():
        raise Failure(said)
    codec = Codec(_NoKeys())
    try:
        aggregate = fold(codec.decode(event) for event in _events_of(export, stream_id, version, until))
    except UnknownEventType as error:
        raise Failure(f"a newer version of the service wrote {error} to this stream") from None
    if aggregate is None:
        raise Failure(f"the export has no such events of a stream {stream_id}")
    print(to_json(state_of(aggregate), indent=2).decode())
    return 0


def state_of(aggregate: Aggregate) -> dict[str, Any]:
    """The aggregate as JSON values: an order as clients read it, with both its ledgers; of another, what it knows."""
    if isinstance(aggregate, Order):
        ledgers = {"fulfillment": fulfillment_document(aggregate), "payments": payments_document(aggregate)}
        return {**order_document(aggregate), **ledgers}
    own = {name: value for name, value in vars(aggregate).items() if not name.startswith("_")}
    return {
        "id": str(aggregate.id),
        "type": type(aggregate).__name__,
        "version": aggregate.version,
        "created_at": rfc3339(aggregate.created_on),
        "updated_at": rfc3339(aggregate.modified_on),
        **own,
    }


def _events_of(export: Export, stream_id: UUID, version: int | None, until: int | None) -> Iterator[RecordedEvent]:
    for event in export.events():
        if until is not None and event.position > until:
            return
        if event.stream_id == stream_id:
            if version is not None and event.version > version:
                return
            yield event

"""What the worker enters into the log: the system's doing, because of something that happened before."""

import json
from uuid import UUID

from eventsourcing.domain import Aggregate

from events.codec import Codec
from events.log.append import Append
from events.log.ids import new_id

_SYSTEM = UUID(int=0)


def entry(
    codec: Codec,
    changed: Aggregate,
    *,
    correlation_id: str | None,
    causation_id: str | None = None,
    owner: UUID | None = None,
    about: UUID | None = None,
) -> Append:
    """The new events of this aggregate, ready to append; none of them is about a person.

    `owner`: whose order it concerns. `about`: the order, or what else it is about, where the events stand on another
    stream.
    """
    command_id = new_id()
    metadata = {
        "subject": str(_SYSTEM),
        "role": "system",
        "command_id": str(command_id),
        "correlation_id": correlation_id or command_id.hex,
        "causation_id": causation_id,
        "owner": None if owner is None else str(owner),
        "about": None if about is None else str(about),
    }
    events = [codec.encode(event, None) for event in changed.collect_events()]
    return Append(command_id, events, json.dumps({name: said for name, said in metadata.items() if said is not None}))

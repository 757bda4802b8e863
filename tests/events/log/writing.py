"""Commands to append, in few words: `command(event(order, 1), stock={pen: -2}, key=key("k1"))`."""

import asyncio
import json
from collections.abc import Mapping
from uuid import NAMESPACE_OID, UUID, uuid4, uuid5

from events.log.append import Append, Appended, IdempotencyKey, NewEvent, Outcome, StoredAnswer
from events.log.appender import Appender

ADA = UUID("ada00000-0000-4000-8000-000000000000")
BEN = UUID("be000000-0000-4000-8000-000000000000")


def event(stream_id: UUID, version: int, data: bytes = b"{}", type: str = "Noted") -> NewEvent:
    return NewEvent(stream_id, version, type, 1, data)


def key(name: str, request: str = "a request", subject: UUID = ADA) -> IdempotencyKey:
    """A key whose answer says which request it was given to."""
    answer = StoredAnswer(201, 1, f"/answers/{request}", request.encode())
    return IdempotencyKey(subject, name, uuid5(NAMESPACE_OID, request), answer)


def command(
    *events: NewEvent,
    reads: Mapping[UUID, int] | None = None,
    stock: Mapping[UUID, int] | None = None,
    key: IdempotencyKey | None = None,
    **metadata: str,
) -> Append:
    command_id = uuid4()
    about = json.dumps({"command_id": str(command_id), **metadata})
    return Append(command_id, events, about, reads=reads or {}, stock=stock or {}, idempotency=key)


async def together(appender: Appender, *commands: Append) -> list[Outcome]:
    """Append these in one batch: all of them wait before the appender has its turn."""
    return list(await asyncio.gather(*(appender.append(one) for one in commands)))


async def appended(appender: Appender, *commands: Append) -> list[int]:
    """Append these in one batch; answers their positions."""
    positions = []
    for outcome in await together(appender, *commands):
        assert isinstance(outcome, Appended), outcome
        positions.append(outcome.position)
    return positions

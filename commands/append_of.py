"""What a decision is in the log: its events, sealed and encoded, who and why beside them, the key and its answer."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from types import MappingProxyType
from uuid import UUID

from eventsourcing.domain import Aggregate
from pydantic_core import from_json, to_json

from commands.command import Command, Decision, Request
from commands.kept_answers import sealed_body
from events.codec import Codec
from events.log.append import Append, IdempotencyKey, NewEvent, StoredAnswer

_NOBODY: Mapping[UUID, UUID] = MappingProxyType({})


async def append_of(
    codec: Codec, command: Command, request: Request, decision: Decision, tips: Mapping[UUID, UUID] = _NOBODY
) -> Append:
    """The append that a decision asks for. It waits for nothing but a person's key, where that is not at hand.

    `tips`: stream id → the command under way whose events on it were decided on.
    """
    if decision.person is not None and not codec.keyring.has(decision.person):
        await codec.keyring.ensure((decision.person,))
    key = None
    if request.idempotency_key is not None:
        body = sealed_body(codec.keyring, decision.body, decision.person, request)
        answer = StoredAnswer(decision.status, decision.version, decision.location, body)
        key = IdempotencyKey(request.caller.subject, request.idempotency_key, fingerprint_of(command), answer)
    events = encode_changes(codec, decision.changed, decision.person)
    decided_on = (aggregate.id for aggregate in (*decision.changed, *decision.read)) if tips else ()
    return Append(
        command_id=request.command_id,
        events=events,
        metadata=_metadata(request, decision, events),
        reads={aggregate.id: aggregate.version for aggregate in decision.read},
        after={stream_id: tips[stream_id] for stream_id in decided_on if stream_id in tips},
        stock=decision.stock,
        idempotency=key,
        metadata_of={
            stream_id: _metadata(request, decision, events, owner) for stream_id, owner in decision.owners.items()
        },
    )


def fingerprint_of(command: Command) -> UUID:
    """What is the same for the same request, and differs for another."""
    return UUID(bytes=blake2b(command.fingerprint(), digest_size=16).digest())


def encode_changes(codec: Codec, changed: Sequence[Aggregate], person: UUID | None) -> list[NewEvent]:
    """The new events of these aggregates, taken from them and ready to append."""
    return [codec.encode(event, person) for aggregate in changed for event in aggregate.collect_events()]


def _metadata(request: Request, decision: Decision, events: Sequence[NewEvent], owner: UUID | None = None) -> str:
    caller, owner = request.caller, owner or decision.owner
    meta = {
        "subject": str(caller.subject),
        "role": caller.role,
        "command_id": str(request.command_id),
        "correlation_id": request.correlation_id,
    }
    if request.causation_id is not None:
        meta["causation_id"] = request.causation_id
    if request.traceparent is not None:
        meta["traceparent"] = request.traceparent
    if owner is not None:
        meta["owner"] = str(owner)
    if decision.about is not None:
        meta["about"] = str(decision.about)
    if (reason := _reason(events)) is not None:
        meta["reason"] = reason
    return to_json(meta).decode()


def _reason(events: Sequence[NewEvent]) -> str | None:
    """Why it was done, as the event has it: sealed where the event seals it."""
    for event in events:
        if b'"reason":' in event.data:
            reason: str | None = from_json(event.data).get("reason")
            if reason is not None:
                return reason
    return None

"""Decisions in three words: given what has happened, when something is asked, then this happens.

    pending = given(on(ORDER, Order.Placed, ...))
    pending.when(CancelOrder(...), by=ada).then(on(ORDER, happened.Cancelled, reason="mistake"))

There is no database in it: a decision is made on aggregates, and comes to events.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from eventsourcing.domain import Aggregate
from uuid_utils.compat import uuid7

from commands.command import Command, Decision, Known, Request
from events.caller import Caller
from events.domain.refusal import Refusal
from events.repository import fold
from events.types import DomainEvent

BEGINNING = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
_NOT_FIELDS = {"originator_id", "originator_version", "originator_topic", "timestamp"}


@dataclass(frozen=True)
class Fact:
    """An event on a stream. What a test cannot know before, such as a new id, it expects as unittest.mock.ANY."""

    stream: Any
    cls: type[DomainEvent]
    fields: Mapping[str, Any]
    at: datetime | None = field(default=None, compare=False)


def on(stream: Any, cls: type[DomainEvent], at: datetime | None = None, **fields: Any) -> Fact:
    """That this happened on a stream, at a business time that rarely matters."""
    return Fact(stream, cls, fields, at)


@dataclass(frozen=True)
class Told:
    """What a decision came to."""

    decision: Decision | None
    refusal: Refusal | None
    looked_at: Sequence[Aggregate]
    events: Sequence[DomainEvent]

    def then(self, *facts: Fact) -> Decision:
        """These events and no others, and the append is told of every stream that was decided on."""
        if self.refusal is not None:
            raise AssertionError(f"refused: {self.refusal!r}") from self.refusal
        assert self.decision is not None
        assert [_fact(event) for event in self.events] == list(facts)
        if facts:
            named = {aggregate.id for aggregate in (*self.decision.changed, *self.decision.read)}
            assert {aggregate.id for aggregate in self.looked_at} <= named
        return self.decision

    def then_nothing(self) -> Decision:
        """It is answered, and nothing happens."""
        return self.then()

    def then_refused(self, kind: type[Refusal], **facts: Any) -> None:
        """Refused as exactly this, with these facts."""
        assert type(self.refusal) is kind, self.refusal or self.events
        assert self.refusal.facts == facts


@dataclass(frozen=True)
class Scenario:
    """What has happened so far."""

    facts: tuple[Fact, ...] = ()

    def given(self, *facts: Fact) -> "Scenario":
        """And then this."""
        return Scenario((*self.facts, *facts))

    def when(
        self,
        command: Command,
        *,
        by: Caller,
        if_match: int | None = None,
        available: Mapping[UUID, int] | None = None,
    ) -> Told:
        """Somebody asks for this."""
        request = Request(by, uuid7(), "a test", if_match=None if if_match is None else frozenset({if_match}))
        known = {stream_id: fold(self._events(stream_id)) for stream_id in command.streams(request)}
        looked_at = [aggregate for aggregate in known.values() if aggregate is not None]
        try:
            decision = command.decide(Known(known, available or {}), request)
        except Refusal as refusal:
            return Told(None, refusal, looked_at, ())
        events = [event for aggregate in decision.changed for event in aggregate.pending_events]
        return Told(decision, None, looked_at, events)

    def _events(self, stream_id: UUID) -> list[DomainEvent]:
        facts = [(n, fact) for n, fact in enumerate(self.facts) if fact.stream == stream_id]
        return [_event(fact, version, n) for version, (n, fact) in enumerate(facts, start=1)]


def given(*facts: Fact) -> Scenario:
    """This has happened, in this order."""
    return Scenario(facts)


def _event(fact: Fact, version: int, minutes: int) -> DomainEvent:
    event: DomainEvent = object.__new__(fact.cls)
    event.__dict__.update(
        fact.fields,
        originator_id=fact.stream,
        originator_version=version,
        timestamp=fact.at or BEGINNING + timedelta(minutes=minutes),
    )
    return event


def _fact(event: DomainEvent) -> Fact:
    fields = {name: value for name, value in vars(event).items() if name not in _NOT_FIELDS}
    return Fact(event.originator_id, type(event), fields)

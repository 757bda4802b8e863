"""What every command is: which streams it looks at, and a decision on them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from eventsourcing.domain import Aggregate

from events.caller import Caller
from events.domain.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Known:
    """What a decision is made on.

    `aggregates`: stream id → a fork that is the decision's own, or None where there is no such stream.
    `available`: product id → units that could be ordered a moment ago; only the append knows for certain.
    """

    aggregates: Mapping[UUID, Aggregate | None]
    available: Mapping[UUID, int] = field(default_factory=dict)

    def __getitem__(self, stream_id: UUID) -> Aggregate | None:
        return self.aggregates[stream_id]


@dataclass(frozen=True, slots=True)
class Request:
    """Around a command: who asks, under which key, and which versions of the resource it expects (None: any)."""

    caller: Caller
    command_id: UUID
    correlation_id: str
    idempotency_key: str | None = None
    if_match: frozenset[int] | None = None
    traceparent: str | None = None
    causation_id: str | None = None


@dataclass(slots=True)
class Decision:
    """What a command comes to. Without a changed aggregate it is a no-op, which is answered all the same.

    `changed` carry their new events; `read` were only looked at. `person`: whose data the events' personal fields
    are. `owner`: whose orders it concerns, or `owners` of those streams that are different persons' orders. `about`:
    the order, where the events stand on another stream.
    """

    status: int
    body: bytes
    version: int
    changed: Sequence[Aggregate] = ()
    read: Collection[Aggregate] = ()
    stock: Mapping[UUID, int] = field(default_factory=dict)
    location: str | None = None
    person: UUID | None = None
    owner: UUID | None = None
    about: UUID | None = None
    owners: Mapping[UUID, UUID] = field(default_factory=dict)


class Command(Protocol):
    """A command names the streams it needs, and decides. Deciding is pure: it reads no clock but the library's."""

    def streams(self, request: Request) -> Iterable[UUID]:
        """The ids of the streams that the decision looks at."""
        ...

    def counted(self, request: Request) -> Iterable[UUID]:
        """The products whose available quantity the answer tells; most tell none."""
        return ()

    def decide(self, known: Known, request: Request) -> Decision:
        """The decision. Raises Refusal."""
        ...

    def short_of(self, quantity_id: UUID, asked: int, left: int) -> Refusal | None:
        """The refusal, where there is not enough of a guarded quantity; None: it can be decided in another way, now
        that `Known.available` tells how much there is."""
        return InsufficientStock(
            f"There are {left} of this product, and {asked} were asked for.",
            product_id=str(quantity_id),
            asked=asked,
            available=left,
        )

    def fingerprint(self) -> bytes:
        """What makes this the same request as another under one idempotency key."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What the client is told. `position` is that of the write; `replayed`: it is a first answer, given once more."""

    status: int
    body: bytes
    version: int
    location: str | None
    position: int
    replayed: bool = False


class NotYours(Refusal):
    """Who may see something may not always change it."""

    code = "forbidden"


class VersionMismatch(Refusal):
    code = "version_mismatch"


class KeyReusedRefusal(Refusal):
    code = "idempotency_key_reused"


class InsufficientStock(Refusal):
    code = "insufficient_stock"


class Contention(Refusal):
    """The streams moved on at every attempt."""

    code = "contention"


def check_version(request: Request, aggregate: Aggregate) -> None:
    """Hold the client to the version it named (If-Match). Raises VersionMismatch."""
    if request.if_match is not None and aggregate.version not in request.if_match:
        raise VersionMismatch(
            f"The resource is at version {aggregate.version} now.",
            current_version=aggregate.version,
        )

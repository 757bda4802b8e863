"""A batch of commands as the parallel arrays that `append_commands` takes, and its answer read back."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from events.log.append import (
    Append,
    Appended,
    Conflict,
    IdempotencyKey,
    KeyReused,
    Outcome,
    Refused,
    Replayed,
)

NO_PRINT = UUID(int=0)


class Batch:
    """Commands in the order in which they are judged. Indexes count from 1, as in SQL."""

    def __init__(self, appends: Sequence[Append], *, believing: bool = True) -> None:
        """`believing`: a stream whose first event is appended is taken to be new, and not looked up."""
        self.appends = appends
        self._believing = believing
        self._believed_new: list[bool] = []
        self._keys: dict[tuple[UUID, str], int] = {}
        self._streams: dict[UUID, int] = {}
        self._products: dict[UUID, int] = {}
        self._commands: list[tuple[Any, ...]] = []
        self._expectations: list[tuple[int, int]] = []
        self._guards: list[tuple[int, int]] = []
        self._events: list[tuple[Any, ...]] = []
        for append in appends:
            self._add(append)

    def _add(self, append: Append) -> None:
        streams = self._streams
        expectations = self._expectations
        written: set[UUID] = set()
        for event in append.events:
            stream_id = event.stream_id
            if stream_id not in written:
                written.add(stream_id)
                expectations.append((self._place_of(stream_id, new=event.version <= 1), event.version - 1))
            stream = streams[stream_id]
            self._events.append((stream, event.version, event.type, event.schema_version, event.data))
        for stream_id, version in append.reads.items():
            if stream_id not in written:
                expectations.append((self._place_of(stream_id, new=False), version))
        for product_id, delta in append.stock.items():
            product = self._products.setdefault(product_id, len(self._products) + 1)
            self._guards.append((product, delta))
        key_of, fingerprint, status, version, location, body = 0, NO_PRINT, 0, 0, None, b""
        if (key := append.idempotency) is not None:
            key_of = self._keys.setdefault((key.subject, key.key), len(self._keys) + 1)
            fingerprint, answer = key.fingerprint, key.answer
            status, version, location, body = answer.status, answer.version, answer.location, answer.body
        self._commands.append(
            (
                append.command_id,
                append.metadata,
                key_of,
                fingerprint,
                status,
                version,
                location,
                body,
                len(expectations),
                len(self._guards),
                len(self._events),
            )
        )

    def _place_of(self, stream_id: UUID, *, new: bool) -> int:
        place = self._streams.get(stream_id)
        if place is None:
            place = self._streams[stream_id] = len(self._streams) + 1
            self._believed_new.append(new and self._believing)
        elif not new:
            self._believed_new[place - 1] = False
        return place

    def arguments(self) -> tuple[list[Any], ...]:
        """The arguments of `append_commands` after the tenant, in its order."""
        ids, metadata, key_of, prints, statuses, versions, locations, bodies, expects, guards, events = _columns(
            self._commands, 11
        )
        return (
            *(ids, metadata, key_of, prints, statuses, versions, locations, bodies),
            *([subject for subject, _ in self._keys], [key for _, key in self._keys]),
            *(list(self._streams), self._believed_new, expects, *_columns(self._expectations, 2)),
            *(list(self._products), guards, *_columns(self._guards, 2)),
            *(events, *_columns(self._events, 5)),
        )

    def outcomes(self, answer: Sequence[Any]) -> list[Outcome | IdempotencyKey]:
        """What became of each command; a stored answer that is still to be fetched is given as its key."""
        names, positions, culprits, amounts, _ = answer
        streams, products = list(self._streams), list(self._products)
        outcomes: list[Outcome | IdempotencyKey] = []
        for append, name, position, culprit, amount in zip(
            self.appends, names, positions, culprits, amounts, strict=True
        ):
            if name == "appended":
                outcomes.append(Appended(position))
            elif name == "conflict":
                outcomes.append(Conflict(streams[culprit - 1], amount))
            elif name == "refused":
                product_id = products[culprit - 1]
                outcomes.append(Refused(product_id, -append.stock[product_id], amount))
            elif name == "key_reused":
                outcomes.append(KeyReused())
            elif culprit:
                first = self.appends[culprit - 1].idempotency
                if first is None:
                    raise AssertionError("a command was replayed from one without a key")
                outcomes.append(Replayed(first.answer, positions[culprit - 1]))
            else:
                if append.idempotency is None:
                    raise AssertionError("a command without a key was replayed")
                outcomes.append(append.idempotency)
        return outcomes


def _columns(rows: list[Any], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]

"""A batch of commands as the arrays of rows that `append_commands` takes, and its answer read back.

Rows, and not an array for each column: asyncpg asks of every element of an array whether it is an array itself,
which costs more than to encode it; a row is asked once.
"""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any
from uuid import UUID

from asyncpg import Record

from events.log.append import Append, Appended, Conflict, IdempotencyKey, KeyReused, Outcome, Refused, Replayed
from events.log.reader import replayed

_WITHOUT_KEY = (None,) * 9


class Batch:
    """Commands in the order in which they are judged. Rows are tuples in the order of the types in the migration."""

    def __init__(self, appends: Sequence[Append], *, believing: bool = True) -> None:
        """`believing`: a stream whose first event is appended is taken to be new, and not looked up."""
        self.appends = appends
        self._believing = believing
        self._streams: dict[UUID, int] = {}
        self._looked_up: dict[UUID, int] = {}
        self._products = _numbered({product_id for append in appends for product_id in append.stock})
        self._first_with_key: dict[tuple[UUID, str], int] = {}
        self._commands: list[tuple[Any, ...]] = []
        self._events: list[tuple[Any, ...]] = []
        self._reads: list[tuple[int, int]] = []
        self._guard_products: list[int] = []
        self._guard_changes: list[int] = []
        self._numbers: dict[UUID, int] = {}
        self._predecessors: list[int] = []
        self._keys = 0
        for append in appends:
            self._add(append)

    def _add(self, append: Append) -> None:
        expected: dict[int, int] = {}
        for stream_id, version, event_type, schema_version, data in append.events:
            stream = self._number(stream_id, new=version <= 1)
            before = expected.setdefault(stream, version - 1)
            metadata = append.metadata_of.get(stream_id, append.metadata)
            self._events.append((stream, before, stream_id, version, event_type, schema_version, data, metadata))
        for stream_id, version in append.reads.items():
            stream = self._number(stream_id, new=False)
            if stream not in expected:
                self._reads.append((stream, version))
        for product_id, change in append.stock.items():
            self._guard_products.append(self._products[product_id])
            self._guard_changes.append(change)
        for command_id in append.after.values():
            # One that is not in the batch was appended before it.
            if (number := self._numbers.get(command_id)) is not None:
                self._predecessors.append(number)
        key = _WITHOUT_KEY if append.idempotency is None else self._keyed(append.command_id, append.idempotency)
        until = len(self._events), len(self._reads), len(self._guard_products), len(self._predecessors)
        self._commands.append((*until, *key))
        self._numbers[append.command_id] = len(self._commands)

    def _number(self, stream_id: UUID, *, new: bool) -> int:
        number = self._streams.setdefault(stream_id, len(self._streams) + 1)
        if not (new and self._believing):
            self._looked_up[stream_id] = number
        return number

    def _keyed(self, command_id: UUID, key: IdempotencyKey) -> tuple[Any, ...]:
        self._keys += 1
        first = self._first_with_key.setdefault((key.subject, key.key), len(self._commands) + 1)
        answer = key.answer
        return (
            *(first, key.subject, key.key, key.fingerprint, command_id),
            *(answer.status, answer.version, answer.location, answer.body),
        )

    def arguments(self) -> tuple[Any, ...]:
        """The arguments of `append_commands` after the tenant, in its order."""
        looked_up = [(number, stream_id) for stream_id, number in self._looked_up.items()]
        return (
            *(self._commands, self._keys, self._events, self._reads, len(self._streams), looked_up),
            *(self._guard_products, self._guard_changes, list(self._products), self._predecessors),
        )

    def outcomes(self, answer: Record) -> tuple[list[Outcome], int]:
        """What became of each command, and the head that the batch reached."""
        exceptions = {row["command"]: row for row in answer["exceptions"] or ()}
        answers = {row["command"]: row for row in answer["answers"] or ()}
        position: int = answer["head"]
        outcomes: list[Outcome] = []
        for number, append in enumerate(self.appends, 1):
            if number not in exceptions:
                position += len(append.events)
                outcomes.append(Appended(position))
            elif number in answers:
                outcomes.append(replayed(answers[number]))
            else:
                outcomes.append(self._exception(exceptions[number], outcomes))
        return outcomes, position

    def _exception(self, row: Record, earlier: Sequence[Outcome]) -> Outcome:
        append, culprit, amount = self.appends[row["command"] - 1], row["culprit"], row["amount"]
        match row["outcome"]:
            case "conflict":
                return Conflict(list(self._streams)[culprit - 1], amount)
            case "orphaned":
                lost = self.appends[culprit - 1].command_id
                return Conflict(next(stream for stream, before in append.after.items() if before == lost), None)
            case "refused":
                product_id = list(self._products)[culprit - 1]
                return Refused(product_id, -append.stock[product_id], amount)
            case "key_reused":
                return KeyReused()
            case "replayed":
                first, appended = self.appends[culprit - 1].idempotency, earlier[culprit - 1]
                if first is not None and isinstance(appended, Appended):
                    return Replayed(first.answer, appended.position)
        raise AssertionError(f"append_commands answered {row}")


def _numbered(product_ids: set[UUID]) -> dict[UUID, int]:
    return {product_id: n for n, product_id in enumerate(sorted(product_ids, key=attrgetter("int")), 1)}

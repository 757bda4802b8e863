"""The append as a page of Python: commands judged one at a time, in order. What the log must agree with."""

from uuid import UUID

from events.log.append import Append, Appended, Conflict, IdempotencyKey, KeyReused, Outcome, Refused, Replayed


class Model:
    """One tenant's log."""

    def __init__(self, head: int = 0) -> None:
        self.head = head
        self.versions: dict[UUID, int] = {}
        self.stock: dict[UUID, int] = {}
        self.answers: dict[tuple[UUID, str], tuple[IdempotencyKey, int]] = {}
        self.appended: set[UUID] = set()

    def judge(self, command: Append) -> Outcome:
        """What must become of the command, which is then remembered."""
        key = command.idempotency
        if key is not None and (bound := self.answers.get((key.subject, key.key))) is not None:
            first, position = bound
            return Replayed(first.answer, position) if first.fingerprint == key.fingerprint else KeyReused()
        for orphaned in self.orphaned(command):
            return orphaned
        written: dict[UUID, int] = {}
        for event in command.events:
            written.setdefault(event.stream_id, event.version - 1)
        for stream_id, expected in {**command.reads, **written}.items():
            if self.version(stream_id) != expected:
                # Streams it writes are judged before those it read.
                culprit = next((s for s, v in written.items() if self.version(s) != v), stream_id)
                return Conflict(culprit, self.version(culprit))
        for product_id, change in command.stock.items():
            if self.available(product_id) + change < 0:
                return Refused(product_id, -change, self.available(product_id))
        for event in command.events:
            self.head += 1
            self.versions[event.stream_id] = event.version
        for product_id, change in command.stock.items():
            self.stock[product_id] = self.available(product_id) + change
        self.appended.add(command.command_id)
        if key is not None:
            self.answers[key.subject, key.key] = key, self.head
        return Appended(self.head)

    def orphaned(self, command: Append) -> list[Conflict]:
        """What a command comes to whose predecessors were not appended: any of these, and that before its turn."""
        return [Conflict(stream, None) for stream, one in command.after.items() if one not in self.appended]

    def version(self, stream_id: UUID) -> int:
        return self.versions.get(stream_id, 0)

    def available(self, product_id: UUID) -> int:
        return self.stock.get(product_id, 0)

"""The one road of a command: decide from memory, verify at commit.

    load ──► decide ──► append ──► appended: answer, and remember
               ▲  │         ├────► conflict: read what is new, or let a neighbour go ahead; decide again
               │  refused   ├────► replayed: the first answer once more
               │  │         └────► key reused, not enough stock: refused by the log itself
               └──┴ read what is new in the streams, once; refused again: the key's first answer, or refuse

What neighbours in this process are about to commit is decided on as well, and their command named: if that one is not
appended, this one is a conflict.

Nothing is refused from memory alone, nor because of what is not committed: a stale process would refuse what has become
legal, and a repeated request would not get its first answer once the order has moved on.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from functools import partial
from uuid import UUID

from eventsourcing.domain import Aggregate

from commands.append_of import append_of, fingerprint_of
from commands.command import (
    Answer,
    Command,
    Contention,
    Decision,
    KeyReusedRefusal,
    Known,
    Request,
)
from commands.kept_answers import opened_body
from commands.turns import Scout, Turns
from events.codec import Codec
from events.domain.refusal import Refusal
from events.log.append import (
    Append,
    Appended,
    AppendError,
    Conflict,
    KeyReused,
    Outcome,
    Refused,
    Replayed,
    StoredAnswer,
)
from events.log.appender import Appender, Result
from events.log.reader import LogReader
from events.repository import Repository
from events.tips import Tip, Tips

ATTEMPTS = 12
"""How often a command is decided at least, before it is given up."""

PATIENCE = 10.0
"""Seconds for which it goes on being decided: time enough for several processes to have their turns."""


class CommandHandler:
    """Handles the commands of one tenant."""

    def __init__(
        self,
        appender: Appender,
        reader: LogReader,
        codec: Codec,
        repository: Repository,
        *,
        patience: float = PATIENCE,
    ) -> None:
        """`patience`: seconds for which a command that others forestall is decided again, however often."""
        self._appender = appender
        self._reader = reader
        self._codec = codec
        self._repository = repository
        self._patience = patience
        self._tips = Tips()
        self._turns = Turns()

    async def handle(
        self, command: Command, request: Request, read: Mapping[UUID, Aggregate | None] | None = None
    ) -> Answer:
        """The command's answer. Raises Refusal, and AppendError when the log does not answer.

        `read`: the command's streams, by one who has read those of many commands at once.
        """
        with self._turns.scout() as scout:
            return await self._handle(command, request, read, scout)

    async def _handle(
        self, command: Command, request: Request, read: Mapping[UUID, Aggregate | None] | None, scout: Scout
    ) -> Answer:
        stream_ids = list(command.streams(request))
        counted = list(command.counted(request))
        verified = False
        short: dict[UUID, int] = {}
        attempts, forestalled, given_up_at = 0, False, time.monotonic() + self._patience
        while attempts < ATTEMPTS or (forestalled and time.monotonic() < given_up_at):
            available = (await self._reader.available(counted) if counted else {}) | short
            known = dict(read if read is not None else await self._repository.get(stream_ids))
            if await self._turns.rested(stream_ids):
                read, verified = None, False
                continue
            # From here to the append nobody else has a turn, so the next to decide goes on from what is decided here.
            tips = {} if verified else self._tips.beyond(known)
            for stream_id, tip in tips.items():
                known[stream_id] = tip.aggregate
            attempts += 1
            try:
                decision = command.decide(Known(known, available), request)
            except Refusal:
                if verified:
                    # After the streams: whose answer is there by now may have written what this is refused for.
                    if (first := await self._first_answer(command, request)) is not None:
                        return first
                    raise
                # What is still to be committed may never be: nobody is refused because of it.
                await self._appender.settled(tip.command_id for tip in tips.values())
                read, verified = await self._repository.refresh(stream_ids), True
                continue
            outcome = await self._append(command, request, decision, tips)
            match outcome:
                case Appended(position):
                    return Answer(decision.status, decision.body, decision.version, decision.location, position)
                case Conflict(stream_id, version):
                    forestalled = any(aggregate.id == stream_id for aggregate in decision.changed)
                    waited = forestalled and await scout.waited(
                        stream_id, lost=version is not None, patience=given_up_at - time.monotonic()
                    )
                    # There may be more by now.
                    short.clear()
                    # Who waited for a scout knows what that one wrote.
                    read, verified = None if waited else await self._repository.refresh(stream_ids), False
                case Replayed(answer, position):
                    return await self._replay(answer, position, request)
                case KeyReused():
                    raise _key_reused()
                case Refused(quantity_id, asked, left):
                    if (refusal := command.short_of(quantity_id, asked, left)) is not None:
                        raise refusal
                    short[quantity_id] = left
        raise Contention("Others keep changing what this command decides on; try again.")

    async def handle_many(self, asked: Sequence[tuple[Command, Request]]) -> list[Answer | BaseException]:
        """What became of each, in their order: its answer, or what `handle` raises of it.

        For commands that change none of the streams that they look at, and count none: what they look at is read once
        and shared, and what they come to is appended together, and not remembered: so many would push out what is
        being worked on. Where that does not go through, a command takes the one road by itself.
        """
        known = Known(
            await self._repository.get(
                dict.fromkeys(stream_id for command, request in asked for stream_id in command.streams(request))
            )
        )
        # No more of a decision than is to be answered: its aggregates make room for those of the next.
        answers: dict[int, tuple[int, bytes, int, str | None]] = {}
        appends: list[Append] = []
        results: dict[int, Answer | BaseException] = {}
        for number, (command, request) in enumerate(asked):
            try:
                decision = command.decide(known, request)
                appends.append(await append_of(self._codec, command, request, decision))
                answers[number] = decision.status, decision.body, decision.version, decision.location
            except Refusal:
                continue
            except Exception as error:
                results[number] = error
        outcomes = [self._appender.post(append) for append in appends]
        for (number, answer), outcome in zip(answers.items(), outcomes, strict=True):
            match await _settled(outcome):
                case Appended(position):
                    results[number] = Answer(*answer, position)
                case Replayed(first, position):
                    try:
                        results[number] = await self._replay(first, position, asked[number][1])
                    except Refusal as erased:
                        results[number] = erased
                case KeyReused():
                    results[number] = _key_reused()
                case AppendError() as failure:
                    results[number] = failure
        left = [number for number in range(len(asked)) if number not in results]
        results |= zip(
            left, await asyncio.gather(*(self.handle(*asked[n]) for n in left), return_exceptions=True), strict=True
        )
        return [results[number] for number in range(len(asked))]

    async def preview(self, command: Command, request: Request) -> Decision:
        """What the command would come to now; nothing is written. Raises Refusal."""
        counted = list(command.counted(request))
        available = await self._reader.available(counted) if counted else {}
        return command.decide(Known(await self._repository.refresh(command.streams(request)), available), request)

    async def _first_answer(self, command: Command, request: Request) -> Answer | None:
        if request.idempotency_key is None:
            return None
        stored = await self._reader.stored_answer(request.caller.subject, request.idempotency_key)
        if stored is None:
            return None
        fingerprint, replayed = stored
        if fingerprint != fingerprint_of(command):
            raise _key_reused()
        return await self._replay(replayed.answer, replayed.position, request)

    async def _replay(self, answer: StoredAnswer, position: int, request: Request) -> Answer:
        """The first answer once more. Raises AnswerErased."""
        body = await opened_body(self._codec.keyring, answer.body, request)
        return Answer(answer.status, body, answer.version, answer.location, position, replayed=True)

    async def _append(
        self, command: Command, request: Request, decision: Decision, tips: Mapping[UUID, Tip]
    ) -> Outcome:
        changed, command_id = decision.changed, request.command_id
        after = {stream_id: tip.command_id for stream_id, tip in tips.items()}
        append = await append_of(self._codec, command, request, decision, after)
        if tips and not self._tips.still(tips):
            return Conflict(next(iter(tips)), None)
        for stream_id in append.after:
            self._turns.chained(stream_id, partial(self._quiet, stream_id))

        def settled(result: Result) -> None:
            self._tips.settle(command_id, changed)
            if isinstance(result, Appended):
                for aggregate in changed:
                    self._repository.keep(aggregate)

        self._tips.put(command_id, changed)
        return await self._appender.append(append, settled)

    async def _quiet(self, stream_id: UUID) -> None:
        """Wait until none of our commands on this stream is under way."""
        while (command_id := self._tips.writer(stream_id)) is not None:
            await self._appender.settled([command_id])


async def _settled(outcome: asyncio.Future[Outcome]) -> Outcome | AppendError:
    """One after the other, which for those that are settled together costs less than to gather them."""
    try:
        return await outcome
    except AppendError as error:
        return error


def _key_reused() -> KeyReusedRefusal:
    return KeyReusedRefusal("This Idempotency-Key was used before with another request.")

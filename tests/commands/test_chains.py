"""Many who write to one stream at once: in one process each decides on what its neighbour is about to commit."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from uuid import UUID

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from commands.add_note import AddNote, NoteCreate
from commands.change_stock import ChangeStock, StockChange
from commands.command import (
    Answer,
    Command,
    Contention,
    Decision,
    InsufficientStock,
    KeyReusedRefusal,
    Known,
    Request,
    VersionMismatch,
)
from commands.handle import CommandHandler
from daybook.shop import Shop
from events.domain.order import IllegalTransition, Order
from events.domain.order_events import NoteAdded
from tests.commands.business import PEN, STOCK, ada, ask, cancel, open_for_business, order_of, place, to
from tests.commands.conftest import NewProcess
from tests.databases import Database
from tests.projections.eventually import eventually

WRITERS = 32
NOTES = 20


@pytest.fixture
async def here(new_process: NewProcess) -> Shop:
    """A process of a shop that is open."""
    shop = new_process()
    await open_for_business(shop)
    return shop


@pytest.fixture
async def there(here: Shop, new_process: NewProcess) -> Shop:
    """Another process of the same shop."""
    return new_process()


class TestOneOrder:
    async def test_is_written_to_by_many_in_few_commits(self, here: Shop) -> None:
        order = order_of(await place(here))
        before = await here.reader.head()
        answers = await asyncio.gather(*(note(here, order, f"{n}") for n in range(WRITERS)))
        assert [answer.version for answer in answers] == list(range(2, WRITERS + 2)), "in the order of asking"
        assert [answer.position for answer in answers] == list(range(before + 1, before + WRITERS + 1))

    async def test_loses_nothing_of_two_processes(self, here: Shop, there: Shop) -> None:
        order = order_of(await place(here))
        answers = await all_of(writer(process, order, 1) for process in (here, there) for _ in range(WRITERS))
        await dense(here, order, answers)

    async def test_is_given_in_turns_to_processes_that_never_pause(self, here: Shop, there: Shop) -> None:
        order = order_of(await place(here))
        answers = await all_of(writer(process, order, NOTES) for process in (here, there) for _ in range(WRITERS))
        await dense(here, order, answers)

    async def test_is_not_kept_from_a_single_writer_elsewhere(self, here: Shop, there: Shop) -> None:
        order = order_of(await place(here))
        alone = asyncio.Event()

        async def without_end() -> list[Answer]:
            answers = []
            while not alone.is_set():
                answers.append(await note(here, order, "one of many"))
            return answers

        many = asyncio.gather(*(without_end() for _ in range(WRITERS)))
        try:
            single = [await note(there, order, "the only one") for _ in range(3)]
        finally:
            alone.set()
            written = await many
        await dense(here, order, [*single, *(answer for answers in written for answer in answers)])


class TestAFollower:
    async def test_of_a_command_that_fails_is_decided_again(self, here: Shop, there: Shop) -> None:
        order = order_of(await place(here))
        await note(there, order, "elsewhere, so that the first of the chain is too late")
        answers = await asyncio.gather(*(note(here, order, f"{n}") for n in range(5)))
        assert sorted(answer.version for answer in answers) == [3, 4, 5, 6, 7]
        assert await texts(here, order) == {"elsewhere, so that the first of the chain is too late", *"01234"}

    async def test_of_a_refusal_by_the_log_is_decided_again(self, here: Shop) -> None:
        too_many = ChangeStock(PEN, StockChange(quantity=-STOCK - 1, reason="lost"))
        one = ChangeStock(PEN, StockChange(quantity=-1, reason="lost"))
        outcomes = await asyncio.gather(ask(here, too_many), ask(here, one), return_exceptions=True)
        assert isinstance(outcomes[0], InsufficientStock)
        assert isinstance(outcomes[1], Answer)
        assert (await here.reader.available([PEN]))[PEN] == STOCK - 1

    async def test_of_a_repeated_request_is_decided_again(self, here: Shop) -> None:
        order = order_of(await place(here))
        first = await note(here, order, "first", key="k")
        again, reused, after = await asyncio.gather(
            note(here, order, "first", key="k"),
            note(here, order, "another", key="k"),
            note(here, order, "after"),
            return_exceptions=True,
        )
        assert isinstance(again, Answer)
        assert (again.replayed, again.body) == (True, first.body)
        assert isinstance(reused, KeyReusedRefusal)
        assert isinstance(after, Answer)
        assert after.version == 3
        assert await texts(here, order) == {"first", "after"}

    async def test_is_answered_with_its_neighbours_events(self, here: Shop) -> None:
        order = order_of(await place(here))
        confirmed, shipped = await asyncio.gather(ask(here, to(order, "confirmed")), ask(here, to(order, "shipped")))
        assert [json.loads(one.body)["status"] for one in (confirmed, shipped)] == ["confirmed", "shipped"]


class TestARefusal:
    async def test_is_never_because_of_what_was_not_appended(self, here: Shop, there: Shop) -> None:
        order = order_of(await place(here))
        await note(there, order, "so that the cancellation is too late, and then not what its client saw")
        outcomes = await asyncio.gather(
            ask(here, cancel(order), if_match=1), ask(here, to(order, "confirmed")), return_exceptions=True
        )
        assert isinstance(outcomes[0], VersionMismatch), "it is not appended at all"
        assert isinstance(outcomes[1], Answer)
        assert json.loads(outcomes[1].body)["status"] == "confirmed"

    async def test_is_because_of_what_was(self, here: Shop) -> None:
        order = order_of(await place(here))
        outcomes = await asyncio.gather(
            ask(here, cancel(order)), ask(here, to(order, "confirmed")), return_exceptions=True
        )
        assert isinstance(outcomes[0], Answer)
        assert isinstance(outcomes[1], IllegalTransition)
        assert outcomes[1].facts["status_now"] == "cancelled"


class TestAKilledConnection:
    async def test_loses_no_link_of_a_chain(self, here: Shop, database: Database) -> None:
        order = order_of(await place(here))
        async with holding_the_head(database, here.tenant) as killed:
            asked = asyncio.gather(*(note(here, order, f"{n}") for n in range(WRITERS)))
            await eventually(killed)
        await dense(here, order, await asked)


class TestPatience:
    async def test_ends(self, here: Shop) -> None:
        order = order_of(await place(here))
        handler = CommandHandler(here.appender, here.reader, here.codec, here.repository, patience=0.05)
        request = Request(replace(ada, tenant=here.tenant), uuid7(), "a test")
        with pytest.raises(Contention):
            await handler.handle(AlwaysTooEarly(order), request)
        await note(here, order, "all is well")


@dataclass(frozen=True)
class AlwaysTooEarly(Command):
    """A command that goes on from a version which the log never has."""

    order_id: UUID

    def streams(self, request: Request) -> Iterable[UUID]:
        return (self.order_id,)

    def decide(self, known: Known, request: Request) -> Decision:
        order = known[self.order_id]
        assert isinstance(order, Order)
        order.version += 1
        order.add_note("too early")
        return Decision(200, b"", order.version, changed=(order,), person=request.caller.subject)

    def fingerprint(self) -> bytes:
        return b""


async def note(process: Shop, order_id: UUID, text: str, key: str | None = None) -> Answer:
    """Ada writes something on her order."""
    return await ask(process, AddNote(order_id, NoteCreate(text=text)), ada, key)


async def writer(process: Shop, order_id: UUID, notes: int) -> list[Answer]:
    """One who writes notes, each as soon as the last is answered."""
    return [await note(process, order_id, f"{n}") for n in range(notes)]


async def all_of(writers: Iterable[Awaitable[list[Answer]]]) -> list[Answer]:
    """All their answers."""
    return [answer for answers in await asyncio.gather(*writers) for answer in answers]


async def dense(process: Shop, order_id: UUID, answers: Sequence[Answer]) -> None:
    """Each answer stands for a version of its own, and the stream has no others."""
    versions = list(range(2, len(answers) + 2))
    assert sorted(answer.version for answer in answers) == versions
    events = await process.reader.streams({order_id: 1})
    assert [one.version for one in events] == versions
    assert {one.position: one.version for one in events} == {one.position: one.version for one in answers}


async def texts(process: Shop, order_id: UUID) -> set[str]:
    """What is written on the order."""
    events = await process.codec.decode_all(await process.reader.streams({order_id: 1}))
    return {event.text for event in events if isinstance(event, NoteAdded)}


KILL = """
SELECT bool_or(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'tests append' AND wait_event_type = 'Lock'
"""


@asynccontextmanager
async def holding_the_head(database: Database, tenant: str) -> AsyncIterator[Callable[[], Awaitable[bool]]]:
    """Lets no append go on meanwhile. Yields what kills the connection of one that waits; whether there was one."""
    holder, killer = await asyncpg.connect(database.owner_url), await asyncpg.connect(database.owner_url)

    async def killed() -> bool:
        return bool(await killer.fetchval(KILL))

    async with holder.transaction():
        await holder.execute("SELECT FROM log_heads WHERE tenant_id = $1 FOR UPDATE", tenant)
        yield killed
    await holder.close()
    await killer.close()

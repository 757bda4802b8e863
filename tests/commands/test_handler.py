"""The road of a command on a real log: decided from memory, verified at commit, whoever else is at work."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from commands.add_address import AddAddress, AddressCreate
from commands.change_product import ChangeProduct, ProductChange
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
from commands.place_order import OrderCreate, OrderItem, PlaceOrder
from daybook.shop import Shop
from events.caller import Caller
from events.domain.order import IllegalTransition
from events.log.append import AppendError
from tests.commands.business import (
    ADA,
    PEN,
    STOCK,
    ada,
    ask,
    cancel,
    open_for_business,
    order_of,
    place,
    staff,
    to,
)
from tests.commands.conftest import NewProcess


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


class TestAStaleProcess:
    async def test_decides_again_when_the_order_has_moved_on(self, here: Shop, there: Shop) -> None:
        order = order_of(await place(here))
        await ask(there, to(order, "confirmed"))
        # From memory a pending order would be cancelled at version 2; the log knows that 2 is taken.
        answer = await ask(here, cancel(order))
        assert (answer.version, json.loads(answer.body)["status"]) == (3, "cancelled")

    async def test_refuses_what_has_become_illegal(self, here: Shop, there: Shop) -> None:
        order = order_of(await place(here))
        await ask(there, cancel(order))
        with pytest.raises(IllegalTransition) as refused:
            await ask(here, to(order, "confirmed"))
        assert refused.value.facts["status_now"] == "cancelled"

    async def test_never_refuses_what_has_become_legal(self, here: Shop, there: Shop) -> None:
        order = order_of(await place(here))
        await ask(there, to(order, "confirmed"))
        answer = await ask(here, to(order, "shipped"))
        assert (answer.version, json.loads(answer.body)["status"]) == (3, "shipped")

    async def test_sees_the_version_that_the_client_saw_elsewhere(self, here: Shop, there: Shop) -> None:
        order = order_of(await place(here))
        await ask(there, to(order, "confirmed"))
        assert (await ask(here, to(order, "shipped"), if_match=2)).version == 3

    async def test_holds_a_client_to_the_version_in_the_log(self, here: Shop, there: Shop) -> None:
        order = order_of(await place(here))
        await ask(there, to(order, "confirmed"))
        with pytest.raises(VersionMismatch) as refused:
            await ask(here, to(order, "shipped"), if_match=1)
        assert refused.value.facts == {"current_version": 2}

    async def test_does_not_take_a_no_op_from_memory(self, here: Shop, there: Shop) -> None:
        order = order_of(await place(here))
        await ask(there, to(order, "confirmed"))
        with pytest.raises(IllegalTransition):
            await ask(here, to(order, "pending"))

    async def test_sells_at_the_price_that_holds(self, here: Shop, there: Shop) -> None:
        await place(here)
        await ask(there, ChangeProduct(PEN, ProductChange(name="Fine pen", price_cents=7500)))
        (item,) = json.loads((await place(here)).body)["items"]
        assert (item["product_name"], item["price_cents"]) == ("Fine pen", 7500)

    async def test_knows_an_address_that_was_added_elsewhere(self, here: Shop, there: Shop) -> None:
        await place(here)
        office = uuid7()
        address = AddressCreate(recipient="Ada", line1="Office", city="London", country="GB")
        await ask(there, AddAddress(address, office), ada)
        item = OrderItem(product_id=PEN, quantity=1)
        order = OrderCreate(items=[item], shipping_address_id=office)
        answer = await ask(here, PlaceOrder(order, await here.numbers.take()), ada)
        assert json.loads(answer.body)["shipping_address"]["line1"] == "Office"


class TestTheFirstAnswer:
    async def test_is_given_again_after_the_order_moved_on(self, here: Shop, there: Shop) -> None:
        first = await place(here, key="k")
        await ask(there, cancel(order_of(first)))
        for process in (here, there):
            again = await place(process, key="k")
            assert again.replayed
            assert (again.status, again.body, again.version, again.location, again.position) == (
                first.status,
                first.body,
                first.version,
                first.location,
                first.position,
            )

    async def test_is_given_again_when_it_would_be_refused_by_now(self, here: Shop, there: Shop) -> None:
        order = order_of(await place(here))
        first = await ask(here, to(order, "confirmed"), key="k")
        await ask(there, to(order, "shipped"))
        for process in (here, there):
            again = await ask(process, to(order, "confirmed"), key="k")
            assert (again.replayed, again.body) == (True, first.body)

    async def test_is_given_again_when_the_stock_is_gone(self, here: Shop) -> None:
        first = await place(here, quantity=STOCK, key="k")
        assert (await place(here, quantity=STOCK, key="k")).body == first.body

    async def test_of_a_no_op_is_kept_as_well(self, here: Shop, there: Shop) -> None:
        order = order_of(await place(here))
        first = await ask(here, to(order, "pending"), key="k")
        assert json.loads(first.body)["status"] == "pending"
        await ask(there, to(order, "confirmed"))
        again = await ask(here, to(order, "pending"), key="k")
        assert (again.replayed, again.body) == (True, first.body)

    async def test_is_one_persons_own(self, here: Shop) -> None:
        order = order_of(await place(here))
        await ask(here, to(order, "confirmed"), by=staff, key="k")
        other = Caller(uuid7(), "", ("staff",))
        assert not (await ask(here, to(order, "shipped"), by=other, key="k")).replayed

    async def test_fifty_at_once_in_two_processes_make_one_order(self, here: Shop, there: Shop) -> None:
        answers = await asyncio.gather(*(place((here, there)[n % 2], key="k") for n in range(50)))
        assert len({answer.body for answer in answers}) == 1
        assert sum(not answer.replayed for answer in answers) == 1
        events = await here.reader.filtered(0, 100, types=["OrderPlaced"])
        assert [event.stream_id for event in events] == [order_of(answers[0])]
        assert await available(here) == STOCK - 1


class TestAKey:
    async def test_is_not_for_another_request(self, here: Shop, there: Shop) -> None:
        await place(here, quantity=1, key="k")
        for process in (here, there):
            with pytest.raises(KeyReusedRefusal):
                await place(process, quantity=2, key="k")

    async def test_is_not_even_for_one_that_is_refused_anyway(self, here: Shop) -> None:
        order = order_of(await place(here, key="k"))
        await ask(here, to(order, "confirmed"))
        with pytest.raises(KeyReusedRefusal):
            await ask(here, cancel(order), by=ada, key="k")

    async def test_is_not_bound_by_a_refusal(self, here: Shop) -> None:
        order = order_of(await place(here))
        with pytest.raises(IllegalTransition):
            await ask(here, to(order, "shipped"), key="k")
        await ask(here, to(order, "confirmed"))
        answer = await ask(here, to(order, "shipped"), key="k")
        assert (answer.replayed, json.loads(answer.body)["status"]) == (False, "shipped")

    async def test_is_not_bound_by_missing_stock(self, here: Shop) -> None:
        with pytest.raises(InsufficientStock):
            await place(here, quantity=STOCK + 1, key="k")
        await ask(here, ChangeStock(PEN, StockChange(quantity=1, reason="found")))
        assert (await place(here, quantity=STOCK + 1, key="k")).status == 201


class TestStock:
    async def test_what_is_asked_and_what_there_is_are_said(self, here: Shop) -> None:
        with pytest.raises(InsufficientStock) as refused:
            await place(here, quantity=STOCK + 1)
        assert refused.value.facts == {"product_id": str(PEN), "asked": STOCK + 1, "available": STOCK}

    async def test_it_is_never_sold_twice(self, here: Shop, there: Shop) -> None:
        asked = (place((here, there)[n % 2]) for n in range(2 * STOCK))
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert sum(isinstance(answer, Answer) for answer in answers) == STOCK
        assert sum(isinstance(answer, InsufficientStock) for answer in answers) == STOCK
        assert await available(here) == 0

    async def test_it_comes_back_once_however_often_an_order_is_cancelled(self, here: Shop, there: Shop) -> None:
        order = order_of(await place(here, quantity=5))
        await asyncio.gather(*(ask((here, there)[n % 2], cancel(order)) for n in range(10)))
        assert await available(here) == STOCK


class TestRaces:
    async def test_of_two_steps_that_exclude_each_other_one_is_taken(self, here: Shop, there: Shop) -> None:
        for _ in range(5):
            order = order_of(await place(here))
            asked = (ask(here, to(order, "confirmed")), ask(there, to(order, "expired")))
            answers = await asyncio.gather(*asked, return_exceptions=True)
            assert sum(isinstance(answer, Answer) for answer in answers) == 1
            assert sum(isinstance(answer, IllegalTransition) for answer in answers) == 1

    async def test_many_changes_of_one_product_all_count(self, here: Shop, there: Shop) -> None:
        changes = (
            ask((here, there)[n % 2], ChangeStock(PEN, StockChange(quantity=1, reason="found"))) for n in range(8)
        )
        versions = sorted([answer.version for answer in await asyncio.gather(*changes)])
        assert versions == list(range(versions[0], versions[0] + 8))
        assert await available(here) == STOCK + 8

    async def test_what_keeps_changing_is_given_up(self, here: Shop) -> None:
        with pytest.raises(Contention):
            await ask(here, AlwaysTooLate())

    async def test_nothing_is_remembered_of_what_was_not_appended(self, here: Shop) -> None:
        order = order_of(await place(here))
        await here.appender.close()
        with pytest.raises(AppendError):
            await ask(here, to(order, "confirmed"))
        kept = (await here.repository.get([order]))[order]
        assert kept is not None
        assert kept.version == 1


class TestWhatIsWritten:
    async def test_who_and_why_stand_beside_every_event(self, here: Shop) -> None:
        order = order_of(await place(here))
        request = Request(
            replace(staff, tenant=here.tenant), uuid7(), "correlated", traceparent="00-trace", causation_id="cause"
        )
        await here.commands.handle(cancel(order), request)
        (event,) = await here.reader.filtered(0, 100, types=["OrderCancelled"])
        meta = event.meta()
        reason = meta.pop("reason")
        assert reason.startswith("sealed.1.")
        assert here.codec.keyring.open(reason, order) == "mistake"
        assert meta == {
            "subject": str(staff.subject),
            "role": "staff",
            "command_id": str(request.command_id),
            "correlation_id": "correlated",
            "causation_id": "cause",
            "traceparent": "00-trace",
            "owner": str(ADA),
        }

    async def test_nothing_personal_is_readable_in_the_log(self, here: Shop) -> None:
        order = order_of(await place(here))
        await ask(here, cancel(order, "Ada Lovelace telephoned"))
        events = await here.reader.after(0, 100)
        assert len(events) >= 6
        for event in events:
            stored = event.data + event.metadata.encode()
            for text in (b"Lovelace", b"ada@example.com", b"James", b"London", b"telephoned"):
                assert text not in stored


@dataclass(frozen=True)
class AlwaysTooLate(Command):
    """A command that decides on a state which the log never has."""

    def streams(self, request: Request) -> Iterable[UUID]:
        return (PEN,)

    def decide(self, known: Known, request: Request) -> Decision:
        product = known[PEN]
        assert product is not None
        product.version += 1
        return Decision(200, b"", product.version, read=(product,))

    def fingerprint(self) -> bytes:
        return b""


async def available(shop: Shop) -> int:
    """The pens that can be ordered."""
    return (await shop.reader.available([PEN]))[PEN]

"""What it means that somebody is forgotten: done once whatever happens in between, and never undone by who is late."""

import asyncio
from collections.abc import Collection
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest
from pydantic_core import from_json
from redis.asyncio import Redis

from daybook.kept_mails import KeptMails
from events.domain.account import Account, invitation_id
from events.domain.customer import Customer
from events.domain.delivery import confirmation_id
from events.domain.order import Order
from events.domain.order_parts import Address
from events.erased import ERASED_ADDRESS
from events.log.reader import LogReader
from projections.erasure import ERASURES_CHANNEL, ErasureProjection, RemoveMails, keeps_no_mails, remove_late_mails
from projections.feed import Feed
from projections.runner import Runner
from tests.projections.book import Book, EveryoneLeads, open_book
from tests.projections.business import moved, placed
from tests.projections.conftest import Street
from tests.projections.eventually import eventually

ELSEWHERE: Address = {"recipient": "Ada Lovelace", "line1": "8 Secret Court", "city": "Paris", "country": "FR"}


class Ada:
    """A customer of this book, with one order."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.id = uuid4()
        self.customer = Customer.add(self.id, name="Ada Lovelace", email="ada@example.com")
        self.order = placed(self.id)

    async def orders(self) -> None:
        await self.book.append(self.customer, self.order)

    async def is_erased(self) -> None:
        """The fact; nothing is done about it yet."""
        self.customer.erase("customer_request")
        await self.book.append(self.customer)

    async def address(self, order: Order | None = None) -> object:
        """What the list shows."""
        statement = "SELECT document FROM order_list WHERE tenant_id = $1 AND order_id = $2"
        ((document,),) = await self.book.rows(statement, (order or self.order).id)
        return from_json(f"{{{document}}}")["shipping_address"]

    async def has_a_key(self) -> bool:
        statement = "SELECT wrapped FROM person_keys WHERE tenant_id = $1 AND person_id = $2"
        return (await self.book.rows(statement, self.id)) != [(None,)]


@pytest.fixture
async def ada(book: Book) -> Ada:
    ada = Ada(book)
    await ada.orders()
    return ada


def in_folder(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def erasing(book: Book, remove_mails: RemoveMails = keeps_no_mails) -> Runner:
    projection = ErasureProjection(book.tenant, book.redis, remove_mails)
    return Runner(book.tenant, projection, book.pool, Feed(LogReader(book.pool, book.tenant)), EveryoneLeads())


class TestAnErasure:
    async def test_takes_the_key_and_clears_the_rows(self, book: Book, ada: Ada) -> None:
        await book.post()
        assert await ada.address() == ada.order.shipping_address
        await ada.is_erased()
        await erasing(book).catch_up()
        assert not await ada.has_a_key()
        assert await ada.address() == ERASED_ADDRESS

    async def test_leaves_the_others_alone(self, book: Book, ada: Ada) -> None:
        other = Ada(book)
        await other.orders()
        await book.post()
        await ada.is_erased()
        await book.post()
        assert await other.has_a_key()
        assert await other.address() == other.order.shipping_address

    async def test_tells_the_other_processes(self, book: Book, ada: Ada) -> None:
        async with book.redis.pubsub() as listener:
            await listener.subscribe(ERASURES_CHANNEL)
            await ada.is_erased()
            await erasing(book).catch_up()
            async with asyncio.timeout(5):
                async for message in listener.listen():
                    if message["type"] == "message":
                        return

    async def test_that_is_cut_off_is_done_again(self, book: Book, ada: Ada) -> None:
        """It dies when all is written and nothing is committed."""

        async def dies(_deliveries: Collection[UUID]) -> None:
            raise KeyboardInterrupt

        await book.post()
        await ada.is_erased()
        with pytest.raises(KeyboardInterrupt):
            await erasing(book, dies).catch_up()
        assert await ada.has_a_key(), "all of it or nothing"
        assert await ada.address() == ada.order.shipping_address
        await erasing(book).catch_up()
        assert not await ada.has_a_key()
        assert await ada.address() == ERASED_ADDRESS

    async def test_that_was_done_already_is_done_again_without_harm(self, book: Book, ada: Ada) -> None:
        await ada.is_erased()
        await book.post()
        before = await book.rows("SELECT * FROM erasures WHERE tenant_id = $1")
        await book.pool.execute(
            "UPDATE checkpoints SET position = 0 WHERE tenant_id = $1 AND projection = 'erasure'", book.tenant
        )
        await erasing(book).catch_up()
        assert await book.rows("SELECT * FROM erasures WHERE tenant_id = $1") == before
        assert len(before) == 1


class TestAReadModelThatIsLate:
    async def test_shows_what_came_before_as_erased(self, book: Book, ada: Ada) -> None:
        await ada.is_erased()
        await erasing(book).catch_up()
        await book.post()
        assert await ada.address() == ERASED_ADDRESS

    async def test_shows_what_was_written_meanwhile_as_erased(
        self, street: Street, book: Book, redis: Redis, ada: Ada
    ) -> None:
        """Another process had the key in its memory, and wrote with it."""
        async with open_book(street.database.url, redis, book.tenant) as elsewhere:
            await elsewhere.post()
            late, theirs = placed(ada.id), ada.order
            theirs.readdress(ELSEWHERE)
            await ada.is_erased()
            await erasing(book).catch_up()
            assert not elsewhere.shop.codec.keyring.has_forgotten(ada.id), "it does not know yet"
            await elsewhere.append(theirs, late)
            await elsewhere.post()
            assert await ada.address() == ERASED_ADDRESS
            assert await ada.address(late) == ERASED_ADDRESS

    async def test_is_waited_for_while_it_writes(self, book: Book, ada: Ada) -> None:
        """It has opened the address, and not committed its row yet."""
        orders = book.runners["orders"]
        wait, go_on = asyncio.Event(), asyncio.Event()
        apply = orders.projection.apply

        async def slowly(transaction: asyncpg.Connection, events: object) -> None:
            await apply(transaction, events)  # type: ignore[arg-type]
            wait.set()
            await go_on.wait()

        orders.projection.apply = slowly  # type: ignore[assignment, method-assign]
        writing = asyncio.create_task(orders.catch_up())
        await wait.wait()
        await ada.is_erased()
        erasure = asyncio.create_task(erasing(book).catch_up())

        async def waits() -> bool:
            waiting = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"
            return bool(await book.pool.fetchval(waiting))

        await eventually(waits)
        orders.projection.apply = apply  # type: ignore[method-assign]
        go_on.set()
        await asyncio.gather(writing, erasure)
        assert await ada.address() == ERASED_ADDRESS


class TestMails:
    async def status(self, book: Book, delivery: UUID) -> tuple[str, str | None]:
        statement = "SELECT status, last_error FROM deliveries WHERE tenant_id = $1 AND delivery_id = $2"
        ((status, error),) = await book.rows(statement, delivery)
        return status, error

    async def test_that_are_due_are_not_sent(self, book: Book, ada: Ada) -> None:
        await book.post()
        mail = confirmation_id(ada.order.id)
        assert await self.status(book, mail) == ("pending", None)
        await ada.is_erased()
        await book.post()
        assert await self.status(book, mail) == ("dead", "recipient was forgotten")

    async def test_that_were_sent_are_removed_from_where_they_are_kept(
        self, book: Book, ada: Ada, tmp_path: Path
    ) -> None:
        for name in (confirmation_id(ada.order.id), invitation_id(Account.id_of(ada.id)), uuid4()):
            (tmp_path / f"{name}@daybook.example.eml").write_text("Dear Ada")
        await ada.is_erased()
        await erasing(book, KeptMails(tmp_path).remove).catch_up()
        assert len(in_folder(tmp_path)) == 1, "another's mail stays"

    async def test_on_their_way_are_looked_for_once_more(self, book: Book, ada: Ada, tmp_path: Path) -> None:
        await book.post()
        mails = KeptMails(tmp_path)
        await book.pool.execute("UPDATE deliveries SET status = 'leased', due_at = now() + interval '12 seconds'")
        await ada.is_erased()
        await erasing(book, mails.remove).catch_up()
        (tmp_path / f"{confirmation_id(ada.order.id)}@daybook.example.eml").write_text("Dear Ada")
        await remove_late_mails(book.pool, book.tenant, mails.remove)
        assert in_folder(tmp_path), "its lease has not run out"
        await book.pool.execute("UPDATE erasures SET mails_until = now() WHERE mails_until IS NOT NULL")
        await remove_late_mails(book.pool, book.tenant, mails.remove)
        assert not in_folder(tmp_path)
        assert await book.rows("SELECT mails_until FROM erasures WHERE tenant_id = $1") == [(None,)]

    async def test_are_all_that_is_not_done_any_more(self, book: Book, ada: Ada) -> None:
        """What was asked of the payment provider is owed all the same."""
        order = moved(ada.order, "confirmed")
        order.authorize("psp-1", order.total_cents, order.currency)
        (payment_id,) = order.money.payments
        capture_id = order.request_capture(payment_id, order.total_cents)
        await book.append(order)
        await book.post()
        await ada.is_erased()
        await book.post()
        assert await self.status(book, UUID(capture_id)) == ("pending", None)


class TestAKeyThatWasTaken:
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE person_keys SET wrapped = 'another' WHERE person_id = $1",
            "DELETE FROM person_keys WHERE person_id = $1",
            "UPDATE person_keys SET person_id = gen_random_uuid() WHERE person_id = $1",
        ],
    )
    async def test_does_not_come_back(self, own_book: Book, owner: asyncpg.Connection, statement: str) -> None:
        """To the owner of the schema neither."""
        ada = Ada(own_book)
        await ada.orders()
        await ada.is_erased()
        await own_book.post()
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="forgotten"):
            await owner.execute(statement, ada.id)

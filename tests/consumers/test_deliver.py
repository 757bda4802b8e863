"""Deliveries: their attempts and their end."""

import asyncio
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from commands.command import Request
from commands.erase_customer import EraseCustomer, ErasureRequest
from consumers.deliver import ATTEMPTS, SQL, Deliverer, backoff
from consumers.mailer import Mailer
from consumers.order_confirmation import ORDER_CONFIRMATION
from consumers.smtp_address import SmtpAddress
from daybook.wiring import Service, open_service
from daybook.worker import effects
from events.caller import Caller
from events.domain.delivery import confirmation_id
from events.log.reader import SQL as READER
from projections import confirmations
from tests.consumers.corner_shop import CornerShop
from tests.consumers.mailbox import Mailbox
from tests.consumers.silent import Silent


def test_the_projection_and_the_worker_mean_the_same_kind() -> None:
    assert ORDER_CONFIRMATION == confirmations.ORDER_CONFIRMATION


class TestADueDelivery:
    async def test_is_sent_recorded_and_done(self, shop: CornerShop, deliverer: Deliverer, mailbox: Mailbox) -> None:
        order_id = await shop.place(("Blue ink", 2, 1250), ("Pen", 1, 6900))
        (delivery_id,) = await shop.project()
        await deliverer.deliver("default", [delivery_id])

        assert list(mailbox.mails()) == [f"{delivery_id}@daybook.example.eml"]
        mail = mailbox.only()
        assert mail["To"] == "Ada Lovelace <ada@example.com>"
        text = mail.get_content().splitlines()
        assert text[4:6] == ["  2 x Blue ink", "      12.50 USD each, together 25.00 USD"]
        assert "Total: 94.00 USD" in text
        row = await shop.row(delivery_id)
        assert (row["status"], row["attempts"], row["last_error"]) == ("done", 1, None)
        assert row["finished_at"] is not None
        assert delivery_id == confirmation_id(order_id)

    async def test_is_recorded_about_the_order_whose_version_stays(
        self, shop: CornerShop, deliverer: Deliverer
    ) -> None:
        order_id = await shop.place()
        (delivery_id,) = await shop.project()
        await deliverer.deliver("default", [delivery_id])

        (placed,) = await shop.events(order_id)
        (sent,) = await shop.events(delivery_id)
        assert (sent.type, sent.version) == ("ConfirmationSent", 1)
        meta = sent.meta()
        assert meta.pop("command_id")
        assert meta == {
            "subject": str(UUID(int=0)),
            "role": "system",
            "correlation_id": placed.meta()["correlation_id"],
            "causation_id": f"{order_id}.1",
            "owner": str(shop.customer),
            "about": str(order_id),
        }
        data = shop.shop.codec.open(sent)
        assert data["order_id"] == str(order_id)
        assert data["message_id"] == f"<{delivery_id}@daybook.example>"
        assert data["attempts"] == 1

    async def test_is_sent_once_however_often_it_is_asked_for(
        self, shop: CornerShop, deliverer: Deliverer, mailbox: Mailbox
    ) -> None:
        delivery_id = await shop.order()
        await asyncio.gather(*(deliverer.deliver("default", [delivery_id]) for _ in range(5)))
        await shop.make_due()
        await deliverer.deliver("default", [delivery_id])
        assert mailbox.only()["X-Daybook-Received"] == "1"
        assert (await shop.row(delivery_id))["attempts"] == 1

    async def test_of_each_tenant_is_recorded_in_its_own_log(
        self, shop: CornerShop, deliverer: Deliverer, mailbox: Mailbox
    ) -> None:
        other = CornerShop(shop.service, await shop.service.shop("other"))
        await other.open("Ben Ohara", "ben@example.com")
        delivery_ids = [await shop.order(), await other.order()]
        await deliverer.deliver("default", [delivery_ids[0]])
        await deliverer.deliver("other", [delivery_ids[1]])
        to = [mailbox.mails()[f"{delivery_id}@daybook.example.eml"]["To"] for delivery_id in delivery_ids]
        assert to == ["Ada Lovelace <ada@example.com>", "Ben Ohara <ben@example.com>"]
        assert len(await other.events(delivery_ids[1])) == 1
        assert not await shop.events(delivery_ids[1])

    async def test_of_another_tenant_is_another_delivery(
        self, shop: CornerShop, deliverer: Deliverer, mailbox: Mailbox
    ) -> None:
        await deliverer.deliver("other", [await shop.order()])
        assert not mailbox.mails()


class TestAFailedAttempt:
    async def test_is_made_again_later(self, shop: CornerShop, deliverer: Deliverer, mailbox: Mailbox) -> None:
        delivery_id = await shop.order()
        mailbox.stop()
        await deliverer.deliver("default", [delivery_id])
        row = await shop.row(delivery_id)
        assert (row["status"], row["attempts"]) == ("pending", 1)
        assert row["last_error"] == "SMTPConnectError"
        assert row["put_off"]

        await mailbox.start()
        await deliverer.deliver("default", [delivery_id])
        assert not mailbox.mails(), "it is not due yet"
        await shop.make_due()
        await deliverer.deliver("default", [delivery_id])
        assert mailbox.only()["X-Daybook-Attempt"] == "2"
        assert (await shop.row(delivery_id))["status"] == "done"

    async def test_takes_only_so_long(self, shop: CornerShop, service: Service, silent: Silent) -> None:
        mailer = await silent.open()
        impatient = Deliverer(service.pool, effects(service, mailer, "x@y.example"), attempt_seconds=0.2)
        delivery_id = await shop.order()
        await impatient.deliver("default", [delivery_id])
        row = await shop.row(delivery_id)
        assert (row["status"], row["last_error"]) == ("pending", "TimeoutError")

    async def test_of_an_unknown_kind_waits_for_a_version_that_knows_it(
        self, shop: CornerShop, deliverer: Deliverer
    ) -> None:
        delivery_id = await shop.order()
        await shop.service.pool.execute("UPDATE deliveries SET kind = 'carrier_pigeon'")
        await deliverer.deliver("default", [delivery_id])
        assert (await shop.row(delivery_id))["last_error"] == "LookupError"

    async def test_the_last_one_makes_a_dead_letter(
        self, shop: CornerShop, deliverer: Deliverer, mailbox: Mailbox
    ) -> None:
        delivery_id = await shop.order()
        mailbox.stop()
        for _ in range(ATTEMPTS):
            assert (await shop.row(delivery_id))["status"] == "pending"
            await shop.make_due()
            await deliverer.deliver("default", [delivery_id])
        row = await shop.row(delivery_id)
        assert (row["status"], row["attempts"]) == ("dead", ATTEMPTS)
        assert row["last_error"] == "SMTPConnectError"
        await mailbox.start()
        await shop.make_due()
        await deliverer.deliver("default", [delivery_id])
        assert not mailbox.mails()

    def test_the_pauses_grow_and_part_a_herd(self) -> None:
        for attempt, about in enumerate((2, 8, 32, 128, 512, 2048, 8192), start=1):
            pauses = [backoff(attempt) for _ in range(200)]
            assert about * 0.5 <= min(pauses) < about * 0.75
            assert about * 1.25 < max(pauses) <= about * 1.5


class TestDeliveriesOfOneMessage:
    async def test_each_end_as_they_deserve(self, shop: CornerShop, deliverer: Deliverer, mailbox: Mailbox) -> None:
        fine, later, never, done, also_fine = [await shop.order() for _ in range(5)]
        await deliverer.deliver("default", [done])
        change = "UPDATE deliveries SET {} WHERE delivery_id = $1"
        await shop.service.pool.execute(change.format("kind = 'carrier_pigeon'"), later)
        await shop.service.pool.execute(change.format("order_id = gen_random_uuid()"), never)
        await deliverer.deliver("default", [fine, later, never, done, also_fine])
        statuses = [(await shop.row(one))["status"] for one in (fine, later, never, done, also_fine)]
        assert statuses == ["done", "pending", "dead", "done", "done"]
        assert mailbox.mails().keys() == {f"{one}@daybook.example.eml" for one in (fine, done, also_fine)}

    async def test_are_sent_once_though_others_have_them_too_in_any_order(
        self, shop: CornerShop, service: Service, mailer: Mailer, mailbox: Mailbox
    ) -> None:
        ids = [await shop.order() for _ in range(12)]
        perform = effects(service, mailer, service.settings.mail_from)
        orders = (ids, ids[::-1], ids[6:] + ids[:6], ids[::2] + ids[1::2])
        await asyncio.gather(*(Deliverer(service.pool, perform).deliver("default", one) for one in orders))
        assert await shop.all_done(len(ids))
        assert [mail["X-Daybook-Received"] for mail in mailbox.mails().values()] == ["1"] * len(ids)

    async def test_cost_three_statements_beside_the_log(
        self, shop: CornerShop, service: Service, deliverer: Deliverer
    ) -> None:
        ids = [await shop.order() for _ in range(5)]
        said: list[str] = []
        async with service.pool.acquire() as connection:
            connection.add_query_logger(lambda record: said.append(record.query))
        await deliverer.deliver("default", ids)
        assert said == [SQL.claim_deliveries, READER.read_streams, SQL.finish_deliveries]


class TestAnUndeliverableOne:
    async def test_is_given_up_at_once(self, shop: CornerShop, deliverer: Deliverer) -> None:
        delivery_id = await shop.order()
        await shop.service.pool.execute("UPDATE deliveries SET order_id = gen_random_uuid()")
        await deliverer.deliver("default", [delivery_id])
        row = await shop.row(delivery_id)
        assert (row["status"], row["attempts"], row["last_error"]) == ("dead", 1, "the log has no such order")

    async def test_is_one_whose_recipient_was_forgotten(
        self, shop: CornerShop, owner: asyncpg.Connection, mailbox: Mailbox
    ) -> None:
        delivery_id = await shop.order()
        await owner.execute("UPDATE person_keys SET wrapped = NULL WHERE person_id = $1", shop.customer)
        async with open_service(shop.service.settings, "after") as after:
            mailer = Mailer(SmtpAddress.parse(mailbox.url), domain="daybook.example")
            deliverer = Deliverer(after.pool, effects(after, mailer, after.settings.mail_from))
            await deliverer.deliver("default", [delivery_id])
        row = await shop.row(delivery_id)
        assert (row["status"], row["last_error"]) == ("dead", "recipient was forgotten")
        assert not mailbox.mails()

    async def test_is_one_whose_recipient_was_forgotten_a_moment_ago(
        self, shop: CornerShop, deliverer: Deliverer, mailbox: Mailbox
    ) -> None:
        """This process has the key still, and nothing was done about it yet; but the fact is in the log."""
        delivery_id = await shop.order()
        caller = Caller(UUID(int=0), shop.tenant, ("admin",))
        erasure = EraseCustomer(shop.customer, ErasureRequest(reason="court_order"))
        await shop.shop.commands.handle(erasure, Request(caller, uuid7(), "a test"))
        await deliverer.deliver("default", [delivery_id])
        row = await shop.row(delivery_id)
        assert (row["status"], row["last_error"]) == ("dead", "recipient was forgotten")
        assert not mailbox.mails()


async def test_a_replay_starts_from_the_first_attempt(shop: CornerShop, deliverer: Deliverer, mailbox: Mailbox) -> None:
    delivery_id = await shop.order()
    mailbox.stop()
    for _ in range(ATTEMPTS):
        await shop.make_due()
        await deliverer.deliver("default", [delivery_id])
    await mailbox.start()
    replayed = await shop.service.pool.fetch(SQL.replay_deliveries, "default", None)
    assert [row["delivery_id"] for row in replayed] == [delivery_id]
    await deliverer.deliver("default", [delivery_id])
    assert mailbox.only()["X-Daybook-Attempt"] == "1"
    assert (await shop.row(delivery_id))["status"] == "done"
    assert not await shop.service.pool.fetch(SQL.replay_deliveries, "default", None)

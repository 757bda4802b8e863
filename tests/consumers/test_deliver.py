"""One delivery: its attempts, its lease, its end, and every crash in between."""

import asyncio
from collections.abc import Iterator
from email.message import EmailMessage
from uuid import UUID

import asyncpg
import pytest

from consumers.deliver import ATTEMPTS, SQL, Deliverer, backoff
from consumers.effect import Delivery, Effect, Undeliverable
from consumers.mailer import Mailer
from consumers.order_confirmation import ORDER_CONFIRMATION, OrderConfirmation
from consumers.smtp_address import SmtpAddress
from daybook.wiring import Service, open_service
from daybook.worker import effects
from events.domain.delivery import confirmation_id
from projections import confirmations
from tests.consumers.corner_shop import CornerShop
from tests.consumers.mailbox import Mailbox


class Killed(BaseException):
    """The process dies here: nothing after this point happens."""


class Silent:
    """A mail server that takes connections and never says a word."""

    def __init__(self) -> None:
        self.called = asyncio.Event()
        self._connections: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None

    async def open(self) -> Mailer:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        return Mailer(SmtpAddress("127.0.0.1", port), domain="daybook.example")

    def close(self) -> None:
        for connection in self._connections:
            connection.close()
        if self._server is not None:
            self._server.close()

    def _connected(self, _: asyncio.StreamReader, connection: asyncio.StreamWriter) -> None:
        self._connections.append(connection)
        self.called.set()


@pytest.fixture
def silent() -> Iterator[Silent]:
    silent = Silent()
    yield silent
    silent.close()


def dying_after_sending(service: Service, mailer: Mailer) -> Deliverer:
    async def send(mail: EmailMessage) -> None:
        await mailer.send(mail)
        raise Killed

    async def effect(tenant: str, _kind: str) -> Effect:
        shop = await service.shop(tenant)
        return OrderConfirmation(shop.reader, shop.codec, shop.appender, send, service.settings.mail_from)

    return Deliverer(service.pool, effect)


def dying_after_recording(service: Service, mailer: Mailer) -> Deliverer:
    whole = effects(service, mailer, service.settings.mail_from)

    async def effect(tenant: str, kind: str) -> Effect:
        perform = await whole(tenant, kind)

        async def then_die(delivery: Delivery) -> None:
            await perform(delivery)
            raise Killed

        return then_die

    return Deliverer(service.pool, effect)


def test_the_projection_and_the_worker_mean_the_same_kind() -> None:
    assert ORDER_CONFIRMATION == confirmations.ORDER_CONFIRMATION


class TestADueDelivery:
    async def test_is_sent_recorded_and_done(self, shop: CornerShop, deliverer: Deliverer, mailbox: Mailbox) -> None:
        order_id = await shop.place(("Blue ink", 2, 1250), ("Pen", 1, 6900))
        (delivery_id,) = await shop.project()
        await deliverer.deliver("default", delivery_id)

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
        await deliverer.deliver("default", delivery_id)

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
        await asyncio.gather(*(deliverer.deliver("default", delivery_id) for _ in range(5)))
        await shop.make_due()
        await deliverer.deliver("default", delivery_id)
        assert mailbox.only()["X-Daybook-Received"] == "1"
        assert (await shop.row(delivery_id))["attempts"] == 1

    async def test_of_each_tenant_is_recorded_in_its_own_log(
        self, shop: CornerShop, deliverer: Deliverer, mailbox: Mailbox
    ) -> None:
        other = CornerShop(shop.service, await shop.service.shop("other"))
        await other.open("Ben Ohara", "ben@example.com")
        delivery_ids = [await shop.order(), await other.order()]
        await deliverer.deliver("default", delivery_ids[0])
        await deliverer.deliver("other", delivery_ids[1])
        to = [mailbox.mails()[f"{delivery_id}@daybook.example.eml"]["To"] for delivery_id in delivery_ids]
        assert to == ["Ada Lovelace <ada@example.com>", "Ben Ohara <ben@example.com>"]
        assert len(await other.events(delivery_ids[1])) == 1
        assert not await shop.events(delivery_ids[1])

    async def test_of_another_tenant_is_another_delivery(
        self, shop: CornerShop, deliverer: Deliverer, mailbox: Mailbox
    ) -> None:
        await deliverer.deliver("other", await shop.order())
        assert not mailbox.mails()


class TestAFailedAttempt:
    async def test_is_made_again_later(self, shop: CornerShop, deliverer: Deliverer, mailbox: Mailbox) -> None:
        delivery_id = await shop.order()
        mailbox.stop()
        await deliverer.deliver("default", delivery_id)
        row = await shop.row(delivery_id)
        assert (row["status"], row["attempts"]) == ("pending", 1)
        assert row["last_error"] == "SMTPConnectError"
        assert row["put_off"]

        await mailbox.start()
        await deliverer.deliver("default", delivery_id)
        assert not mailbox.mails(), "it is not due yet"
        await shop.make_due()
        await deliverer.deliver("default", delivery_id)
        assert mailbox.only()["X-Daybook-Attempt"] == "2"
        assert (await shop.row(delivery_id))["status"] == "done"

    async def test_takes_only_so_long(self, shop: CornerShop, service: Service, silent: Silent) -> None:
        mailer = await silent.open()
        impatient = Deliverer(service.pool, effects(service, mailer, "x@y.example"), attempt_seconds=0.2)
        delivery_id = await shop.order()
        await impatient.deliver("default", delivery_id)
        row = await shop.row(delivery_id)
        assert (row["status"], row["last_error"]) == ("pending", "TimeoutError")

    async def test_of_an_unknown_kind_waits_for_a_version_that_knows_it(
        self, shop: CornerShop, deliverer: Deliverer
    ) -> None:
        delivery_id = await shop.order()
        await shop.service.pool.execute("UPDATE deliveries SET kind = 'carrier_pigeon'")
        await deliverer.deliver("default", delivery_id)
        assert (await shop.row(delivery_id))["last_error"] == "LookupError"

    async def test_the_last_one_makes_a_dead_letter(
        self, shop: CornerShop, deliverer: Deliverer, mailbox: Mailbox
    ) -> None:
        delivery_id = await shop.order()
        mailbox.stop()
        for _ in range(ATTEMPTS):
            assert (await shop.row(delivery_id))["status"] == "pending"
            await shop.make_due()
            await deliverer.deliver("default", delivery_id)
        row = await shop.row(delivery_id)
        assert (row["status"], row["attempts"]) == ("dead", ATTEMPTS)
        assert row["last_error"] == "SMTPConnectError"
        await mailbox.start()
        await shop.make_due()
        await deliverer.deliver("default", delivery_id)
        assert not mailbox.mails()

    def test_the_pauses_grow_and_part_a_herd(self) -> None:
        for attempt, about in enumerate((2, 8, 32, 128, 512, 2048, 8192), start=1):
            pauses = [backoff(attempt) for _ in range(200)]
            assert about * 0.5 <= min(pauses) < about * 0.75
            assert about * 1.25 < max(pauses) <= about * 1.5


class TestALease:
    async def test_keeps_others_away_while_an_attempt_is_under_way(
        self, shop: CornerShop, service: Service, silent: Silent, deliverer: Deliverer, mailbox: Mailbox
    ) -> None:
        slow_mailer = await silent.open()
        slow = Deliverer(service.pool, effects(service, slow_mailer, "x@y.example"), attempt_seconds=0.5)
        delivery_id = await shop.order()
        attempt = asyncio.create_task(slow.deliver("default", delivery_id))
        await silent.called.wait()
        await deliverer.deliver("default", delivery_id)
        assert not mailbox.mails()
        await attempt

    async def test_that_ran_out_lets_another_try_and_leaves_the_first_no_say(
        self, shop: CornerShop, service: Service, silent: Silent
    ) -> None:
        perform = effects(service, await silent.open(), "x@y.example")
        slow = Deliverer(service.pool, perform, attempt_seconds=0.4, lease_seconds=0.1)
        slower = Deliverer(service.pool, perform, attempt_seconds=2.0)
        delivery_id = await shop.order()
        first = asyncio.create_task(slow.deliver("default", delivery_id))
        await silent.called.wait()
        await asyncio.sleep(0.15)
        second = asyncio.create_task(slower.deliver("default", delivery_id))
        await first
        row = await shop.row(delivery_id)
        assert (row["status"], row["attempts"]) == ("leased", 2)
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)


class TestACrash:
    async def test_after_sending_sends_again_under_the_same_message_id(
        self, shop: CornerShop, service: Service, mailer: Mailer, deliverer: Deliverer, mailbox: Mailbox
    ) -> None:
        delivery_id = await shop.order()
        with pytest.raises(Killed):
            await dying_after_sending(service, mailer).deliver("default", delivery_id)
        assert (await shop.row(delivery_id))["status"] == "leased"
        assert not await shop.events(delivery_id)

        await shop.make_due()
        await deliverer.deliver("default", delivery_id)
        mail = mailbox.only()
        assert mail["Message-ID"] == f"<{delivery_id}@daybook.example>"
        assert (mail["X-Daybook-Received"], mail["X-Daybook-Attempt"]) == ("2", "2")
        assert [event.type for event in await shop.events(delivery_id)] == ["ConfirmationSent"]
        row = await shop.row(delivery_id)
        assert (row["status"], row["last_error"]) == ("done", "the attempt before never ended")

    async def test_after_recording_only_marks(
        self, shop: CornerShop, service: Service, mailer: Mailer, deliverer: Deliverer, mailbox: Mailbox
    ) -> None:
        delivery_id = await shop.order()
        with pytest.raises(Killed):
            await dying_after_recording(service, mailer).deliver("default", delivery_id)
        await shop.make_due()
        await deliverer.deliver("default", delivery_id)
        assert mailbox.only()["X-Daybook-Received"] == "1"
        assert len(await shop.events(delivery_id)) == 1
        assert (await shop.row(delivery_id))["status"] == "done"

    async def test_at_every_attempt_ends_in_a_dead_letter(
        self, shop: CornerShop, service: Service, mailer: Mailer, deliverer: Deliverer
    ) -> None:
        delivery_id = await shop.order()
        for _ in range(ATTEMPTS):
            await shop.make_due()
            with pytest.raises(Killed):
                await dying_after_sending(service, mailer).deliver("default", delivery_id)
        await shop.make_due()
        await deliverer.deliver("default", delivery_id)
        row = await shop.row(delivery_id)
        assert (row["status"], row["attempts"]) == ("dead", ATTEMPTS)
        assert row["last_error"] == "the attempt before never ended"

    async def test_of_two_who_both_sent_one_records(
        self, shop: CornerShop, service: Service, mailer: Mailer, deliverer: Deliverer, mailbox: Mailbox
    ) -> None:
        """A zombie sends, is overtaken while it records, and finds that it was recorded before."""
        sent, overtaken = asyncio.Event(), asyncio.Event()

        async def send(mail: EmailMessage) -> None:
            await mailer.send(mail)
            sent.set()
            await overtaken.wait()

        async def effect(tenant: str, _kind: str) -> Effect:
            one = await service.shop(tenant)
            return OrderConfirmation(one.reader, one.codec, one.appender, send, service.settings.mail_from)

        delivery_id = await shop.order()
        zombie = asyncio.create_task(Deliverer(service.pool, effect).deliver("default", delivery_id))
        await sent.wait()
        await shop.make_due()
        await deliverer.deliver("default", delivery_id)
        overtaken.set()
        await zombie
        assert len(await shop.events(delivery_id)) == 1
        assert (await shop.row(delivery_id))["status"] == "done"
        assert mailbox.only()["X-Daybook-Received"] == "2"


class TestAnUndeliverableOne:
    async def test_is_given_up_at_once(self, shop: CornerShop, service: Service) -> None:
        async def never(_delivery: Delivery) -> None:
            raise Undeliverable("nobody lives there")

        async def effect(_tenant: str, _kind: str) -> Effect:
            return never

        delivery_id = await shop.order()
        await Deliverer(service.pool, effect).deliver("default", delivery_id)
        row = await shop.row(delivery_id)
        assert (row["status"], row["attempts"], row["last_error"]) == ("dead", 1, "nobody lives there")

    async def test_is_one_whose_recipient_was_forgotten(
        self, shop: CornerShop, owner: asyncpg.Connection, mailbox: Mailbox
    ) -> None:
        delivery_id = await shop.order()
        await owner.execute("DELETE FROM person_keys WHERE person_id = $1", shop.customer)
        async with open_service(shop.service.settings, "after") as after:
            mailer = Mailer(SmtpAddress.parse(mailbox.url), domain="daybook.example")
            deliverer = Deliverer(after.pool, effects(after, mailer, after.settings.mail_from))
            await deliverer.deliver("default", delivery_id)
        row = await shop.row(delivery_id)
        assert (row["status"], row["last_error"]) == ("dead", "recipient was forgotten")
        assert not mailbox.mails()


async def test_a_replay_starts_from_the_first_attempt(shop: CornerShop, deliverer: Deliverer, mailbox: Mailbox) -> None:
    delivery_id = await shop.order()
    mailbox.stop()
    for _ in range(ATTEMPTS):
        await shop.make_due()
        await deliverer.deliver("default", delivery_id)
    await mailbox.start()
    replayed = await shop.service.pool.fetch(SQL.replay_deliveries, "default", None)
    assert [row["delivery_id"] for row in replayed] == [delivery_id]
    await deliverer.deliver("default", delivery_id)
    assert mailbox.only()["X-Daybook-Attempt"] == "1"
    assert (await shop.row(delivery_id))["status"] == "done"
    assert not await shop.service.pool.fetch(SQL.replay_deliveries, "default", None)

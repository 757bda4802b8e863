"""Deliveries whose process dies, or hangs: leases, zombies, and every crash in between."""

import asyncio
from email.message import EmailMessage

import pytest

from consumers.deliver import ATTEMPTS, Deliverer
from consumers.effect import Delivery, Effect, Recorded
from consumers.mailer import Mailer
from consumers.order_confirmation import OrderConfirmation
from daybook.wiring import Service
from daybook.worker import effects
from tests.consumers.corner_shop import CornerShop
from tests.consumers.mailbox import Mailbox
from tests.consumers.silent import Silent


class Killed(BaseException):
    """The process dies here: nothing after this point happens."""


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

    class ThenDie:
        def __init__(self, effect: Effect) -> None:
            self.read = effect.read
            self._perform = effect.perform

        async def perform(self, delivery: Delivery, recorded: Recorded) -> None:
            await self._perform(delivery, recorded)
            raise Killed

    async def effect(tenant: str, kind: str) -> Effect:
        return ThenDie(await whole(tenant, kind))

    return Deliverer(service.pool, effect)


class TestALease:
    async def test_keeps_others_away_while_an_attempt_is_under_way(
        self, shop: CornerShop, service: Service, silent: Silent, deliverer: Deliverer, mailbox: Mailbox
    ) -> None:
        slow_mailer = await silent.open()
        slow = Deliverer(service.pool, effects(service, slow_mailer, "x@y.example"), attempt_seconds=0.5)
        delivery_id = await shop.order()
        attempt = asyncio.create_task(slow.deliver("default", [delivery_id]))
        await silent.called.wait()
        await deliverer.deliver("default", [delivery_id])
        assert not mailbox.mails()
        await attempt

    async def test_that_ran_out_lets_another_try_and_leaves_the_first_no_say(
        self, shop: CornerShop, service: Service, silent: Silent
    ) -> None:
        perform = effects(service, await silent.open(), "x@y.example")
        slow = Deliverer(service.pool, perform, attempt_seconds=0.4, lease_seconds=0.1)
        slower = Deliverer(service.pool, perform, attempt_seconds=2.0)
        delivery_id = await shop.order()
        first = asyncio.create_task(slow.deliver("default", [delivery_id]))
        await silent.called.wait()
        await asyncio.sleep(0.15)
        second = asyncio.create_task(slower.deliver("default", [delivery_id]))
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
            await dying_after_sending(service, mailer).deliver("default", [delivery_id])
        assert (await shop.row(delivery_id))["status"] == "leased"
        assert not await shop.events(delivery_id)

        await shop.make_due()
        await deliverer.deliver("default", [delivery_id])
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
            await dying_after_recording(service, mailer).deliver("default", [delivery_id])
        await shop.make_due()
        await deliverer.deliver("default", [delivery_id])
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
                await dying_after_sending(service, mailer).deliver("default", [delivery_id])
        await shop.make_due()
        await deliverer.deliver("default", [delivery_id])
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
        zombie = asyncio.create_task(Deliverer(service.pool, effect).deliver("default", [delivery_id]))
        await sent.wait()
        await shop.make_due()
        await deliverer.deliver("default", [delivery_id])
        overtaken.set()
        await zombie
        assert len(await shop.events(delivery_id)) == 1
        assert (await shop.row(delivery_id))["status"] == "done"
        assert mailbox.only()["X-Daybook-Received"] == "2"

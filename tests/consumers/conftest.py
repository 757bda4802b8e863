"""A shop whose orders are confirmed by real mails, over SMTP, into a folder."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from dramatiq.brokers.redis import RedisBroker

from consumers.broker import make_broker
from consumers.deliver import Deliverer
from consumers.mailer import Mailer
from consumers.smtp_address import SmtpAddress
from daybook.embedded import ValkeyServer
from daybook.settings import Settings
from daybook.wiring import Service
from daybook.worker import effects
from tests.consumers.corner_shop import CornerShop, open_corner_shop, settings_for
from tests.consumers.mailbox import Mailbox
from tests.consumers.silent import Silent
from tests.databases import Database


@pytest.fixture
async def mailbox(tmp_path: Path) -> AsyncIterator[Mailbox]:
    mailbox = Mailbox(tmp_path / "mail")
    await mailbox.start()
    yield mailbox
    mailbox.stop()


@pytest.fixture
def settings(database: Database, valkey: ValkeyServer, mailbox: Mailbox, tmp_path: Path) -> Settings:
    return settings_for(database, valkey.url, tmp_path, mailbox.url)


@pytest.fixture
async def shop(settings: Settings) -> AsyncIterator[CornerShop]:
    async with open_corner_shop(settings) as shop:
        yield shop


@pytest.fixture
def service(shop: CornerShop) -> Service:
    return shop.service


@pytest.fixture
async def mailer(mailbox: Mailbox) -> AsyncIterator[Mailer]:
    mailer = Mailer(SmtpAddress.parse(mailbox.url), domain="daybook.example")
    yield mailer
    await mailer.close()


@pytest.fixture
def deliverer(service: Service, mailer: Mailer) -> Deliverer:
    return Deliverer(service.pool, effects(service, mailer, service.settings.mail_from))


@pytest.fixture
def broker(valkey: ValkeyServer) -> Iterator[RedisBroker]:
    broker = make_broker(valkey.url)
    broker.client.flushall()
    yield broker
    broker.client.close()


@pytest.fixture
def silent() -> Iterator[Silent]:
    silent = Silent()
    yield silent
    silent.close()

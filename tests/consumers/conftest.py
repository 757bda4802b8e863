"""A shop whose orders are confirmed by real mails, over SMTP, into a folder."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from dramatiq.brokers.redis import RedisBroker

from consumers.broker import make_broker
from consumers.deliver import Deliverer
from consumers.mailer import Mailer
from consumers.smtp_address import SmtpAddress
from daybook.embedded import ValkeyServer
from daybook.settings import Settings
from daybook.wiring import Service, open_service
from daybook.worker import effects
from plug import Database
from tests.consumers.corner_shop import CornerShop
from tests.consumers.mailbox import Mailbox


@pytest_asyncio.fixture
async def mailbox(tmp_path: Path) -> AsyncIterator[Mailbox]:
    mailbox = Mailbox(tmp_path / "mail")
    await mailbox.start()
    yield mailbox
    mailbox.stop()


@pytest.fixture
def settings(database: Database, valkey: ValkeyServer, mailbox: Mailbox, tmp_path: Path) -> Settings:
    return Settings(
        database_url=database.url,
        database_owner_url=database.owner_url,
        redis_url=valkey.url,
        smtp_url=mailbox.url,
        secret="s" * 40,
        master_key=b"k" * 32,
        data=tmp_path,
    )


@pytest_asyncio.fixture
async def service(settings: Settings) -> AsyncIterator[Service]:
    async with open_service(settings, "tests") as service:
        yield service


@pytest_asyncio.fixture
async def owner(settings: Settings) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(settings.database_owner_url)
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def shop(service: Service) -> CornerShop:
    shop = CornerShop(service, await service.shop("default"))
    await shop.open()
    return shop


@pytest_asyncio.fixture
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

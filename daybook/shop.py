"""One tenant's parts, made together: the log it appends to and reads, and what decides and hides."""

from dataclasses import dataclass

import asyncpg

from commands.handle import CommandHandler
from commands.order_numbers import OrderNumbers
from events.codec import Codec
from events.log.appender import Appender, Observer
from events.log.connect import connect
from events.log.order_counters import take_order_counters
from events.log.reader import LogReader
from events.mail_claims import MailClaims
from events.master_key import MasterKey
from events.opaque import Cursors, Positions
from events.personal import Keyring
from events.repository import Repository


@dataclass(frozen=True, slots=True)
class Shop:
    """A tenant as a process works with it."""

    tenant: str
    reader: LogReader
    codec: Codec
    appender: Appender
    repository: Repository
    commands: CommandHandler
    numbers: OrderNumbers
    positions: Positions
    cursors: Cursors
    mail_claims: MailClaims


def make_shop(
    tenant: str,
    pool: asyncpg.Pool,
    database_url: str,
    secret: str,
    master_key: MasterKey | bytes,
    *,
    application: str,
    observer: Observer | None = None,
) -> Shop:
    """Wire a tenant's parts. Nothing is connected before it is used."""
    key = secret.encode()
    masters = master_key if isinstance(master_key, MasterKey) else MasterKey(master_key)
    reader = LogReader(pool, tenant)
    codec = Codec(Keyring(pool, tenant, masters))
    appender = Appender(tenant, lambda: connect(database_url, f"{application} append"), observer=observer)
    repository = Repository(reader, codec)
    return Shop(
        tenant=tenant,
        reader=reader,
        codec=codec,
        appender=appender,
        repository=repository,
        commands=CommandHandler(appender, reader, codec, repository),
        numbers=OrderNumbers(lambda count: take_order_counters(pool, tenant, count), tenant, key),
        positions=Positions(key, tenant),
        cursors=Cursors(key, tenant),
        mail_claims=MailClaims(pool, tenant, masters),
    )

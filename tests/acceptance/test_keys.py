"""Another master key: all can be read before, during and after, while the service works, and claims are found."""

import asyncio
import secrets
from base64 import b64encode
from collections.abc import AsyncIterator
from hashlib import blake2b
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import psycopg
import pytest

from commands.command import Request
from commands.invite_account import AccountCreate, EmailTaken, InviteAccount
from commands.register_customer import RegisterCustomer
from daybook import keys
from daybook.failure import Failure
from daybook.secrets import SECRETS_FILE, ensure_secrets, read_private
from daybook.settings import Place, Settings, load
from daybook.shop import Shop, make_shop
from events.caller import Caller
from events.domain.customer import Customer
from events.log.connect import create_pool
from events.mail_claims import MailClaims, claim_id
from events.master_key import MasterKey
from tests.databases import Database

OLD, NEW = secrets.token_bytes(32), secrets.token_bytes(32)
SYSTEM = Caller(UUID(int=0), "default", ("system",))


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[asyncpg.Pool]:
    async with await create_pool(database.url, "tests") as opened:
        yield opened


class Processes:
    """Makes the shop as processes have it that were started with these master keys."""

    def __init__(self, database: Database, pool: asyncpg.Pool, tmp_path: Path) -> None:
        self.database = database
        self.pool = pool
        self.data = tmp_path
        self.made: list[Shop] = []

    def with_key(self, current: bytes, previous: bytes | None = None) -> Shop:
        master = MasterKey(current, previous)
        shop = make_shop("default", self.pool, self.database.url, "s" * 40, master, application="tests")
        self.made.append(shop)
        return shop

    def settings(self, current: bytes, previous: bytes | None = None) -> Settings:
        return Settings(
            database_url=self.database.url,
            database_owner_url=self.database.owner_url,
            redis_url="redis://127.0.0.1:1",
            secret="s" * 40,
            master_key=current,
            master_key_previous=previous,
            data=self.data,
        )


@pytest.fixture
async def processes(database: Database, pool: asyncpg.Pool, tmp_path: Path) -> AsyncIterator[Processes]:
    made = Processes(database, pool, tmp_path)
    yield made
    for shop in made.made:
        await shop.appender.close()


async def registers(shop: Shop, name: str) -> UUID:
    person, command_id = uuid4(), uuid4()
    command = RegisterCustomer(person, name, f"{person}@example.com")
    await shop.commands.handle(command, Request(SYSTEM, command_id, "a test"))
    return person


async def invites(shop: Shop, email: str) -> None:
    wanted = AccountCreate(email=email, name="Grace", roles=["auditor"])
    command = InviteAccount(wanted, await shop.mail_claims.id_of(email))
    await shop.commands.handle(command, Request(SYSTEM, uuid4(), "a test"))


async def name_of(shop: Shop, person: UUID) -> str | None:
    customer = (await shop.repository.get([person]))[person]
    assert isinstance(customer, Customer)
    return customer.name


async def rotates(settings: Settings) -> int:
    return await asyncio.to_thread(keys.rotate, settings)


async def test_everyone_is_read_before_during_and_after(processes: Processes) -> None:
    before = processes.with_key(OLD)
    ada = await registers(before, "Ada")
    during = processes.with_key(NEW, OLD)
    ben = await registers(during, "Ben")
    assert await name_of(during, ada) == "Ada"
    log = "SELECT * FROM events ORDER BY position"
    written = await processes.pool.fetch(log)
    assert await rotates(processes.settings(NEW, OLD)) == 0
    after = processes.with_key(NEW)
    assert [await name_of(after, person) for person in (ada, ben)] == ["Ada", "Ben"]
    assert await processes.pool.fetch(log) == written, "the log is not touched"


async def test_what_is_added_meanwhile_under_the_old_key_is_found(processes: Processes) -> None:
    """A process that was not restarted; its person comes before the place that the pass has come to."""
    person = await registers(processes.with_key(OLD), "Ada")
    connection = await asyncpg.connect(processes.database.url)
    was = await connection.fetchval("SELECT wrapped FROM person_keys")
    passes: list[int] = []

    def comes_back_once(looked_at: int) -> None:
        if not passes:
            with psycopg.connect(processes.database.owner_url) as other:
                other.execute("UPDATE person_keys SET wrapped = %s", [was])
        passes.append(looked_at)

    wrapped, _ = await keys.rewrap_keys(connection, "default", MasterKey(NEW, OLD), comes_back_once)
    await connection.close()
    assert (wrapped, passes) == (2, [1, 1, 1]), "until a pass finds nothing"
    assert await name_of(processes.with_key(NEW), person) == "Ada"


async def test_that_was_cut_off_goes_on(processes: Processes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "AT_ONCE", 2)
    before = processes.with_key(OLD)
    persons = [await registers(before, f"Person {n}") for n in range(7)]

    class CutOff(Exception):
        pass

    def cut_off(_keys: int) -> None:
        raise CutOff

    connection = await asyncpg.connect(processes.database.url)
    with pytest.raises(CutOff):
        await keys.rewrap_keys(connection, "default", MasterKey(NEW, OLD), cut_off)
    wrapped, foreign = await keys.rewrap_keys(connection, "default", MasterKey(NEW, OLD), lambda _: None)
    await connection.close()
    assert (wrapped, foreign) == (5, 0)
    after = processes.with_key(NEW)
    assert [await name_of(after, person) for person in persons] == [f"Person {n}" for n in range(7)]


async def test_who_was_forgotten_stays_so(processes: Processes) -> None:
    person = await registers(processes.with_key(OLD), "Ada")
    await processes.pool.execute("UPDATE person_keys SET wrapped = NULL WHERE person_id = $1", person)
    assert await rotates(processes.settings(NEW, OLD)) == 0
    assert await name_of(processes.with_key(NEW), person) is None


async def test_a_key_that_fits_neither_is_told_and_the_previous_one_kept(
    processes: Processes, capsys: pytest.CaptureFixture[str]
) -> None:
    await registers(processes.with_key(secrets.token_bytes(32)), "Ada")
    assert await rotates(processes.settings(NEW, OLD)) == 1
    assert "1 keys were wrapped by neither" in capsys.readouterr().out


class TestClaimsOfMailAddresses:
    async def test_are_found_under_every_master_key(self, processes: Processes) -> None:
        await invites(processes.with_key(OLD), "grace@example.com")
        with pytest.raises(EmailTaken):
            await invites(processes.with_key(NEW, OLD), "Grace@example.com")
        await rotates(processes.settings(NEW, OLD))
        with pytest.raises(EmailTaken):
            await invites(processes.with_key(NEW), "grace@example.com")

    async def test_from_before_their_key_was_kept_are_found_too(self, processes: Processes) -> None:
        """Also when the first to keep it comes with the new master key already."""
        key = blake2b(OLD, digest_size=32, person=b"daybook-claims").digest()
        made_then = claim_id(key, "default", "grace@example.com")
        claims = MailClaims(processes.pool, "default", MasterKey(NEW, OLD))
        assert await claims.id_of("grace@example.com") == made_then


class TestTheDataFolder:
    def test_gets_another_key_and_keeps_the_one_so_far(self, tmp_path: Path) -> None:
        ensure_secrets(tmp_path)
        first = read_private(tmp_path / SECRETS_FILE)["master_key"]
        keys.new(Place(data=tmp_path))
        found = read_private(tmp_path / SECRETS_FILE)
        assert found["master_key_previous"] == first
        assert found["master_key"] != first
        with pytest.raises(Failure, match="rotate"):
            keys.new(Place(data=tmp_path))

    def test_gives_both_to_the_processes(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        ensure_secrets(tmp_path)
        keys.new(Place(data=tmp_path))
        monkeypatch.setenv("DAYBOOK_DATA", str(tmp_path))
        monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/daybook")
        monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1")
        settings = load(Settings)
        found = read_private(tmp_path / SECRETS_FILE)
        assert b64encode(settings.master_key).decode() == found["master_key"]
        assert b64encode(settings.master_key_previous or b"").decode() == found["master_key_previous"]

    async def test_puts_the_one_before_aside_when_all_is_wrapped(self, processes: Processes) -> None:
        ensure_secrets(processes.data)
        previous = read_private(processes.data / SECRETS_FILE)["master_key"]
        keys.new(Place(data=processes.data))
        await rotates(processes.settings(NEW, OLD))
        assert "master_key_previous" not in read_private(processes.data / SECRETS_FILE)
        (aside,) = processes.data.glob("master_key_before_*.json")
        assert read_private(aside)["master_key"] == previous, "backups from before need it"

    def test_is_not_what_an_environment_uses(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DAYBOOK_MASTER_KEY", b64encode(OLD).decode())
        with pytest.raises(Failure, match="DAYBOOK_MASTER_KEY_PREVIOUS"):
            keys.new(Place(data=tmp_path))


async def test_without_a_previous_key_there_is_nothing_to_do(processes: Processes) -> None:
    with pytest.raises(Failure, match="nothing to do"):
        await rotates(processes.settings(NEW))

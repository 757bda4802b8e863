"""Personal data is sealed, opens for who has the key, and is gone when the key is."""

import asyncio
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator
from typing import Any, cast
from uuid import UUID, uuid4

import asyncpg
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from events.log.connect import create_pool
from events.personal import KeyNotLoaded, Keyring, is_sealed
from tests.databases import Database, NewDatabase

MASTER = bytes(range(32))
ADA, BEN, STREAM, OTHER_STREAM = uuid4(), uuid4(), uuid4(), uuid4()
ADDRESS = {"recipient": "Ada Lovelace", "line1": "12 St James's Square", "city": "Zürich", "postal_code": None}


@pytest.fixture
def keyring() -> Keyring:
    """Keys that were loaded before: sealing and opening ask no database."""
    keys = Keyring(cast(Any, None), "default", MASTER)
    keys._keys |= {ADA: AESGCM(bytes(32)), BEN: AESGCM(bytes(range(32)))}
    return keys


def tampered(sealed: str, place: int) -> str:
    """The same text with one character changed, counted from the start of the ciphertext."""
    place += len(sealed) - len(sealed.rsplit(".", 1)[1])
    return sealed[:place] + ("A" if sealed[place] != "A" else "B") + sealed[place + 1 :]


class TestSealing:
    @pytest.mark.parametrize("value", ["Ada", "", 'quote " and \\ and \n', "Žižka 🖋", ADDRESS, ["a", 1, None], 7])
    def test_what_is_sealed_opens_again(self, keyring: Keyring, value: object) -> None:
        sealed = keyring.seal(value, ADA, STREAM)
        assert is_sealed(sealed)
        assert keyring.open(sealed, STREAM) == value

    def test_it_tells_whose_it_is_and_nothing_else(self, keyring: Keyring) -> None:
        sealed = keyring.seal(ADDRESS, ADA, STREAM)
        prefix, version, person, box = sealed.split(".")
        assert (prefix, version, person) == ("sealed", "1", ADA.hex)
        opened_box = urlsafe_b64decode(box + "==")
        for text in ("Ada", "Lovelace", "James", "recipient"):
            assert text.encode() not in opened_box

    def test_the_same_value_looks_different_each_time(self, keyring: Keyring) -> None:
        assert keyring.seal("Ada", ADA, STREAM) != keyring.seal("Ada", ADA, STREAM)

    @pytest.mark.parametrize("value", ["Ada", "", "sealed", None, 7, {"sealed.1.": 1}])
    def test_what_is_not_sealed(self, value: object) -> None:
        assert not is_sealed(value)


class TestBinding:
    def test_moved_to_another_stream_it_does_not_open(self, keyring: Keyring) -> None:
        sealed = keyring.seal("Ada", ADA, STREAM)
        with pytest.raises(ValueError, match="does not open"):
            keyring.open(sealed, OTHER_STREAM)

    def test_given_to_another_person_it_does_not_open(self, keyring: Keyring) -> None:
        sealed = keyring.seal("Ada", ADA, STREAM).replace(ADA.hex, BEN.hex)
        with pytest.raises(ValueError, match="does not open"):
            keyring.open(sealed, STREAM)

    def test_copied_into_another_shop_it_does_not_open(self, keyring: Keyring) -> None:
        """Not even where that shop came by the person's very key."""
        elsewhere = Keyring(cast(Any, None), "other", MASTER)
        elsewhere._keys[ADA] = keyring._keys[ADA]
        with pytest.raises(ValueError, match="does not open"):
            elsewhere.open(keyring.seal("Ada", ADA, STREAM), STREAM)

    @pytest.mark.parametrize("place", [0, 8, 15, 20, 30])
    def test_changed_it_does_not_open(self, keyring: Keyring, place: int) -> None:
        sealed = keyring.seal("Ada Lovelace", ADA, STREAM)
        with pytest.raises(ValueError, match="does not open"):
            keyring.open(tampered(sealed, place), STREAM)


@pytest.fixture(scope="module")
async def database(new_database: NewDatabase) -> AsyncIterator[Database]:
    """One for all of these tests: each has persons of its own."""
    async with new_database() as database:
        yield database


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[asyncpg.Pool]:
    async with await create_pool(database.url, "tests") as opened:
        yield opened


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database.owner_url)
    yield connection
    await connection.close()


class TestKeys:
    async def test_two_processes_agree_on_a_key(self, pool: asyncpg.Pool) -> None:
        person = uuid4()
        first, second = Keyring(pool, "default", MASTER), Keyring(pool, "default", MASTER)
        await asyncio.gather(first.ensure([person]), second.ensure([person]))
        assert second.open(first.seal("Ada", person, STREAM), STREAM) == "Ada"
        assert first.open(second.seal("Ada", person, STREAM), STREAM) == "Ada"

    async def test_a_key_is_fetched_before_it_is_used(self, pool: asyncpg.Pool) -> None:
        person = uuid4()
        sealed = await sealed_for(pool, person)
        later = Keyring(pool, "default", MASTER)
        with pytest.raises(KeyNotLoaded):
            later.open(sealed, STREAM)
        with pytest.raises(KeyNotLoaded):
            later.seal("Ada", person, STREAM)
        await later.load([person])
        assert later.open(sealed, STREAM) == "Ada"

    async def test_whoever_was_forgotten_cannot_be_read(self, pool: asyncpg.Pool, owner: asyncpg.Connection) -> None:
        forgotten, kept = uuid4(), uuid4()
        of_forgotten, of_kept = await sealed_for(pool, forgotten), await sealed_for(pool, kept)
        await owner.execute("UPDATE person_keys SET wrapped = NULL WHERE person_id = $1", forgotten)
        later = Keyring(pool, "default", MASTER)
        await later.load([forgotten, kept])
        assert later.open(of_forgotten, STREAM) is None
        assert later.open(of_kept, STREAM) == "Ada"

    async def test_another_master_key_opens_nothing(self, pool: asyncpg.Pool) -> None:
        person = uuid4()
        await sealed_for(pool, person)
        with pytest.raises(InvalidTag):
            await Keyring(pool, "default", bytes(32)).load([person])

    async def test_a_key_is_wrapped_for_its_person(self, pool: asyncpg.Pool, owner: asyncpg.Connection) -> None:
        """A row that was put in another's place does not pass for theirs."""
        person, thief = uuid4(), uuid4()
        await sealed_for(pool, person)
        await sealed_for(pool, thief)
        wrapped = await owner.fetchval("SELECT wrapped FROM person_keys WHERE person_id = $1", person)
        await owner.execute("UPDATE person_keys SET wrapped = $1 WHERE person_id = $2", wrapped, thief)
        with pytest.raises(InvalidTag):
            await Keyring(pool, "default", MASTER).load([thief])

    async def test_it_is_stored_as_a_nonce_and_a_ciphertext(self, pool: asyncpg.Pool) -> None:
        person = uuid4()
        await sealed_for(pool, person)
        wrapped = await pool.fetchval("SELECT wrapped FROM person_keys WHERE person_id = $1", person)
        assert len(wrapped) == 12 + 32 + 16

    async def test_more_persons_than_are_remembered(self, pool: asyncpg.Pool) -> None:
        few = Keyring(pool, "default", MASTER, remember=3)
        persons = [uuid4() for _ in range(7)]
        sealed = {}
        for person in persons:
            await few.ensure([person])
            sealed[person] = few.seal(person.hex, person, STREAM)
        for some in (persons, persons[:1], persons[4:], persons[:2], persons):
            await few.load(some)
            assert [few.open(sealed[person], STREAM) for person in some] == [person.hex for person in some]


async def sealed_for(pool: asyncpg.Pool, person: UUID) -> str:
    """A name, sealed by another process."""
    keyring = Keyring(pool, "default", MASTER)
    await keyring.ensure([person])
    return keyring.seal("Ada", person, STREAM)

"""Personal data: sealed in the log with a key per person, so that it can be forgotten without touching the log.

A sealed value is the text `sealed.1.<person>.<box>`: the person's id and, in unpadded base64url, a 12-byte nonce and
the AES-256-GCM ciphertext of the value's JSON. It is bound to tenant, person and stream: moved elsewhere it does not
open. Keys are wrapped by the master key (AES-GCM, bound to tenant and person) in `person_keys`, apart from the log.
"""

import os
from base64 import urlsafe_b64encode
from binascii import a2b_base64
from collections import OrderedDict
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic_core import from_json, to_json

from events.domain.refusal import Refusal
from events.log.statements import load_statements

SQL = load_statements(Path(__file__).parent / "sql")

_PREFIX = "sealed.1."
_NONCE = 12
_FROM_URLSAFE = bytes.maketrans(b"-_", b"+/")


class KeyNotLoaded(KeyError):
    """A person's key has to be fetched before this value can be sealed or opened. The argument is the person."""


class PersonForgotten(Refusal):
    """The person's key was taken away for good: nothing new can be written about them."""

    code = "person_forgotten"


class Keyring:
    """The persons' keys of one tenant. Fetching is asynchronous; sealing and opening are not."""

    def __init__(
        self, db: asyncpg.Pool | asyncpg.Connection, tenant: str, master_key: bytes, *, remember: int = 20_000
    ) -> None:
        """`master_key`: 32 bytes. `remember`: how many persons' keys are kept unwrapped in memory."""
        self._db = db
        self._tenant = tenant
        self._tenant_bytes = tenant.encode()
        self._master = AESGCM(master_key)
        self._remember = remember
        # None: the key is gone, the person was forgotten.
        self._keys: OrderedDict[UUID, AESGCM | None] = OrderedDict()

    async def ensure(self, persons: Iterable[UUID]) -> None:
        """Make sure that each person has a key and that it is loaded. Two processes agree on the first one made.

        Who was forgotten gets no new one: what is sealed with the old one would look forged under it.
        """
        wanted = list(dict.fromkeys(persons))
        new = [person for person in wanted if self._keys.get(person) is None]
        if new:
            wrapped = [self._wrap(person, AESGCM.generate_key(256)) for person in new]
            await self._db.execute(SQL.add_person_keys, self._tenant, new, wrapped)
            await self._fetch(new, wanted)

    async def load(self, persons: Iterable[UUID]) -> None:
        """Load the keys of these persons, as far as they still exist."""
        wanted = list(dict.fromkeys(persons))
        unknown = [person for person in wanted if person not in self._keys]
        if unknown:
            await self._fetch(unknown, wanted)

    def seal(self, value: Any, person: UUID, stream_id: UUID) -> str:
        """A JSON value as sealed text. Raises KeyNotLoaded, PersonForgotten."""
        key = self._key(person)
        if key is None:
            raise PersonForgotten("This person was forgotten.")
        nonce = os.urandom(_NONCE)
        box = nonce + key.encrypt(nonce, to_json(value), self._bound_to(person, stream_id))
        return f"{_PREFIX}{person.hex}.{urlsafe_b64encode(box).rstrip(b'=').decode()}"

    def open(self, sealed: str, stream_id: UUID) -> Any:
        """The value in a sealed text; None when its key is gone. Raises KeyNotLoaded, ValueError if tampered with."""
        owner, _, packed = sealed.removeprefix(_PREFIX).partition(".")
        person = _person(owner)
        key = self._key(person)
        if key is None:
            return None
        # As urlsafe_b64decode does it, which in a rebuild is a tenth of all work.
        box = a2b_base64(packed.encode().translate(_FROM_URLSAFE) + b"==")
        try:
            value = key.decrypt(box[:_NONCE], box[_NONCE:], self._bound_to(person, stream_id))
        except InvalidTag as error:
            raise ValueError("a sealed value does not open: it was changed, or moved from another stream") from error
        return from_json(value)

    def _key(self, person: UUID) -> AESGCM | None:
        try:
            return self._keys[person]
        except KeyError:
            raise KeyNotLoaded(person) from None

    def _bound_to(self, person: UUID, stream_id: UUID) -> bytes:
        return self._tenant_bytes + person.bytes + stream_id.bytes

    async def _fetch(self, persons: list[UUID], wanted: list[UUID]) -> None:
        """Load the keys of `persons`, and forget others for them, but none that is `wanted` with them."""
        rows = await self._db.fetch(SQL.find_person_keys, self._tenant, persons)
        found = {row["person_id"]: self._unwrap(row["person_id"], row["wrapped"]) for row in rows}
        for person in persons:
            self._keys[person] = found.get(person)
        for person in wanted:
            if person in self._keys:
                self._keys.move_to_end(person)
        while len(self._keys) > max(self._remember, len(wanted)):
            self._keys.popitem(last=False)

    def _wrap(self, person: UUID, key: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + self._master.encrypt(nonce, key, self._tenant.encode() + person.bytes)

    def _unwrap(self, person: UUID, wrapped: bytes | None) -> AESGCM | None:
        if wrapped is None:
            return None
        bound_to = self._tenant.encode() + person.bytes
        return AESGCM(self._master.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], bound_to))


@lru_cache(maxsize=20_000)
def _person(owner: str) -> UUID:
    return UUID(hex=owner)


def is_sealed(value: object) -> bool:
    """Whether this is a sealed text."""
    return isinstance(value, str) and value.startswith(_PREFIX)

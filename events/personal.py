"""Personal data: sealed in the log with a key per person, so that it can be forgotten without touching the log.

A sealed value is the text `sealed.1.<person>.<box>`: the person's id and, in unpadded base64url, a 12-byte nonce and
the AES-256-GCM ciphertext of the value's JSON. It is bound to tenant, person and stream: moved elsewhere it does not
open. Keys are wrapped by the master key (AES-GCM, bound to tenant and person) in `person_keys`, apart from the log.

Who is forgotten loses the key. What processes have of it in memory they drop when they read of it in `erasures`.
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

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic_core import from_json, to_json

from events.domain.refusal import PersonForgotten
from events.log.database import Database
from events.log.statements import load_statements
from events.master_key import MasterKey

SQL = load_statements(Path(__file__).parent / "sql")

_PREFIX = "sealed.1."
_NONCE = 12
_FROM_URLSAFE = bytes.maketrans(b"-_", b"+/")


class KeyNotLoaded(KeyError):
    """A person's key has to be fetched before this value can be sealed or opened. The argument is the person."""


class Keyring:
    """The persons' keys of one tenant. Fetching is asynchronous; sealing and opening are not."""

    def __init__(self, db: Database, tenant: str, master_key: MasterKey | bytes, *, remember: int = 20_000) -> None:
        """`master_key`: of 32 bytes, where none came before it. `remember`: how many persons' keys are kept unwrapped
        in memory."""
        self._db = db
        self._tenant = tenant
        self._tenant_bytes = tenant.encode()
        self._master = master_key if isinstance(master_key, MasterKey) else MasterKey(master_key)
        self._remember = remember
        # None: the key is gone, the person was forgotten.
        self._keys: OrderedDict[UUID, AESGCM | None] = OrderedDict()
        # Whoever was forgotten since the first key was loaded, and up to which position that is known. They are kept
        # apart: a key that was fetched just before must not come in just after.
        self._forgotten: set[UUID] = set()
        self._known_until: int | None = None

    @property
    def generation(self) -> int:
        """Another one after each time that somebody's key was dropped: what was opened before may be shown no more."""
        return len(self._forgotten)

    def has_forgotten(self, person: UUID | None) -> bool:
        """Whether this person was forgotten while this process knew keys."""
        return person in self._forgotten

    async def forget_erased(self, db: Database | None = None) -> None:
        """Drop the keys of those who were erased; before any key is loaded there is nothing to drop.

        `db`: to read in a transaction of one's own.
        """
        if self._known_until is None:
            return
        rows = await (db or self._db).fetch(SQL.find_erasures, self._tenant, self._known_until)
        for row in rows:
            self._forgotten.add(row["person_id"])
            self._keys.pop(row["person_id"], None)
            self._known_until = max(self._known_until, row["position"])

    def has(self, person: UUID) -> bool:
        """Whether this person's key is at hand."""
        return self._keys.get(person) is not None

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
        box = _boxed(key, to_json(value), self._bound_to(person, stream_id))
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
        return from_json(value, cache_strings="keys")

    def seal_bytes(self, content: bytes, person: UUID, bound_to: bytes) -> bytes | None:
        """A person's data that is no value of an event; None when the key is gone. Raises KeyNotLoaded."""
        key = self._key(person)
        return None if key is None else _boxed(key, content, self._tenant.encode() + person.bytes + bound_to)

    def open_bytes(self, box: bytes, person: UUID, bound_to: bytes) -> bytes | None:
        """What `seal_bytes` was given; None when the key is gone. Raises KeyNotLoaded, InvalidTag if tampered with."""
        key = self._key(person)
        if key is None:
            return None
        return key.decrypt(box[:_NONCE], box[_NONCE:], self._tenant.encode() + person.bytes + bound_to)

    def _key(self, person: UUID) -> AESGCM | None:
        try:
            return self._keys[person]
        except KeyError:
            raise KeyNotLoaded(person) from None

    def _bound_to(self, person: UUID, stream_id: UUID) -> bytes:
        return self._tenant_bytes + person.bytes + stream_id.bytes

    async def _fetch(self, persons: list[UUID], wanted: list[UUID]) -> None:
        """Load the keys of `persons`, and forget others for them, but none that is `wanted` with them."""
        if self._known_until is None:
            self._known_until = await self._db.fetchval(SQL.last_erasure, self._tenant)
        rows = await self._db.fetch(SQL.find_person_keys, self._tenant, persons)
        found = {row["person_id"]: self._unwrap(row["person_id"], row["wrapped"]) for row in rows}
        for person in persons:
            self._keys[person] = None if person in self._forgotten else found.get(person)
        for person in wanted:
            if person in self._keys:
                self._keys.move_to_end(person)
        while len(self._keys) > max(self._remember, len(wanted)):
            self._keys.popitem(last=False)

    def _wrap(self, person: UUID, key: bytes) -> bytes:
        return self._master.wrap(key, wrapping_of(self._tenant, person))

    def _unwrap(self, person: UUID, wrapped: bytes | None) -> AESGCM | None:
        return None if wrapped is None else AESGCM(self._master.unwrap(wrapped, wrapping_of(self._tenant, person)))


def wrapping_of(tenant: str, person: UUID) -> bytes:
    """What the wrapped key of a person is bound to."""
    return tenant.encode() + person.bytes


def _boxed(key: AESGCM, content: bytes, bound_to: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + key.encrypt(nonce, content, bound_to)


@lru_cache(maxsize=20_000)
def _person(owner: str) -> UUID:
    return UUID(hex=owner)


def is_sealed(value: object) -> bool:
    """Whether this is a sealed text."""
    return isinstance(value, str) and value.startswith(_PREFIX)

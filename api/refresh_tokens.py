"""Refresh tokens: opaque, unguessable, each with one successor. The database has only their SHA-256.

A token is its tenant's name, a dot, and in base64url the session's id, 16 bytes of chance and a MAC over all of it.
What was made up is told apart without asking the database, and cannot pass for a used token of a session. The chance
in a successor follows from its predecessor and the service's secret: whoever asks twice gets the same one, and nothing
that would give it away is stored.
"""

import hmac
import os
from base64 import b64decode, urlsafe_b64encode
from hashlib import blake2b, sha256
from typing import NamedTuple
from uuid import UUID

_CHANCE = 16
_MAC = 16
_BYTES = 16 + _CHANCE + _MAC


class InvalidRefreshToken(ValueError):
    """Not a refresh token of this service."""


class RefreshToken(NamedTuple):
    """`text` is what the client holds."""

    tenant: str
    session_id: UUID
    chance: bytes
    text: str

    @property
    def hash(self) -> bytes:
        """What the database knows of it."""
        return sha256(self.text.encode()).digest()


class RefreshTokens:
    """Makes and opens them."""

    def __init__(self, secret: str) -> None:
        self._key = blake2b(secret.encode(), digest_size=32, person=b"daybook-refresh").digest()

    def first(self, tenant: str, session_id: UUID) -> RefreshToken:
        """The first token of a session."""
        return self._token(tenant, session_id, os.urandom(_CHANCE))

    def successor(self, token: RefreshToken) -> RefreshToken:
        """The one token that comes after this one."""
        return self._token(token.tenant, token.session_id, self._keyed(b"next", token.text.encode(), _CHANCE))

    def open(self, text: str) -> RefreshToken:
        """The token in a text. Raises InvalidRefreshToken."""
        tenant, _, packed = text.partition(".")
        try:
            content = b64decode(packed, altchars=b"-_", validate=True)
        except ValueError:
            raise InvalidRefreshToken from None
        if len(content) != _BYTES:
            raise InvalidRefreshToken
        token = self._token(tenant, UUID(bytes=content[:16]), content[16:-_MAC])
        if not hmac.compare_digest(token.text.encode(), text.encode()):
            raise InvalidRefreshToken
        return token

    def _token(self, tenant: str, session_id: UUID, chance: bytes) -> RefreshToken:
        content = session_id.bytes + chance
        content += self._keyed(b"mac", tenant.encode() + b"." + content, _MAC)
        return RefreshToken(tenant, session_id, chance, f"{tenant}.{urlsafe_b64encode(content).decode()}")

    def _keyed(self, purpose: bytes, content: bytes, size: int) -> bytes:
        return blake2b(content, digest_size=size, key=self._key, person=purpose).digest()

"""Positions and cursors as opaque text: a client can hand them back, but neither read nor make them.

A position tells how many events a shop has had, so it leaves the service only encrypted. It is a single AES block of
the position and a tag of its tenant and purpose, in base64url: the same position always gives the same text, and a
text that was made up, or for another tenant or purpose, fails the tag (one chance in 2⁶⁴).
"""

from base64 import b64decode, urlsafe_b64encode
from hashlib import blake2b

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

_BLOCK = 16
_TEXT_LENGTH = 22


class InvalidOpaque(ValueError):
    """Not a text that this service made for this tenant and purpose."""


class Positions:
    """Turns the positions of one tenant's log into text and back."""

    def __init__(self, secret: bytes, tenant: str) -> None:
        """`secret`: at least 32 bytes, the same in all processes."""
        key = blake2b(secret, digest_size=32, person=b"daybook-position").digest()
        # One block at a time, each of its own: the mode that chains nothing is the right one here.
        cipher = Cipher(algorithms.AES(key), modes.ECB())  # noqa: S305
        self._encrypt = cipher.encryptor().update
        self._decrypt = cipher.decryptor().update
        self._tag = blake2b(tenant.encode(), digest_size=8, person=b"daybook-position").digest()

    def seal(self, position: int) -> str:
        """A position as 22 characters of base64url."""
        return urlsafe_b64encode(self._encrypt(position.to_bytes(8, "big") + self._tag))[:_TEXT_LENGTH].decode()

    def open(self, text: str) -> int:
        """The position in a text. Raises InvalidOpaque."""
        # Exactly one block, for the cipher would keep what is less for the next call, which is another's.
        sealed = _decoded(text + "==")
        if len(sealed) != _BLOCK:
            raise InvalidOpaque(text)
        block = self._decrypt(sealed)
        if block[8:] != self._tag:
            raise InvalidOpaque(text)
        return int.from_bytes(block[:8], "big")


class Cursors:
    """Turns the place in a list where the next page starts into text and back. Deterministic (AES-SIV)."""

    def __init__(self, secret: bytes, tenant: str) -> None:
        """`secret`: at least 32 bytes, the same in all processes."""
        self._siv = AESSIV(blake2b(secret, digest_size=64, person=b"daybook-cursor").digest())
        self._tenant = tenant.encode()

    def seal(self, place: str, purpose: str) -> str:
        """`place` for the list that `purpose` names (with its filters)."""
        return urlsafe_b64encode(self._siv.encrypt(place.encode(), [self._tenant, purpose.encode()])).decode()

    def open(self, text: str, purpose: str) -> str:
        """The place in a cursor. Raises InvalidOpaque, also when it comes from a list with other filters."""
        try:
            return self._siv.decrypt(_decoded(text), [self._tenant, purpose.encode()]).decode()
        except (InvalidTag, ValueError):
            raise InvalidOpaque(text) from None


def _decoded(text: str) -> bytes:
    """Base64url, of nothing but its own characters. Raises InvalidOpaque."""
    try:
        return b64decode(text, altchars=b"-_", validate=True)
    except ValueError:
        raise InvalidOpaque(text) from None

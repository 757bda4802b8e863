"""Positions and cursors as opaque text: a client can hand them back, but neither read nor make them.

A position tells how many events a shop has had, so it leaves the service only encrypted. It is a single AES block of
the position and a tag of its tenant and purpose, in base64url: the same position always gives the same text, and a
text that was made up, or for another tenant or purpose, fails the tag (one chance in 2⁶⁴).
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

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
        if len(text) != _TEXT_LENGTH or not text.isascii():
            raise InvalidOpaque(text)
        try:
            block = self._decrypt(urlsafe_b64decode(text + "=="))
        except ValueError:
            raise InvalidOpaque(text) from None
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
            return self._siv.decrypt(urlsafe_b64decode(text), [self._tenant, purpose.encode()]).decode()
        except (InvalidTag, ValueError):
            raise InvalidOpaque(text) from None

"""The master key, which wraps other keys; and the one before it, for as long as something may still be wrapped by that.

A wrapped key is a 12-byte nonce and the AES-256-GCM ciphertext of the key, bound to what it is for.
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12


class MasterKey:
    """Wraps by the current key, and unwraps by either."""

    def __init__(self, current: bytes, previous: bytes | None = None) -> None:
        """Each of 32 bytes. `previous`: only while keys are being rewrapped."""
        self._current = AESGCM(current)
        self._previous = None if previous is None else AESGCM(previous)
        self.oldest = current if previous is None else previous

    def wrap(self, key: bytes, bound_to: bytes) -> bytes:
        """The key, wrapped by the current master key."""
        nonce = os.urandom(_NONCE)
        return nonce + self._current.encrypt(nonce, key, bound_to)

    def unwrap(self, wrapped: bytes, bound_to: bytes) -> bytes:
        """The key. Raises cryptography.exceptions.InvalidTag when neither master key wrapped it, for this."""
        try:
            return self._current.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], bound_to)
        except InvalidTag:
            if self._previous is None:
                raise
            return self._previous.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], bound_to)

    def rewrap(self, wrapped: bytes, bound_to: bytes) -> bytes | None:
        """The same key, wrapped by the current master key; None where it is already. Raises InvalidTag."""
        try:
            self._current.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], bound_to)
        except InvalidTag:
            return self.wrap(self.unwrap(wrapped, bound_to), bound_to)
        return None

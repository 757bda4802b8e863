"""Invitation tokens: sealed with the service's secret, so that none needs to be stored, and none stands in the log."""

import json
import time
from base64 import b64decode, urlsafe_b64encode
from datetime import timedelta
from hashlib import blake2b
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

LIFETIME = timedelta(days=7)


class InvalidInvitation(ValueError):
    """Made up, or expired."""


class InvitationTokens:
    """Makes and opens them. That one is good only once is the account's to know: it sets a password but once."""

    def __init__(self, secret: str) -> None:
        self._siv = AESSIV(blake2b(secret.encode(), digest_size=64, person=b"daybook-invite").digest())

    def make(self, tenant: str, account_id: UUID, lifetime: timedelta = LIFETIME) -> str:
        """A token for the one who is invited."""
        content = json.dumps([tenant, str(account_id), int(time.time() + lifetime.total_seconds())])
        return urlsafe_b64encode(self._siv.encrypt(content.encode(), None)).decode().rstrip("=")

    def open(self, text: str) -> tuple[str, UUID]:
        """Tenant and account. Raises InvalidInvitation."""
        try:
            sealed = b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            tenant, account_id, expires = json.loads(self._siv.decrypt(sealed, None))
        except (InvalidTag, ValueError):
            raise InvalidInvitation from None
        if time.time() >= expires:
            raise InvalidInvitation
        return tenant, UUID(account_id)

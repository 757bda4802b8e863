"""The ids of mail addresses' claims: keyed, so that who has only the log cannot check an address that was guessed."""

from hashlib import blake2b
from uuid import UUID


class MailClaims:
    """The claims in one tenant."""

    def __init__(self, master_key: bytes, tenant: str) -> None:
        """`master_key`: the one of personal data, for it never changes; a claim must be found again for ever."""
        self._key = blake2b(master_key, digest_size=32, person=b"daybook-claims").digest()
        self._tenant = tenant.encode()

    def id_of(self, email: str) -> UUID:
        """The id of the claim's stream, however the address is written."""
        content = self._tenant + b" " + normal(email).encode()
        return UUID(bytes=blake2b(content, digest_size=16, key=self._key, person=b"mail address").digest(), version=5)


def normal(email: str) -> str:
    """A mail address as accounts have it."""
    return email.strip().lower()

"""The ids of mail addresses' claims: keyed, so that who has only the log cannot check an address that was guessed.

The key is a tenant's own. It never changes, for a claim must be found again for ever, and so it stands in `claim_keys`,
wrapped by the master key, which may change. It was made from the master key that there was at first: claims from before
it was kept are found under it, too.
"""

from hashlib import blake2b
from pathlib import Path
from uuid import UUID

from events.log.database import Database
from events.log.statements import load_statements
from events.master_key import MasterKey

SQL = load_statements(Path(__file__).parent / "sql")


class MailClaims:
    """The claims in one tenant."""

    def __init__(self, db: Database, tenant: str, master_key: MasterKey) -> None:
        self._db = db
        self._tenant = tenant
        self._master_key = master_key
        self._key: bytes | None = None

    async def id_of(self, email: str) -> UUID:
        """The id of the claim's stream, however the address is written."""
        if self._key is None:
            self._key = await claim_key(self._db, self._tenant, self._master_key)
        return claim_id(self._key, self._tenant, email)


def claim_id(key: bytes, tenant: str, email: str) -> UUID:
    """The id of an address's claim under a tenant's key."""
    content = f"{tenant} {normal(email)}".encode()
    return UUID(bytes=blake2b(content, digest_size=16, key=key, person=b"mail address").digest(), version=5)


async def claim_key(db: Database, tenant: str, master_key: MasterKey) -> bytes:
    """The tenant's key, kept from the first time it is asked for. Raises cryptography.exceptions.InvalidTag when it was
    wrapped by another master key.

    While the master key is being changed, claims there may be were made under the one before: it is made from that.
    """
    bound_to = claim_wrapping_of(tenant)
    wrapped = await db.fetchval(SQL.find_claim_key, tenant)
    if wrapped is None:
        made = blake2b(master_key.oldest, digest_size=32, person=b"daybook-claims").digest()
        await db.execute(SQL.add_claim_key, tenant, master_key.wrap(made, bound_to))
        # Another process may have been quicker; what it made is the same.
        wrapped = await db.fetchval(SQL.find_claim_key, tenant)
    return master_key.unwrap(wrapped, bound_to)


def claim_wrapping_of(tenant: str) -> bytes:
    """What the wrapped key of a tenant's claims is bound to."""
    return b"claims " + tenant.encode()


def normal(email: str) -> str:
    """A mail address as accounts have it."""
    return email.strip().lower()

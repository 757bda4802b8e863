"""An account as clients get it."""

from typing import Any

from events.codec import rfc3339
from events.domain.account import Account
from events.erased import ERASED


def account_document(account: Account) -> dict[str, Any]:
    """The JSON object; mail address and name are `erased` where the person was forgotten."""
    return {
        "id": account.account_id,
        "email": ERASED if account.email is None else account.email,
        "name": ERASED if account.name is None else account.name,
        "roles": account.roles,
        "status": account.status,
        "version": account.version,
        "created_at": rfc3339(account.created_on),
    }

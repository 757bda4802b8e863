"""The accounts of a shop: a page of them, and one."""

from uuid import UUID

import asyncpg
from pydantic_core import to_json

from events.account_document import account_document
from events.codec import rfc3339
from events.domain.account import Account
from events.domain.refusal import NotFound
from events.erased import ERASED, mail_address_of
from events.opaque import Cursors
from events.repository import Repository
from queries.consistency import SQL
from queries.get_order import Document

_PURPOSE = "accounts"


async def list_accounts(db: asyncpg.Pool, tenant: str, cursors: Cursors, cursor: str | None, limit: int) -> bytes:
    """A page `{items, next}` as JSON, in the order of their invitation. Raises InvalidOpaque."""
    after = 0 if cursor is None else int(cursors.open(cursor, _PURPOSE))
    rows = await db.fetch(SQL.list_accounts, tenant, after, limit + 1)
    items = [
        {
            **{name: row[name] for name in ("name", "roles", "status", "version")},
            "email": ERASED if row["email"] == mail_address_of(row["account_id"]) else row["email"],
            "id": str(row["account_id"]),
            "created_at": rfc3339(row["created_at"]),
        }
        for row in rows[:limit]
    ]
    following = cursors.seal(str(rows[limit - 1]["position"]), _PURPOSE) if len(rows) > limit else None
    return to_json({"items": items, "next": following})


async def get_account(repository: Repository, account_id: UUID) -> Document:
    """One account, always current. Raises NotFound."""
    stream_id = Account.id_of(account_id)
    account = (await repository.refresh([stream_id]))[stream_id]
    if not isinstance(account, Account):
        raise NotFound("There is no such account.")
    return Document(to_json(account_document(account)), account.version)

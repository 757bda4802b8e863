"""Who may log in, told from the log; and what becomes of the sessions of those who may no longer."""

from uuid import UUID, uuid4

from events.domain.account import Account
from tests.projections.book import Book


def invited() -> Account:
    account = Account.invite(uuid4(), email=f"{uuid4().hex}@example.com", name="Grace Hopper", roles=["customer"])
    account.activate()
    return account


async def logs_in_later(book: Book, account: Account) -> UUID:
    """A session that begins long after what the log has by now, and before it is posted."""
    session_id = uuid4()
    await book.pool.execute(
        "INSERT INTO sessions (tenant_id, session_id, account_id, token_hash, created_at, expires_at) "
        "VALUES ($1, $2, $3, '', now() + interval '1 minute', now() + interval '1 day')",
        book.tenant,
        session_id,
        account.account_id,
    )
    return session_id


async def has_ended(book: Book, session_id: UUID) -> bool:
    ((revoked_at,),) = await book.rows(
        "SELECT revoked_at FROM sessions WHERE tenant_id = $1 AND session_id = $2", session_id
    )
    return revoked_at is not None


class TestADisabledAccount:
    async def test_has_no_session_however_late_that_is_posted(self, book: Book) -> None:
        account = invited()
        await book.given(account)
        account.disable()
        await book.append(account)
        session_id = await logs_in_later(book, account)
        await book.post()
        assert await has_ended(book, session_id)

    async def test_that_was_enabled_again_keeps_what_began_since(self, book: Book) -> None:
        account = invited()
        await book.given(account)
        account.disable()
        account.enable()
        await book.append(account)
        session_id = await logs_in_later(book, account)
        await book.post()
        assert not await has_ended(book, session_id)

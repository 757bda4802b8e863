"""Sessions: what a login begins, refreshes keep alive, and a logout ends."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from api.backend import Backend
from api.door import JSON
from api.problems import Problem, unauthenticated
from api.refresh_tokens import InvalidRefreshToken, RefreshToken, RefreshTokens
from api.tokens import LIFETIME
from events.log.statements import load_statements

SQL = load_statements(Path(__file__).parent / "sql")

COOKIE = "refresh_token"
COOKIE_PATH = "/auth"
REPEATABLE = timedelta(seconds=10)
"""For so long the immediate predecessor gets its successor again: a lost answer is not theft."""


class Sessions:
    """The sessions of all tenants."""

    def __init__(self, db: asyncpg.Pool, tokens: RefreshTokens, idle: timedelta) -> None:
        """`idle`: how long a session lives without a refresh."""
        self._db = db
        self._tokens = tokens
        self.idle = idle

    async def begin(self, tenant: str, account_id: UUID, password_hash: str) -> RefreshToken:
        """A new session's first token, for who matched this hash. Raises Problem (401) where it has changed."""
        token = self._tokens.first(tenant, uuid4())
        opened = await self._db.execute(
            SQL.open_session, tenant, token.session_id, account_id, token.hash, self.idle, password_hash
        )
        if opened != "INSERT 0 1":
            raise unauthenticated("invalid_credentials", "The account has changed meanwhile; log in again.")
        return token

    async def change_password(self, tenant: str, account_id: UUID, new: str, old: str, kept: UUID | None) -> bool:
        """Another password hash in the place of the old one, and no session any more but the one that is kept; whether
        the old one was still there."""
        async with self._db.acquire() as connection, connection.transaction():
            if await connection.execute(SQL.change_password, tenant, account_id, new, old) != "UPDATE 1":
                return False
            # A statement of its own: it sees the sessions that began while the account's row was waited for.
            await connection.execute(SQL.revoke_other_sessions, tenant, account_id, kept)
        return True

    async def refresh(self, text: str | None) -> tuple[UUID, RefreshToken]:
        """The account, and the token that takes this one's place. Raises Problem (401)."""
        if text is None:
            raise unauthenticated("unauthenticated", "There is no refresh token; log in.")
        token = self._opened(text)
        if token is None:
            raise unauthenticated("invalid_refresh_token", "This is not a refresh token of this service; log in.")
        successor = self._tokens.successor(token)
        row = await self._db.fetchrow(
            SQL.rotate_session, *(token.tenant, token.session_id, token.hash, successor.hash, self.idle, REPEATABLE)
        )
        if row is None:
            raise await self._over(token)
        if row["reused"]:
            detail = "This refresh token was used before, so its session is over; log in."
            raise unauthenticated("refresh_token_reused", detail)
        return row["account_id"], successor

    async def end(self, text: str | None) -> str | None:
        """End the session of this token, be it the current one or not; answers the tenant where there was any."""
        token = None if text is None else self._opened(text)
        if token is None:
            return None
        await self._db.execute(SQL.revoke_session, token.tenant, token.session_id)
        return token.tenant

    def _opened(self, text: str) -> RefreshToken | None:
        try:
            return self._tokens.open(text)
        except InvalidRefreshToken:
            return None

    async def _over(self, token: RefreshToken) -> Problem:
        row = await self._db.fetchrow(SQL.read_session, token.tenant, token.session_id)
        if row is None or not row["revoked"]:
            return unauthenticated("refresh_token_expired", "The session has expired; log in.")
        return unauthenticated("refresh_token_revoked", "The session has been ended; log in.")


def session_answer(
    request: Request, backend: Backend, refresh: RefreshToken, account_id: UUID, roles: list[str]
) -> Response:
    """A pair of tokens: the access token in the body, the refresh token as a cookie that no script can read."""
    token = {
        "access_token": backend.tokens.issue(account_id, refresh.tenant, roles, session_id=refresh.session_id),
        "token_type": "bearer",
        "expires_in": int(LIFETIME.total_seconds()),
    }
    response = Response(to_json(token), headers={"Cache-Control": "no-store"}, media_type=JSON)
    response.set_cookie(
        COOKIE,
        refresh.text,
        max_age=int(backend.sessions.idle.total_seconds()),
        path=COOKIE_PATH,
        secure=_over_https(request),
        httponly=True,
        samesite="strict",
    )
    return response


def without_session(request: Request) -> Response:
    """204, and the browser forgets the cookie."""
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, path=COOKIE_PATH, secure=_over_https(request), httponly=True, samesite="strict")
    return response


def _over_https(request: Request) -> bool:
    """Also where a proxy in front of us ends it: then the browser's Origin says so."""
    return request.url.scheme == "https" or request.headers.get("origin", "").startswith("https://")

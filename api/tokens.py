"""Access tokens: JWTs signed with HS256 (RFC 7519, RFC 8725): one algorithm, all claims required, short-lived."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from time import time
from typing import NamedTuple
from uuid import UUID, uuid4

import jwt
from jwt.types import Options

from events.caller import Caller
from events.log.ids import id_of

ALGORITHM = "HS256"
ISSUER = "daybook"
AUDIENCE = "daybook-api"
LIFETIME = timedelta(minutes=15)
_REMEMBERED = 20_000
"""Tokens, the latest that were brought. What is not good is not remembered."""


class InvalidToken(Exception):
    """Expired, not signed by us, or not for us."""


class Admission(NamedTuple):
    """Who a token admits, until when (seconds since the epoch), and in which session (None: in none of ours).

    `external`: an external issuer made it, and knows the account; we do not.
    """

    caller: Caller
    expires: int
    session: str | None = None
    external: bool = False


class Tokens:
    """Issues and verifies access tokens."""

    def __init__(self, secret: str) -> None:
        self._key = blake2b(secret.encode(), digest_size=32, person=b"daybook-tokens").digest()
        self._remembered = lru_cache(maxsize=_REMEMBERED)(self.check)
        self._options: Options = {"require": ["exp", "iat", "iss", "aud", "sub", "tenant", "roles"]}

    def issue(
        self,
        subject: UUID,
        tenant: str,
        roles: list[str],
        lifetime: timedelta = LIFETIME,
        *,
        session_id: UUID | None = None,
    ) -> str:
        """A token for this subject in this tenant. It ends with its session."""
        now = datetime.now(UTC)
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(subject),
            "tenant": tenant,
            "roles": roles,
            "iat": now,
            "exp": now + lifetime,
            "jti": uuid4().hex,
        }
        if session_id is not None:
            claims["sid"] = str(session_id)
        return jwt.encode(claims, self._key, ALGORITHM)

    def verify(self, token: str) -> Admission:
        """Who it admits. Raises InvalidToken.

        A client brings its token with every request: one that was good is remembered, and is good until it expires.
        """
        admission = self._remembered(token)
        if admission.expires <= time():
            raise InvalidToken
        return admission

    def check(self, token: str) -> Admission:
        """Who it admits by its signature and its claims, which are gone through. Raises InvalidToken."""
        try:
            claims = jwt.decode(token, self._key, [ALGORITHM], audience=AUDIENCE, issuer=ISSUER, options=self._options)
            caller = Caller(id_of(claims["sub"]), str(claims["tenant"]), tuple(claims["roles"]))
        except (jwt.InvalidTokenError, ValueError, TypeError) as error:
            raise InvalidToken from error
        return Admission(caller, int(claims["exp"]), claims.get("sid"))

"""Tokens of an external issuer: RS256 or ES256, by the keys that it publishes (RFC 7517, RFC 8725).

Keys are fetched once and kept: who is known goes on working while the issuer is away. A key id that is not known has
them fetched again, which rotation needs, but not oftener than every ten seconds, for anyone can make up a key id.
"""

import asyncio
from time import monotonic
from typing import Any
from uuid import UUID, uuid5

import httpx
import jwt
import structlog
from jwt.types import Options

from api.tokens import Admission, InvalidToken
from events.caller import Caller

ALGORITHMS = ["RS256", "ES256"]
EVERY = 10.0
"""Seconds between two fetches at least."""
_PATIENCE = 3.0
_MOST_BYTES = 1 << 18

log = structlog.get_logger("identity")


class Issuer:
    """One issuer, for all tenants that its tokens name."""

    def __init__(
        self, jwks_url: str, issuer: str, audience: str, *, tenant_claim: str, roles_claim: str, every: float = EVERY
    ) -> None:
        """`jwks_url`: where its keys are. `tenant_claim`, `roles_claim`: how it calls these; roles are a list, or text
        with blanks between them."""
        self._url = jwks_url
        self._issuer = issuer
        self._audience = audience
        self._tenant_claim = tenant_claim
        self._roles_claim = roles_claim
        self._every = every
        self._options: Options = {"require": ["exp", "iss", "aud", "sub"]}
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = float("-inf")
        self._fetching = asyncio.Lock()
        self._client = httpx.AsyncClient(timeout=_PATIENCE, follow_redirects=False)

    def issued(self, token: str) -> bool:
        """Whether a token says that it is this issuer's. Nothing of it is verified yet."""
        try:
            claims = jwt.decode(token, options={"verify_signature": False})
        except (jwt.InvalidTokenError, ValueError):
            return False
        return bool(claims.get("iss") == self._issuer)

    async def verify(self, token: str) -> Admission:
        """Whom it admits. Raises InvalidToken."""
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") not in ALGORITHMS:
                raise InvalidToken
            key = await self._key(header.get("kid"))
            claims = jwt.decode(
                token,
                key,
                [key.algorithm_name],
                audience=self._audience,
                issuer=self._issuer,
                options=self._options,
            )
            return Admission(self._caller(claims), int(claims["exp"]), external=True)
        except (jwt.InvalidTokenError, ValueError, TypeError, KeyError) as error:
            raise InvalidToken from error

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()

    def _caller(self, claims: dict[str, Any]) -> Caller:
        subject, tenant, roles = claims["sub"], claims[self._tenant_claim], claims.get(self._roles_claim, [])
        if isinstance(roles, str):
            roles = roles.split()
        if not (isinstance(tenant, str) and isinstance(roles, list) and all(isinstance(role, str) for role in roles)):
            raise InvalidToken
        try:
            subject_id = UUID(subject)
        except ValueError:
            subject_id = uuid5(uuid5(_ISSUERS, self._issuer), subject)
        return Caller(subject_id, tenant, tuple(roles))

    async def _key(self, key_id: object) -> jwt.PyJWK:
        """Raises InvalidToken for a key that the issuer does not publish."""
        if not isinstance(key_id, str):
            raise InvalidToken
        if key_id not in self._keys:
            async with self._fetching:
                if key_id not in self._keys and monotonic() - self._fetched_at >= self._every:
                    self._fetched_at = monotonic()
                    await self._fetch()
        if key_id not in self._keys:
            raise InvalidToken
        return self._keys[key_id]

    async def _fetch(self) -> None:
        try:
            response = await self._client.get(self._url, headers={"Accept": "application/json"})
            response.raise_for_status()
            if len(response.content) > _MOST_BYTES:
                raise ValueError("so many keys nobody has")
            keys = self._usable(response.json())
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, TypeError, AttributeError, KeyError) as error:
            log.warning("the issuer's keys cannot be fetched", error=type(error).__name__)
            return
        if keys:
            self._keys = keys
        else:
            log.warning("the issuer publishes no key that can be used")

    def _usable(self, published: dict[str, Any]) -> dict[str, jwt.PyJWK]:
        """Key id → key, of those that may verify signatures by an algorithm of ours."""
        found = {}
        for one in published["keys"]:
            if "kid" not in one or one.get("use", "sig") != "sig":
                continue
            try:
                key = jwt.PyJWK(one)
            except jwt.PyJWTError:
                continue
            if key.algorithm_name in ALGORITHMS:
                found[str(one["kid"])] = key
        return found


_ISSUERS = UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
"""The name space of URLs (RFC 9562)."""

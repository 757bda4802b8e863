"""Access tokens that are no good (RFC 8725): none opens the door."""

import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from hashlib import blake2b
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic_core import to_json

from api.order_schemas import OrderListPage
from api.tokens import InvalidToken, Tokens
from tests.api.answer import Answer
from tests.api.running import SECRET, Running
from tests.projections.eventually import eventually

KEY = blake2b(SECRET.encode(), digest_size=32, person=b"daybook-tokens").digest()
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)

Claims = dict[str, Any]


def claims(**changes: Any) -> Claims:
    """Claims as the service writes them, with changes; None takes a claim away."""
    now = int(time.time())
    good = {
        "iss": "daybook",
        "aud": "daybook-api",
        "sub": str(uuid4()),
        "tenant": "default",
        "roles": ["customer"],
        "iat": now,
        "exp": now + 900,
    }
    return {name: value for name, value in (good | changes).items() if value is not None}


def signed(given: Claims, key: Any = KEY, algorithm: str = "HS256", **header: Any) -> str:
    return jwt.encode(given, key, algorithm, headers=header or None)


def unsigned(given: Claims, algorithm: str = "none") -> str:
    head, body = to_json({"alg": algorithm, "typ": "JWT"}), to_json(given)
    return ".".join(urlsafe_b64encode(part).rstrip(b"=").decode() for part in (head, body)) + "."


async def knocks(service: Running, authorization: str) -> Answer:
    return Answer(await service.client.get("/orders", headers={"Authorization": authorization}))


async def test_a_good_token_opens_the_door(service: Running) -> None:
    (await knocks(service, f"Bearer {signed(claims())}")).then(200, OrderListPage)
    (await knocks(service, f"bearer   {signed(claims())}")).then(200, OrderListPage)


def _without(name: str) -> str:
    return signed(claims(**{name: None}))


def _changed(token: str) -> str:
    head, _, signature = token.split(".")
    forged = urlsafe_b64encode(to_json(claims(roles=["admin"]))).rstrip(b"=").decode()
    return f"{head}.{forged}.{signature}"


NO_GOOD: dict[str, Callable[[], str]] = {
    "expired": lambda: signed(claims(exp=int(time.time()) - 1)),
    "issued in the future": lambda: signed(claims(iat=int(time.time()) + 600)),
    "not valid yet": lambda: signed(claims(nbf=int(time.time()) + 600)),
    "unsigned": lambda: unsigned(claims()),
    "unsigned, spelt otherwise": lambda: unsigned(claims(), "NONE"),
    "unsigned, said to be signed": lambda: unsigned(claims(), "HS256"),
    "signature cut off": lambda: signed(claims()).rsplit(".", 1)[0] + ".",
    "signed with another secret": lambda: signed(claims(), b"x" * 32),
    "signed with HS384": lambda: signed(claims(), KEY + KEY, "HS384"),
    "signed with HS512": lambda: signed(claims(), KEY + KEY, "HS512"),
    "signed with RS256": lambda: signed(claims(), RSA, "RS256"),
    "signed with a key of its own header": lambda: signed(claims(), b"x" * 32, jwk={"kty": "oct", "k": "eHh4"}),
    "for another audience": lambda: signed(claims(aud="another-api")),
    "from another issuer": lambda: signed(claims(iss="somebody")),
    "of a shop that does not exist": lambda: signed(claims(tenant="nowhere")),
    "of a subject that is no account": lambda: signed(claims(sub="ada")),
    "of a subject that is a number": lambda: signed(claims(sub=None) | {"sub": 7}),
    "with roles that are none": lambda: signed(claims(roles=7)),
    "changed": lambda: _changed(signed(claims())),
    "with unknown critical headers": lambda: signed(claims(), crit=["exp"]),
    "no token": lambda: "nonsense",
    "dots": lambda: "..",
    "very long": lambda: "a" * 20_000,
    **{f"without {name}": partial(_without, name) for name in claims()},
}


@pytest.mark.parametrize("token", [pytest.param(make, id=name) for name, make in NO_GOOD.items()])
async def test_a_token_is_refused(service: Running, token: Callable[[], str]) -> None:
    (await knocks(service, f"Bearer {token()}")).refused(401, "invalid_token")


@pytest.mark.parametrize("authorization", ["Basic YWRhOnB3", "Bearer", "", "Token x", "DPoP x"])
async def test_another_scheme_is_refused(service: Running, authorization: str) -> None:
    answer = await knocks(service, authorization)
    assert answer.body["code"] in ("unauthenticated", "invalid_token")
    answer.refused(401, answer.body["code"])


async def test_a_token_in_the_query_string_is_none(service: Running) -> None:
    token = signed(claims())
    Answer(await service.client.get("/orders", params={"access_token": token})).refused(401, "unauthenticated")


async def test_roles_that_nobody_knows_allow_nothing(service: Running) -> None:
    answer = await knocks(service, f"Bearer {signed(claims(roles=['king', 'customer2']))}")
    answer.then(200, OrderListPage, items=[], total=0)
    place = await service.client.post(
        "/orders", json={}, headers={"Authorization": f"Bearer {signed(claims(roles=[]))}"}
    )
    Answer(place).refused(403, "forbidden")


async def test_one_that_was_good_is_refused_once_it_has_expired() -> None:
    tokens = Tokens(SECRET)
    token = tokens.issue(uuid4(), "default", ["customer"], timedelta(seconds=1.5))
    assert tokens.verify(token).caller.tenant == "default"

    async def refused() -> bool:
        try:
            tokens.verify(token)
        except InvalidToken:
            return True
        return False

    await eventually(refused, 5)

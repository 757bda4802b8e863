"""Tokens of an external issuer, whose keys come over HTTP, and change."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from api.issuer import Issuer
from api.order_schemas import OrderListPage
from api.schemas import Me
from api.tokens import InvalidToken
from daybook.embedded import ValkeyServer
from tests.api.answer import Answer
from tests.api.running import Running, running
from tests.databases import NewDatabase

NAME = "https://login.example"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())


class KeyServer:
    """Publishes keys over HTTP, as long as it is up, and counts how often it is asked."""

    def __init__(self) -> None:
        self.keys: dict[str, Any] = {"rsa": RSA_KEY, "ec": EC_KEY}
        self.asked = 0
        self.up = True
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked += 1
                body = json.dumps({"keys": [outer.published(name) for name in outer.keys]}).encode()
                self.send_response(200 if outer.up else 503)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/jwks.json"
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def published(self, name: str) -> dict[str, Any]:
        key = self.keys[name].public_key()
        algorithm: Any = (
            jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPublicKey) else jwt.algorithms.ECAlgorithm
        )
        return {**json.loads(algorithm.to_jwk(key)), "kid": name, "use": "sig"}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
async def keys() -> AsyncIterator[KeyServer]:
    server = KeyServer()
    yield server
    await asyncio.to_thread(server.close)


@pytest.fixture
async def issuer(keys: KeyServer) -> AsyncIterator[Issuer]:
    made = Issuer(keys.url, NAME, "shop", tenant_claim="shop", roles_claim="groups", every=0.0)
    yield made
    await made.close()


@pytest.fixture
async def service(new_database: NewDatabase, valkey: ValkeyServer, issuer: Issuer) -> AsyncIterator[Running]:
    async with (
        new_database() as database,
        running(database.url, valkey.url, issuer=issuer, projecting=False) as started,
    ):
        yield started


def token(key: Any = RSA_KEY, algorithm: str = "RS256", kid: str | None = "rsa", **changes: Any) -> str:
    now = int(time.time())
    good = {
        "iss": NAME, "aud": "shop", "sub": str(uuid4()), "shop": "default", "groups": ["staff"], "exp": now + 900,
    }  # fmt: skip
    claims = {name: value for name, value in (good | changes).items() if value is not None}
    return jwt.encode(claims, key, algorithm, headers={"kid": kid} if kid else None)


async def knocks(service: Running, text: str, path: str = "/orders") -> Answer:
    return Answer(await service.client.get(path, headers={"Authorization": f"Bearer {text}"}))


class TestATokenOfTheIssuer:
    async def test_opens_the_door_by_either_algorithm(self, service: Running, keys: KeyServer) -> None:
        (await knocks(service, token())).then(200, OrderListPage)
        (await knocks(service, token(EC_KEY, "ES256", "ec"))).then(200, OrderListPage)
        assert keys.asked == 1

    async def test_says_tenant_roles_and_subject(self, issuer: Issuer) -> None:
        caller = (await issuer.verify(token(sub="auth0|7", shop="other", groups="staff auditor"))).caller
        assert (caller.tenant, caller.roles, caller.subject.version) == ("other", ("staff", "auditor"), 5)
        again = (await issuer.verify(token(sub="auth0|7"))).caller
        assert again.subject == caller.subject
        own = str(uuid4())
        assert str((await issuer.verify(token(sub=own))).caller.subject) == own

    async def test_is_told_who_it_is_for(self, service: Running) -> None:
        subject = str(uuid4())
        (await knocks(service, token(sub=subject), "/auth/me")).then(200, Me, id=subject, email=None, roles=["staff"])

    async def test_leaves_our_own_tokens_good(self, service: Running) -> None:
        (await knocks(service, (await service.person("staff")).token)).then(200, OrderListPage)

    @pytest.mark.parametrize(
        "changes",
        [
            {"exp": 1}, {"exp": None}, {"aud": "another"}, {"aud": None}, {"iss": "daybook"}, {"iss": None},
            {"sub": None}, {"shop": None}, {"shop": 7}, {"shop": "nowhere"}, {"groups": 7}, {"groups": [7]},
            {"nbf": 9_999_999_999},
        ],
    )  # fmt: skip
    async def test_that_is_not_for_us_is_refused(self, service: Running, changes: dict[str, Any]) -> None:
        (await knocks(service, token(**changes))).refused(401, "invalid_token")

    async def test_by_another_algorithm_is_refused(self, service: Running) -> None:
        public = json.dumps(jwt.algorithms.RSAAlgorithm.to_jwk(RSA_KEY.public_key())).encode()
        for text in (
            token(RSA_KEY, "RS512"),
            token(RSA_KEY, "PS256"),
            token(public, "HS256"),
            token(EC_KEY, "ES256", "rsa"),
            token(RSA_KEY, "RS256", "ec"),
            token(kid=None),
            jwt.encode({"iss": NAME}, "", "none", headers={"kid": "rsa"}),
        ):
            (await knocks(service, text)).refused(401, "invalid_token")

    async def test_by_a_key_of_somebody_else_is_refused(self, service: Running) -> None:
        stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        (await knocks(service, token(stranger))).refused(401, "invalid_token")
        (await knocks(service, token(stranger, kid="unknown"))).refused(401, "invalid_token")


class TestRotation:
    async def test_of_keys_is_followed(self, service: Running, keys: KeyServer) -> None:
        (await knocks(service, token())).then(200, OrderListPage)
        new = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        keys.keys["new"] = new
        (await knocks(service, token(new, kid="new"))).then(200, OrderListPage)
        (await knocks(service, token())).then(200, OrderListPage)
        del keys.keys["rsa"]
        (await knocks(service, token())).then(200, OrderListPage)
        (await knocks(service, token(kid="unknown"))).refused(401, "invalid_token")
        (await knocks(service, token())).refused(401, "invalid_token")

    async def test_needs_the_issuer_only_for_what_is_new(self, service: Running, keys: KeyServer) -> None:
        (await knocks(service, token())).then(200, OrderListPage)
        keys.up = False
        (await knocks(service, token(kid="unknown"))).refused(401, "invalid_token")
        (await knocks(service, token())).then(200, OrderListPage)

    async def test_does_not_ask_for_every_key_that_is_made_up(self, keys: KeyServer) -> None:
        patient = Issuer(keys.url, NAME, "shop", tenant_claim="shop", roles_claim="groups", every=3_600)
        try:
            await patient.verify(token())
            for n in range(5):
                with pytest.raises(InvalidToken):
                    await patient.verify(token(kid=f"made up {n}"))
            assert keys.asked == 1
        finally:
            await patient.close()

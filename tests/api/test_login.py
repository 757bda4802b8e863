"""`POST /auth/login` and `GET /auth/me`: who one is, and who may try how often."""

from dataclasses import replace
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import pytest

from api.limits import Limits
from api.passwords import hash_password
from api.schemas import AccessToken, Me
from daybook.accounts import SQL
from daybook.embedded import ValkeyServer
from tests.api.answer import Answer
from tests.api.person import Person
from tests.api.running import Running, running
from tests.databases import NewDatabase

DEFAULT = Limits()
PASSWORD = "correct horse battery staple"
PASSWORD_HASH = hash_password(PASSWORD)


class Account(NamedTuple):
    id: UUID
    email: str


async def account(service: Running, *roles: str, tenant: str = "default") -> Account:
    made = Account(uuid4(), f"{uuid4().hex}@example.com")
    await service.pool.execute(SQL.add_account, tenant, made.id, made.email, PASSWORD_HASH, list(roles), "")
    return made


async def logs_in(service: Running, email: str, password: str = PASSWORD, **headers: str) -> Answer:
    body = {"email": email, "password": password}
    return Answer(await service.client.post("/auth/login", json=body, headers=headers))


async def me(service: Running, token: str) -> Answer:
    return Answer(await service.client.get("/auth/me", headers={"Authorization": f"Bearer {token}"}))


class TestLoggingIn:
    async def test_gives_a_token_that_opens_the_door(self, service: Running) -> None:
        ada = await account(service, "customer")
        answer = (await logs_in(service, ada.email)).then(200, AccessToken, token_type="bearer", expires_in=900)
        assert answer.response.headers["Cache-Control"] == "no-store"
        (await me(service, answer.body["access_token"])).then(
            200, Me, id=str(ada.id), email=ada.email, tenant="default", roles=["customer"],
            permissions=["addresses:own", "orders:place"],
        )  # fmt: skip

    async def test_does_not_care_how_the_address_is_written(self, service: Running) -> None:
        ada = await account(service, "customer")
        (await logs_in(service, f"  {ada.email.upper()} ")).then(200, AccessToken)

    async def test_names_a_shop_other_than_the_default(self, service: Running) -> None:
        ada = await account(service, "customer", tenant="other")
        (await logs_in(service, ada.email)).refused(401, "invalid_credentials")
        token = (await logs_in(service, ada.email, **{"Daybook-Tenant": "other"})).body["access_token"]
        (await me(service, token)).then(200, Me, tenant="other")

    @pytest.mark.parametrize("tenant", ["nowhere", "", "\xe9", "x" * 1000])
    async def test_to_a_shop_that_does_not_exist_is_refused(self, service: Running, tenant: str) -> None:
        ada = await account(service, "customer")
        headers: Any = {"Daybook-Tenant": tenant.encode("latin-1")}
        (await logs_in(service, ada.email, **headers)).refused(401, "invalid_credentials")

    async def test_says_the_same_for_a_wrong_password_and_an_unknown_address(self, service: Running) -> None:
        ada = await account(service, "customer")
        wrong = (await logs_in(service, ada.email, "wrong")).refused(401, "invalid_credentials")
        unknown = (await logs_in(service, f"{uuid4().hex}@example.com")).refused(401, "invalid_credentials")
        assert wrong.body == unknown.body

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({"email": "ada@example.com"}, "/password"),
            ({"password": "x"}, "/email"),
            ({"email": "ada@example.com", "password": "x" * 201}, "/password"),
            ({"email": "ada@example.com", "password": ""}, "/password"),
            ({"email": "a\u0000@b.c", "password": "x"}, "/email"),
            ({"email": "ada@example.com", "password": 7}, "/password"),
            ({"email": "ada@example.com", "password": "x", "remember": True}, "/remember"),
        ],
    )
    async def test_wants_both_and_no_more(self, service: Running, body: dict[str, Any], pointer: str) -> None:
        answer = Answer(await service.client.post("/auth/login", json=body)).invalid()
        assert [error["pointer"] for error in answer.body["errors"]] == [pointer]


STAFF = [
    *("addresses:own", "catalogue:manage", "orders:manage", "orders:place", "orders:place_for_any", "orders:read_any"),
    "payments:manage",
]


class TestRoles:
    @pytest.mark.parametrize(
        ("role", "permissions"),
        [
            ("customer", ["addresses:own", "orders:place"]),
            ("staff", STAFF),
            ("auditor", ["events:read", "orders:read_any", "personal:read"]),
            ("admin", sorted([*STAFF, "accounts:manage", "customers:erase", "events:read", "personal:read"])),
        ],
    )
    async def test_say_what_one_may(self, service: Running, role: str, permissions: list[str]) -> None:
        someone = await account(service, role)
        token = (await logs_in(service, someone.email)).body["access_token"]
        (await me(service, token)).then(200, Me, roles=[role], permissions=permissions)

    async def test_of_an_account_that_is_gone_are_nothing(self, service: Running) -> None:
        stranger = await service.person("customer")
        (await stranger.gets("/auth/me")).refused(401, "invalid_token")


class TestTryingTooOften:
    async def test_for_one_account_is_refused_for_a_while(
        self, new_database: NewDatabase, valkey: ValkeyServer
    ) -> None:
        limits = replace(DEFAULT, logins_per_account=3, logins_per_address=10_000)
        async with new_database() as database, running(database.url, valkey.url, limits=limits) as service:
            ada, ben = await account(service, "customer"), await account(service, "customer")
            answers = [await logs_in(service, ada.email, "wrong") for _ in range(8)]
            # A minute may end in between, and then the count begins anew.
            assert {answer.status for answer in answers} == {401, 429}
            answers[-1].refused(429, "too_many_requests")
            assert answers[-1].status == 429
            (await logs_in(service, ben.email)).then(200, AccessToken)

    async def test_from_one_address_is_refused_for_a_while(
        self, new_database: NewDatabase, valkey: ValkeyServer
    ) -> None:
        limits = replace(DEFAULT, logins_per_address=1)
        async with new_database() as database, running(database.url, valkey.url, limits=limits) as service:
            answers = [await logs_in(service, f"{uuid4().hex}@example.com") for _ in range(4)]
            assert 429 in {answer.status for answer in answers}

    async def test_is_not_noticed_without_redis_and_nobody_is_locked_out(self, new_database: NewDatabase) -> None:
        limits = replace(DEFAULT, logins_per_account=1)
        nowhere = "unix:///nowhere/valkey.sock"
        async with new_database() as database, running(database.url, nowhere, limits=limits) as service:
            ada = await account(service, "customer")
            for _ in range(3):
                (await logs_in(service, ada.email)).then(200, AccessToken)


async def test_me_needs_a_token(service: Running, ada: Person) -> None:
    Answer(await service.client.get("/auth/me")).refused(401, "unauthenticated")

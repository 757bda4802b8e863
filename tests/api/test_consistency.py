"""Every read takes a Consistency-Token: one that is none is refused, and one that cannot be shown is neither waited for
long nor answered with something older."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

import queries.consistency
from daybook.embedded import ValkeyServer
from tests.api.person import Json, Person
from tests.api.running import Running, running
from tests.api.test_openapi import STATIC
from tests.databases import NewDatabase

NO_READS = ("/livez", "/readyz", "/metrics", *STATIC)
FROM_READ_MODELS = {"/orders", "/orders?q=pen", "/products", "/accounts", "/auth/me", "/stats/sales?by=day"}
"""The reads that are answered from read models; all others are always current."""
OF_SEALS = ("/audit/checkpoint", "/audit/proofs")
"""Those that show what is sealed."""


@pytest.fixture
async def admin(service: Running, ada: Person) -> Person:
    return await service.person("admin", account_id=ada.id)


@pytest.fixture
async def reads(service: Running, ada: Person, admin: Person, pen: Json) -> list[str]:
    """Every GET of the document, for something that is there."""
    order, invited = await ada.places(pen), {"email": f"c-{ada.id}@example.com", "name": "C", "roles": ["customer"]}
    account = (await admin.posts("/accounts", invited)).body
    there = {"order_id": order["id"], "product_id": pen["id"], "account_id": account["id"]}
    needed = {
        "/stats/sales": "?by=day",
        "/audit/proofs/inclusion": "?index=0",
        "/audit/proofs/consistency": "?from=1",
    }
    document = (await service.client.get("/openapi.json")).json()
    paths = [path for path, item in document["paths"].items() if "get" in item and not path.startswith(NO_READS)]
    for path in paths:
        headers = [one["name"] for one in document["paths"][path]["get"]["parameters"] if one["in"] == "header"]
        assert "Consistency-Token" in headers, path
    unknown = {name for path in paths for name in re.findall(r"{(\w+)}", path)} - there.keys()
    assert not unknown, f"nothing is there for {unknown}"
    return [path.format(**there) + needed.get(path, "") for path in paths] + ["/orders?q=pen"]


async def test_what_is_no_token_is_refused_everywhere(admin: Person, reads: list[str]) -> None:
    assert set(reads) >= FROM_READ_MODELS
    for path in reads:
        for token in ("", "x", "A" * 22, admin.shop.cursors.seal("1", "products")):
            (await admin.gets(path, headers={"Consistency-Token": token})).refused(400, "invalid_position")


async def test_what_is_beyond_the_log_is_answered_at_once_and_never_from_a_read_model(
    admin: Person, reads: list[str]
) -> None:
    beyond = admin.shop.positions.seal(await admin.shop.reader.head() + 1_000)
    for path in reads:
        async with asyncio.timeout(4):
            answer = await admin.gets(path, headers={"Consistency-Token": beyond})
        if path in FROM_READ_MODELS:
            answer.refused(503, "projection_behind")
            assert answer.response.headers["Retry-After"] == "1"
        elif path.startswith(OF_SEALS):
            answer.refused(503, "not_yet_sealed")
        else:
            assert answer.status in (200, 404), path


class TestWithoutAProjector:
    @pytest.fixture
    async def standing(self, new_database: NewDatabase, valkey: ValkeyServer) -> AsyncIterator[Running]:
        async with new_database() as database, running(database.url, valkey.url, projecting=False) as started:
            yield started

    async def test_read_models_say_that_they_are_behind(
        self, standing: Running, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        waiting: Any = queries.consistency.wait_for_position
        monkeypatch.setitem(waiting.__kwdefaults__, "patience", 0.05)
        admin = await standing.person("admin")
        ada = await standing.customer()
        token = ada.shop.positions.seal(await ada.shop.reader.head())
        for path in FROM_READ_MODELS:
            answer = await admin.gets(path, headers={"Consistency-Token": token})
            answer.refused(503, "projection_behind")
        current = await ada.gets("/addresses", headers={"Consistency-Token": token})
        assert len(current.body["items"]) == 1

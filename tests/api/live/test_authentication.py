"""Who may open a stream: by header, or by a first frame in time; and only while the token is good."""

import asyncio
import json
import time
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from websockets.exceptions import InvalidStatus

from api.live import socket
from api.metrics import SOCKETS
from api.schemas import ProblemDocument
from tests.api.live.subscriber import dialled, following
from tests.api.person import Json, Person
from tests.api.running import Running


def expired(service: Running) -> str:
    return service.tokens.issue(uuid4(), "default", ["customer"], timedelta(seconds=-1))


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def turned_away(service: Running, headers: dict[str, str], **query: str) -> Json:
    """The problem with which the door stays shut."""
    with pytest.raises(InvalidStatus) as refused:
        async with dialled(service, headers, **query):
            pass
    response = refused.value.response
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = dict(json.loads(response.body or b""))
    ProblemDocument.model_validate(problem)
    assert (problem["status"], problem["instance"]) == (response.status_code, "/ws/orders")
    if response.status_code == 401:
        assert response.headers["WWW-Authenticate"] == "Bearer"
    return problem


class TestByHeader:
    async def test_a_good_token_opens_the_stream(self, service: Running, ada: Person, pen: Json) -> None:
        async with following(service, ada) as stream:
            order = await ada.places(pen)
            assert await stream.subjects(1) == [order["id"]]

    @pytest.mark.parametrize("authorization", ["Bearer x", "Bearer ", "Basic YTpi", "Bearer a.b.c"])
    async def test_another_one_leaves_it_shut(self, service: Running, authorization: str) -> None:
        problem = await turned_away(service, {"Authorization": authorization})
        assert problem["code"] in ("invalid_token", "unauthenticated")

    async def test_an_expired_one_leaves_it_shut(self, service: Running) -> None:
        assert (await turned_away(service, bearer(expired(service))))["code"] == "invalid_token"

    async def test_one_of_a_shop_that_does_not_exist_leaves_it_shut(self, service: Running) -> None:
        token = service.tokens.issue(uuid4(), "nowhere", ["customer"])
        assert (await turned_away(service, bearer(token)))["code"] == "invalid_token"


class TestByFirstFrame:
    async def test_a_good_token_opens_the_stream(self, service: Running, ada: Person, pen: Json) -> None:
        async with dialled(service) as stream:
            await (await stream.says({"type": "auth", "token": ada.token})).is_ready()
            order = await ada.places(pen)
            assert await stream.subjects(1) == [order["id"]]

    @pytest.mark.parametrize(
        "frame",
        ["nonsense", "", b"\x00\x01", "[]", "null", '{"type": "auth"}', '{"type": "auth", "token": 7}',
         '{"type": "auth", "token": "x"}', '{"type": "hello", "token": "x"}', "[" * 10_000],
    )  # fmt: skip
    async def test_another_one_closes_it(self, service: Running, frame: str | bytes) -> None:
        async with dialled(service) as stream:
            await stream.says(frame)
            assert (await stream.is_closed())[0] == 4401

    async def test_a_good_token_in_a_binary_frame_closes_it(self, service: Running, ada: Person) -> None:
        async with dialled(service) as stream:
            await stream.says(json.dumps({"type": "auth", "token": ada.token}).encode())
            assert (await stream.is_closed())[0] == 4401

    async def test_an_expired_one_closes_it(self, service: Running) -> None:
        async with dialled(service) as stream:
            await stream.says({"type": "auth", "token": expired(service)})
            assert (await stream.is_closed())[0] == 4401

    async def test_none_in_time_closes_it(self, service: Running, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(socket, "AUTH_PATIENCE", 0.2)
        started = time.monotonic()
        async with dialled(service) as stream:
            assert (await stream.is_closed())[0] == 4408
        assert 0.15 < time.monotonic() - started < 3

    async def test_a_visitor_who_leaves_leaves_nothing(self, service: Running) -> None:
        open_before = sockets()
        for _ in range(3):
            async with dialled(service):
                pass
        await asyncio.sleep(0.1)
        assert sockets() == open_before

    async def test_a_bad_wish_is_told_after_it(self, service: Running, ada: Person, ben: Person, pen: Json) -> None:
        order = await ben.places(pen)
        for query, code in (
            ({"after": "made up"}, 4400),
            ({"sort": "asc"}, 4400),
            ({"order_id": order["id"]}, 4403),
            ({"user_id": str(ben.id)}, 4403),
        ):
            async with dialled(service, **query) as stream:
                await stream.says({"type": "auth", "token": ada.token})
                assert (await stream.is_closed())[0] == code


class TestLater:
    async def test_the_stream_ends_with_the_token(self, service: Running, ada: Person, pen: Json) -> None:
        ada.token = service.tokens.issue(ada.id, "default", ["customer"], timedelta(seconds=2))
        long_lived = await service.person("customer", account_id=ada.id)
        long_lived.address_id = ada.address_id
        async with following(service, ada) as stream:
            order = await long_lived.places(pen)
            assert await stream.subjects(1) == [order["id"]]
            assert (await stream.is_closed())[0] == 4401

    async def test_a_busy_stream_ends_with_it_too(self, service: Running, ada: Person, pen: Json) -> None:
        expires = int(time.time()) + 2
        ada.token = service.tokens.issue(ada.id, "default", ["customer"], timedelta(seconds=2))
        buyer = await service.person("customer", account_id=ada.id)
        buyer.address_id = ada.address_id

        async def buy() -> None:
            while True:
                await buyer.places(pen)

        buying = asyncio.create_task(buy())
        try:
            async with following(service, ada) as stream:
                assert (await stream.is_closed())[0] == 4401
                assert time.time() < expires + 1.5
        finally:
            buying.cancel()

    async def test_what_is_said_later_means_nothing(self, service: Running, ada: Person, pen: Json) -> None:
        said: list[Any] = ["nonsense", b"\x00", {"type": "auth", "token": "x"}, {"type": "subscribe"}]
        async with following(service, ada) as stream:
            for frame in said:
                await stream.says(frame)
            order = await ada.places(pen)
            assert await stream.subjects(1) == [order["id"]]

    async def test_what_is_too_large_closes_it(self, service: Running, ada: Person) -> None:
        async with following(service, ada) as stream:
            await stream.says("x" * 100_000)
            assert (await stream.is_closed())[0] == 1009


class TestOrigins:
    async def test_none_or_our_own_may(self, service: Running, ada: Person) -> None:
        for origin in (None, f"http://127.0.0.1:{service.port}", f"https://127.0.0.1:{service.port}"):
            headers = bearer(ada.token) | ({} if origin is None else {"Origin": origin})
            async with dialled(service, headers) as stream:
                await stream.is_ready()

    @pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1", "file://", ""])
    async def test_a_foreign_one_may_not(self, service: Running, ada: Person, origin: str) -> None:
        assert (await turned_away(service, bearer(ada.token) | {"Origin": origin}))["code"] == "foreign_origin"
        assert (await turned_away(service, {"Origin": origin}))["status"] == 403


def sockets() -> float:
    """How many the service counts as open."""
    (metric,) = SOCKETS.collect()
    return metric.samples[0].value

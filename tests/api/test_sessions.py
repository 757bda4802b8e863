"""`POST /auth/refresh` and `/auth/logout`: a refresh token is good once, and a stolen one ends its session."""

import asyncio
from typing import Any

import httpx
import pytest

from api.schemas import AccessToken, Me
from api.sessions import COOKIE
from events.log.purge import purge_sessions
from tests.api.answer import Answer
from tests.api.live.subscriber import dialled
from tests.api.running import Running
from tests.api.test_login import Account, account, logs_in, me
from tests.projections.eventually import eventually


def cookie_of(answer: Answer) -> str:
    """The refresh token that an answer sets."""
    return str(answer.response.cookies[COOKIE])


async def refreshes(service: Running, token: str | None, **headers: str) -> Answer:
    if token is not None:
        headers["Cookie"] = f"{COOKIE}={token}"
    async with httpx.AsyncClient(base_url=service.client.base_url) as browser:
        return Answer(await browser.post("/auth/refresh", headers=headers))


async def logs_out(service: Running, token: str | None, **headers: str) -> httpx.Response:
    if token is not None:
        headers["Cookie"] = f"{COOKIE}={token}"
    async with httpx.AsyncClient(base_url=service.client.base_url) as browser:
        return await browser.post("/auth/logout", headers=headers)


async def session(service: Running, *roles: str) -> tuple[Account, str, str]:
    """An account that has just logged in, its access token and its refresh token."""
    ada = await account(service, *(roles or ("customer",)))
    answer = (await logs_in(service, ada.email)).then(200, AccessToken)
    return ada, answer.body["access_token"], cookie_of(answer)


async def row(service: Running, ada: Account) -> dict[str, Any]:
    rows = await service.pool.fetch("SELECT * FROM sessions WHERE account_id = $1", ada.id)
    assert len(rows) == 1, "one row a session, however often it is refreshed"
    return dict(rows[0])


async def time_passes(service: Running, ada: Account, interval: str) -> None:
    """What the session remembers was so much longer ago."""
    await service.pool.execute(
        "UPDATE sessions SET rotated_at = rotated_at - $2::text::interval, expires_at = expires_at - $2::text::interval"
        " WHERE account_id = $1",
        ada.id,
        interval,
    )


class TestTheCookie:
    async def test_is_for_no_script_no_other_site_and_no_other_path(self, service: Running) -> None:
        ada = await account(service, "customer")
        header = (await logs_in(service, ada.email)).response.headers["Set-Cookie"].lower()
        attributes = {part.strip() for part in header.split(";")[1:]}
        assert {"httponly", "samesite=strict", "path=/auth", f"max-age={30 * 86_400}"} <= attributes

    async def test_is_for_https_alone_where_the_page_came_over_it(self, service: Running) -> None:
        ada = await account(service, "customer")
        plain = await logs_in(service, ada.email)
        over_tls = await logs_in(service, ada.email, Origin=f"https://127.0.0.1:{service.port}")
        assert "secure" not in plain.response.headers["Set-Cookie"].lower()
        assert "secure" in over_tls.response.headers["Set-Cookie"].lower()

    async def test_says_nothing_that_the_database_has(self, service: Running) -> None:
        ada, _, token = await session(service)
        stored = await row(service, ada)
        assert token.encode() not in stored["token_hash"]
        assert stored["account_id"] == ada.id


class TestRefreshing:
    async def test_gives_a_new_pair(self, service: Running) -> None:
        ada, _, token = await session(service)
        answer = (await refreshes(service, token)).then(200, AccessToken, expires_in=900)
        assert cookie_of(answer) != token
        (await me(service, answer.body["access_token"])).then(200, Me, id=str(ada.id))
        again = (await refreshes(service, cookie_of(answer))).then(200, AccessToken)
        assert cookie_of(again) not in (token, cookie_of(answer))

    async def test_gives_the_same_successor_when_its_answer_was_lost(self, service: Running) -> None:
        _, _, token = await session(service)
        first, second = await refreshes(service, token), await refreshes(service, token)
        assert cookie_of(first) == cookie_of(second)
        (await refreshes(service, cookie_of(first))).then(200, AccessToken)

    async def test_many_times_at_once_makes_one_successor(self, service: Running) -> None:
        ada, _, token = await session(service)
        answers = await asyncio.gather(*(refreshes(service, token) for _ in range(12)))
        assert len({cookie_of(answer.then(200, AccessToken)) for answer in answers}) == 1
        await row(service, ada)

    async def test_with_a_used_token_ends_the_session(self, service: Running) -> None:
        _, _, token = await session(service)
        successor = cookie_of(await refreshes(service, token))
        latest = cookie_of(await refreshes(service, successor))
        (await refreshes(service, token)).refused(401, "refresh_token_reused")
        (await refreshes(service, latest)).refused(401, "refresh_token_revoked")

    async def test_with_the_predecessor_after_ten_seconds_ends_the_session(self, service: Running) -> None:
        ada, _, token = await session(service)
        successor = cookie_of(await refreshes(service, token))
        await time_passes(service, ada, "11 seconds")
        (await refreshes(service, token)).refused(401, "refresh_token_reused")
        (await refreshes(service, successor)).refused(401, "refresh_token_revoked")

    async def test_keeps_other_sessions_of_the_account(self, service: Running) -> None:
        ada, _, token = await session(service)
        other = cookie_of(await logs_in(service, ada.email))
        await refreshes(service, cookie_of(await refreshes(service, token)))
        (await refreshes(service, token)).refused(401, "refresh_token_reused")
        (await refreshes(service, other)).then(200, AccessToken)

    async def test_after_a_month_of_silence_is_refused(self, service: Running) -> None:
        ada, _, token = await session(service)
        await time_passes(service, ada, "29 days")
        token = cookie_of((await refreshes(service, token)).then(200, AccessToken))
        await time_passes(service, ada, "31 days")
        (await refreshes(service, token)).refused(401, "refresh_token_expired")
        await time_passes(service, ada, "2 days")
        assert await purge_sessions(service.pool, "default") >= 1
        (await refreshes(service, token)).refused(401, "refresh_token_expired")

    async def test_knows_roles_that_were_changed(self, service: Running) -> None:
        ada, _, token = await session(service)
        await service.pool.execute("UPDATE accounts SET roles = '{staff}' WHERE account_id = $1", ada.id)
        answer = await refreshes(service, token)
        (await me(service, answer.body["access_token"])).then(200, Me, roles=["staff"])

    async def test_of_a_disabled_account_is_refused(self, service: Running) -> None:
        ada, _, token = await session(service)
        await service.pool.execute("UPDATE accounts SET status = 'disabled' WHERE account_id = $1", ada.id)
        (await refreshes(service, token)).refused(401, "account_disabled")
        (await logs_in(service, ada.email)).refused(401, "account_disabled")

    async def test_without_a_token_is_refused(self, service: Running) -> None:
        (await refreshes(service, None)).refused(401, "unauthenticated")

    @pytest.mark.parametrize(
        "token", ["x", "", "default.", "default.AAAA", "default." + "A" * 64, "." * 70, "A" * 4000]
    )
    async def test_with_what_was_made_up_is_refused(self, service: Running, token: str) -> None:
        (await refreshes(service, token)).refused(401, "invalid_refresh_token")

    async def test_with_a_token_made_up_for_a_known_session_does_not_end_it(self, service: Running) -> None:
        _, _, token = await session(service)
        forged = token[:40] + ("A" if token[40] != "A" else "B") + token[41:]
        (await refreshes(service, forged)).refused(401, "invalid_refresh_token")
        (await refreshes(service, f"other.{token.partition('.')[2]}")).refused(401, "invalid_refresh_token")
        (await refreshes(service, token)).then(200, AccessToken)

    async def test_from_a_foreign_page_is_refused_and_uses_nothing(self, service: Running) -> None:
        _, _, token = await session(service)
        (await refreshes(service, token, Origin="https://evil.example")).refused(403, "foreign_origin")
        own = f"http://127.0.0.1:{service.port}"
        (await refreshes(service, token, Origin=own)).then(200, AccessToken)


class TestLoggingOut:
    async def test_ends_the_session_and_takes_the_cookie_back(self, service: Running) -> None:
        _, access, token = await session(service)
        answer = await logs_out(service, token)
        assert answer.status_code == 204
        assert 'refresh_token=""' in answer.headers["Set-Cookie"]
        assert "max-age=0" in answer.headers["Set-Cookie"].lower()
        (await refreshes(service, token)).refused(401, "refresh_token_revoked")
        await eventually(lambda: _is_refused(service, access))
        (await me(service, access)).refused(401, "session_ended")

    async def test_with_an_older_token_ends_it_too(self, service: Running) -> None:
        _, _, token = await session(service)
        successor = cookie_of(await refreshes(service, token))
        assert (await logs_out(service, token)).status_code == 204
        (await refreshes(service, successor)).refused(401, "refresh_token_revoked")

    @pytest.mark.parametrize("token", [None, "x", "default." + "A" * 64])
    async def test_without_a_session_is_no_failure(self, service: Running, token: str | None) -> None:
        assert (await logs_out(service, token)).status_code == 204

    async def test_closes_the_sockets_of_the_session(self, service: Running) -> None:
        _, access, token = await session(service)
        async with dialled(service, {"Authorization": f"Bearer {access}"}) as stream:
            await stream.is_ready()
            await logs_out(service, token)
            assert await stream.is_closed() == (4401, "the session has been ended")

    async def test_leaves_the_other_session_of_the_account_open(self, service: Running) -> None:
        ada, _, token = await session(service)
        other = (await logs_in(service, ada.email)).body["access_token"]
        await logs_out(service, token)
        await service.backend.revocations.look()
        (await me(service, other)).then(200, Me)


async def _is_refused(service: Running, access: str) -> bool:
    return (await me(service, access)).status == 401

"""`/accounts` and invitations: who is let in, and who is no longer."""

import asyncio
from datetime import timedelta
from typing import Any, LiteralString
from uuid import UUID, uuid4

import pytest

from api.schemas import AccessToken, AccountAnswer, AccountListPage, Me
from tests.api.answer import Answer
from tests.api.live.subscriber import dialled
from tests.api.person import Json, Person
from tests.api.running import Running
from tests.api.test_login import logs_in, me
from tests.api.test_sessions import cookie_of, refreshes
from tests.projections.eventually import eventually

PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="module")
async def admin(service: Running) -> Person:
    return await service.person("admin")


def wanted(**fields: Any) -> Json:
    return {"email": f"{uuid4().hex}@example.com", "name": "Grace Hopper", "roles": ["customer"]} | fields


async def accepts(service: Running, token: str, password: str = PASSWORD) -> Answer:
    body = {"token": token, "password": password}
    return Answer(await service.client.post("/auth/invitations/accept", json=body))


async def invited(service: Running, admin: Person, **fields: Any) -> tuple[Json, str]:
    """An account and its invitation, once the read model has it."""
    answer = (await admin.posts("/accounts", wanted(**fields))).then(201, AccountAnswer)
    await admin.gets("/accounts", headers={"Consistency-Token": answer.token})
    tenant = admin.shop.tenant
    return answer.body, service.backend.invitations.make(tenant, UUID(answer.body["id"]))


async def active(service: Running, admin: Person, **fields: Any) -> tuple[Json, Answer]:
    """An account and the answer to its first login."""
    account, token = await invited(service, admin, **fields)
    return account, (await accepts(service, token)).then(200, AccessToken)


async def disables(admin: Person, account: Json, disabled: bool = True) -> Answer:
    return await admin.patches(f"/accounts/{account['id']}", {"disabled": disabled})


class TestInviting:
    async def test_makes_an_account_and_the_person_behind_it(self, admin: Person) -> None:
        answer = await admin.posts("/accounts", wanted(email="Grace@Example.com"))
        answer.then(201, AccountAnswer, email="grace@example.com", roles=["customer"], status="invited", version=1)
        answer.appended("MailAddressClaimed", "AccountInvited", "CustomerAdded")
        assert answer.response.headers["Location"] == f"/accounts/{answer.body['id']}"
        read = (await admin.gets(f"/accounts/{answer.body['id']}")).then(200, AccountAnswer)
        assert read.body == answer.body

    async def test_asks_for_a_mail(self, service: Running, admin: Person) -> None:
        account, _ = await invited(service, admin)
        statement = "SELECT kind FROM deliveries WHERE customer_id = $1"

        async def due() -> bool:
            return bool(await service.pool.fetchval(statement, UUID(account["id"])) == "account_invitation")

        await eventually(due)

    async def test_an_auditor_does_not_make_a_customer(self, admin: Person) -> None:
        answer = await admin.posts("/accounts", wanted(roles=["auditor"]))
        answer.appended("MailAddressClaimed", "AccountInvited")

    async def test_to_one_mail_address_happens_once_however_many_try(self, admin: Person) -> None:
        body = wanted()
        answers = await asyncio.gather(*(admin.posts("/accounts", body) for _ in range(6)))
        assert sorted(answer.status for answer in answers) == [201, 409, 409, 409, 409, 409]
        (await admin.posts("/accounts", body | {"email": body["email"].upper()})).refused(409, "email_taken")

    async def test_again_under_one_key_is_answered_as_before(self, admin: Person) -> None:
        body = wanted()
        first = await admin.posts("/accounts", body, key="invite-grace")
        again = (await admin.posts("/accounts", body, key="invite-grace")).then(201, AccountAnswer)
        assert again.replayed
        assert again.body == first.body

    async def test_leaves_no_address_in_the_log(self, service: Running, admin: Person) -> None:
        account, _ = await invited(service, admin)
        rows = await service.pool.fetch("SELECT data, metadata FROM events")
        for row in rows:
            assert account["email"].encode() not in row["data"]
            assert account["email"] not in str(row["metadata"])

    @pytest.mark.parametrize(
        ("fields", "pointer"),
        [
            ({"email": "nobody"}, "/email"),
            ({"email": "a b@example.com"}, "/email"),
            ({"name": ""}, "/name"),
            ({"roles": []}, "/roles"),
            ({"roles": ["king"]}, "/roles/0"),
            ({"roles": ["staff", "staff"]}, "/roles"),
            ({"password": "x"}, "/password"),
        ],
    )
    async def test_of_what_makes_no_sense_is_refused(self, admin: Person, fields: Json, pointer: str) -> None:
        answer = (await admin.posts("/accounts", wanted(**fields))).invalid()
        assert [error["pointer"] for error in answer.body["errors"]] == [pointer]

    async def test_is_for_admins(self, staff: Person, ada: Person) -> None:
        for person in (staff, ada):
            (await person.posts("/accounts", wanted())).refused(403, "forbidden")
            (await person.gets("/accounts")).refused(403, "forbidden")


class TestAnInvitation:
    async def test_is_accepted_with_a_password_that_is_good_from_then_on(self, service: Running, admin: Person) -> None:
        account, answer = await active(service, admin)
        (await me(service, answer.body["access_token"])).then(200, Me, id=account["id"], email=account["email"])
        (await logs_in(service, account["email"])).then(200, AccessToken)
        (await refreshes(service, cookie_of(answer))).then(200, AccessToken)
        (await admin.gets(f"/accounts/{account['id']}")).then(200, AccountAnswer, status="active")

    async def test_is_good_once(self, service: Running, admin: Person) -> None:
        account, token = await invited(service, admin)
        answers = await asyncio.gather(*(accepts(service, token, f"{PASSWORD} {n}") for n in range(4)))
        assert sorted(answer.status for answer in answers) == [200, 409, 409, 409]
        good = next(n for n, answer in enumerate(answers) if answer.status == 200)
        (await logs_in(service, account["email"], f"{PASSWORD} {good}")).then(200, AccessToken)
        (await accepts(service, token)).refused(409, "invitation_used")

    async def test_does_not_let_in_before_it_is_accepted(self, service: Running, admin: Person) -> None:
        account, _ = await invited(service, admin)
        (await logs_in(service, account["email"])).refused(401, "invalid_credentials")

    async def test_expires(self, service: Running, admin: Person) -> None:
        account, _ = await invited(service, admin)
        late = service.backend.invitations.make("default", UUID(account["id"]), timedelta(seconds=-1))
        (await accepts(service, late)).refused(400, "invalid_invitation")

    @pytest.mark.parametrize("token", ["x", "A" * 80, "\u00e9"])
    async def test_that_was_made_up_is_none(self, service: Running, token: str) -> None:
        (await accepts(service, token)).refused(400, "invalid_invitation")

    async def test_to_a_disabled_account_is_refused(self, service: Running, admin: Person) -> None:
        account, token = await invited(service, admin)
        answer = await disables(admin, account)
        await admin.gets("/accounts", headers={"Consistency-Token": answer.token})
        (await accepts(service, token)).refused(401, "account_disabled")

    async def test_wants_a_password_that_is_none_of_the_worst(self, service: Running, admin: Person) -> None:
        account, token = await invited(service, admin)
        (await accepts(service, token, "short")).invalid(pointer="/password", error="string_too_short")
        (await accepts(service, token, account["email"])).invalid(pointer="/password", error="value_error")


class TestDisabling:
    async def test_ends_tokens_sessions_and_sockets(self, service: Running, admin: Person) -> None:
        account, login = await active(service, admin)
        access = login.body["access_token"]
        async with dialled(service, {"Authorization": f"Bearer {access}"}) as stream:
            await stream.is_ready()
            (await disables(admin, account)).then(200, AccountAnswer, status="disabled").appended("AccountDisabled")
            assert await stream.is_closed() == (4401, "the session has been ended")
        (await me(service, access)).refused(401, "session_ended")
        (await refreshes(service, cookie_of(login))).refused(401, "refresh_token_revoked")
        (await logs_in(service, account["email"])).refused(401, "account_disabled")

    async def test_can_be_undone(self, service: Running, admin: Person) -> None:
        account, _ = await active(service, admin)
        await disables(admin, account)
        answer = (await disables(admin, account, False)).then(200, AccountAnswer, status="active")
        await admin.gets("/accounts", headers={"Consistency-Token": answer.token})
        (await logs_in(service, account["email"])).then(200, AccessToken)

    async def test_twice_changes_nothing(self, service: Running, admin: Person) -> None:
        account, _ = await active(service, admin)
        await disables(admin, account)
        (await disables(admin, account)).then(200, AccountAnswer, status="disabled").appended()


class TestRoles:
    async def test_count_from_the_next_refresh_on(self, service: Running, admin: Person) -> None:
        account, login = await active(service, admin)
        answer = await admin.patches(f"/accounts/{account['id']}", {"roles": ["staff"]}, if_match='"2"')
        answer.then(200, AccountAnswer, roles=["staff"]).appended("AccountRolesChanged")
        await admin.gets("/accounts", headers={"Consistency-Token": answer.token})
        refreshed = (await refreshes(service, cookie_of(login))).then(200, AccessToken)
        (await me(service, refreshed.body["access_token"])).then(200, Me, roles=["staff"])

    async def test_of_an_account_that_moved_on_are_kept(self, service: Running, admin: Person) -> None:
        account, _ = await invited(service, admin)
        answer = await admin.patches(f"/accounts/{account['id']}", {"roles": ["staff"]}, if_match='"7"')
        answer.refused(412, "version_mismatch", current_version=1)

    async def test_of_nobody_are_not_found(self, admin: Person) -> None:
        (await admin.patches(f"/accounts/{uuid4()}", {"roles": ["staff"]})).refused(404, "not_found")


class TestTheLastAdmin:
    async def test_stays_whatever_is_tried_at_once(self, service: Running) -> None:
        admin = await service.person("admin", tenant="other")
        two = [(await active(service, admin, roles=["admin"]))[0] for _ in range(2)]
        answers = await asyncio.gather(
            disables(admin, two[0]), admin.patches(f"/accounts/{two[1]['id']}", {"roles": ["staff"]})
        )
        assert sorted(answer.status for answer in answers) == [200, 409]
        kept = two[1] if answers[0].status == 200 else two[0]
        (await disables(admin, kept)).refused(409, "last_admin")
        (await admin.patches(f"/accounts/{kept['id']}", {"roles": ["auditor"]})).refused(409, "last_admin")


class TestTheList:
    async def test_has_everyone_page_by_page(self, service: Running, admin: Person) -> None:
        expected = [(await invited(service, admin))[0]["id"] for _ in range(3)]
        found: list[str] = []
        cursor: str | None = None
        while True:
            query: dict[str, str | int] = {"limit": 2} if cursor is None else {"limit": 2, "cursor": cursor}
            page = (await admin.gets("/accounts", query=query)).then(200, AccountListPage)
            found += [item["id"] for item in page.body["items"]]
            cursor = page.body["next"]
            if cursor is None:
                break
        assert found[-3:] == expected
        assert len(set(found)) == len(found)

    async def test_is_of_one_shop(self, service: Running, admin: Person) -> None:
        account, _ = await invited(service, admin)
        other = await service.person("admin", tenant="other")
        (await other.gets(f"/accounts/{account['id']}")).refused(404, "not_found")
        page = await other.gets("/accounts", limit=200)
        assert account["id"] not in {item["id"] for item in page.body["items"]}

    async def test_refuses_a_cursor_that_is_none(self, admin: Person) -> None:
        (await admin.gets("/accounts", cursor="x")).refused(400, "invalid_cursor")


class TestOnesPassword:
    async def test_is_changed_and_ends_the_other_sessions(self, service: Running, admin: Person) -> None:
        account, login = await active(service, admin)
        other = await logs_in(service, account["email"])
        body = {"current": PASSWORD, "new": "another horse, another staple"}
        token = {"Authorization": f"Bearer {login.body['access_token']}"}
        assert (await service.client.post("/auth/password", json=body, headers=token)).status_code == 204
        (await refreshes(service, cookie_of(other))).refused(401, "refresh_token_revoked")
        (await refreshes(service, cookie_of(login))).then(200, AccessToken)
        (await logs_in(service, account["email"])).refused(401, "invalid_credentials")
        (await logs_in(service, account["email"], body["new"])).then(200, AccessToken)

    async def test_is_kept_without_the_current_one(self, service: Running, admin: Person) -> None:
        _, login = await active(service, admin)
        token = {"Authorization": f"Bearer {login.body['access_token']}"}
        body = {"current": "something else", "new": "another horse, another staple"}
        Answer(await service.client.post("/auth/password", json=body, headers=token)).refused(403, "wrong_password")

    async def test_is_changed_by_one_of_two_who_change_it_at_once(self, service: Running, admin: Person) -> None:
        account, login = await active(service, admin)
        token = {"Authorization": f"Bearer {login.body['access_token']}"}
        wanted = ["another horse, another staple", "a third horse, a third staple"]
        bodies = [{"current": PASSWORD, "new": new} for new in wanted]
        answers = await asyncio.gather(
            *(service.client.post("/auth/password", json=body, headers=token) for body in bodies)
        )
        assert sorted(answer.status_code for answer in answers) == [204, 403]
        for answer, new in zip(answers, wanted, strict=True):
            status = 200 if answer.status_code == 204 else 401
            assert (await logs_in(service, account["email"], new)).status == status


class TestALoginThatIsUnderWay:
    """Its password was right; before its session begins, something happens to the account."""

    async def test_begins_no_session_when_the_password_changes(self, service: Running, admin: Person) -> None:
        await self._meets(service, admin, "UPDATE accounts SET password_hash = 'another' WHERE account_id = $1::uuid")

    async def test_begins_no_session_when_the_account_is_disabled(self, service: Running, admin: Person) -> None:
        await self._meets(service, admin, "UPDATE accounts SET status = 'disabled' WHERE account_id = $1::uuid")

    async def _meets(self, service: Running, admin: Person, change: LiteralString) -> None:
        account, _ = await active(service, admin)
        account_id = account["id"]

        async def is_projected() -> bool:
            return bool(await service.pool.fetchval(ACTIVE, account_id))

        # What the projector has still to write would undo the change.
        await eventually(is_projected)
        before = await service.pool.fetchval(SESSIONS, account_id)
        async with service.pool.acquire() as connection, connection.transaction():
            await connection.execute(change, account_id)
            login = asyncio.create_task(logs_in(service, account["email"]))

            async def waits_for_the_account() -> bool:
                return bool(await service.pool.fetchval(WAITING))

            await eventually(waits_for_the_account)
        (await login).refused(401, "invalid_credentials")
        assert await service.pool.fetchval(SESSIONS, account_id) == before


ACTIVE: LiteralString = "SELECT status = 'active' FROM accounts WHERE account_id = $1::uuid"
SESSIONS: LiteralString = "SELECT count(*) FROM sessions WHERE account_id = $1::uuid"
WAITING: LiteralString = (
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%INSERT INTO sessions%' "
    "AND datname = current_database()"
)

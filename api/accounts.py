"""Accounts over HTTP, for admins; and what the invited do with their invitation."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict

from api.documentation import answers, documented
from api.door import JSON, admitted, backend_of, consistent, identified, invalid_cursor, parsed, performed, queried
from api.identity import account_disabled, hint
from api.login_limits import count_login
from api.origin import check_origin
from api.paging import Paging
from api.passwords import hashed, password_matches
from api.permission import AUTHENTICATED, PUBLIC
from api.problems import Problem, unauthenticated, validation_failed
from api.route import DirectRoute
from api.schemas import AccessToken, AccountAnswer, AccountListPage
from api.sessions import SQL, session_answer
from commands.activate_account import ActivateAccount
from commands.change_account import AccountChange, ChangeAccount
from commands.command import Request as CommandRequest
from commands.invite_account import AccountCreate, InviteAccount
from commands.invite_again import InviteAgain
from commands.text import Text
from events.caller import Caller
from events.invitation_tokens import InvalidInvitation
from events.log.ids import new_id
from events.opaque import InvalidOpaque
from queries.accounts import get_account, list_accounts

router = APIRouter(tags=["accounts"], route_class=DirectRoute)

_READ = ("Consistency-Token",)
Password = Annotated[str, Text(12, 200)]


class Acceptance(BaseModel):
    """The token of an invitation, and the password to log in with from now on."""

    model_config = ConfigDict(extra="forbid")

    token: Annotated[str, Text(1, 1_000)]
    password: Password


class PasswordChange(BaseModel):
    """The password so far, and the one from now on."""

    model_config = ConfigDict(extra="forbid")

    current: Annotated[str, Text(1, 200)]
    new: Password


@router.post(
    "/accounts",
    status_code=201,
    **documented(
        "Invite somebody",
        permission="accounts:manage",
        body=AccountCreate,
        answers=answers(201, AccountAnswer, 409),
        headers=("Idempotency-Key",),
    ),
)
async def invite(request: Request) -> Response:
    """A new account. A mail with an invitation goes to its address (admins)."""
    guest = admitted(request)
    wanted = await parsed(request, AccountCreate)
    claim_id = await guest.shop.mail_claims.id_of(wanted.email)
    return await performed(request, guest, InviteAccount(wanted, claim_id))


@router.get(
    "/accounts",
    **documented(
        "List accounts",
        permission="accounts:manage",
        query=Paging,
        answers=answers(200, AccountListPage),
        headers=_READ,
    ),
)
async def read_accounts(request: Request) -> Response:
    """All accounts, in the order of their invitation (admins)."""
    shop = admitted(request).shop
    wanted = queried(request, Paging)
    await consistent(request, shop, "accounts")
    try:
        page = await list_accounts(backend_of(request).pool, shop.tenant, shop.cursors, wanted.cursor, wanted.limit)
    except InvalidOpaque:
        raise invalid_cursor() from None
    return Response(page, media_type=JSON)


@router.get(
    "/accounts/{account_id}",
    **documented(
        "Read an account", permission="accounts:manage", answers=answers(200, AccountAnswer, 404), headers=_READ
    ),
)
async def read_account(request: Request) -> Response:
    """One account, always current (admins)."""
    shop = admitted(request).shop
    await consistent(request, shop)
    account = await get_account(shop.repository, identified(request, "account_id"))
    return Response(account.json, headers={"ETag": f'"{account.version}"'}, media_type=JSON)


@router.patch(
    "/accounts/{account_id}",
    **documented(
        "Change an account",
        permission="accounts:manage",
        body=AccountChange,
        answers=answers(200, AccountAnswer, 404, 409),
        headers=("Idempotency-Key", "If-Match"),
    ),
)
async def change_account(request: Request) -> Response:
    """Give it other roles, which count from the next refresh on; disable it, which ends its sessions and sockets; or
    enable it again (admins)."""
    guest = admitted(request)
    account_id = identified(request, "account_id")
    return await performed(request, guest, ChangeAccount(account_id, await parsed(request, AccountChange)))


@router.post(
    "/accounts/{account_id}/invitation",
    status_code=202,
    **documented(
        "Invite somebody again",
        permission="accounts:manage",
        answers=answers(202, AccountAnswer, 404, 409),
        headers=("Idempotency-Key", "If-Match"),
    ),
)
async def invite_again(request: Request) -> Response:
    """Another mail with another invitation, where the first was lost or has run out (admins)."""
    guest = admitted(request)
    return await performed(request, guest, InviteAgain(identified(request, "account_id")))


@router.post(
    "/auth/invitations/accept",
    **documented(
        "Accept an invitation", permission=PUBLIC, body=Acceptance, answers=answers(200, AccessToken, 400, 409)
    ),
)
async def accept(request: Request) -> Response:
    """Set the first password of an account, and log in."""
    check_origin(request)
    wanted = await parsed(request, Acceptance)
    backend = backend_of(request)
    try:
        tenant, account_id = backend.invitations.open(wanted.token)
        shop = await backend.shops.shop(tenant)
    except (InvalidInvitation, LookupError):
        raise _invalid_invitation() from None
    account = await backend.pool.fetchrow(SQL.read_account, tenant, account_id)
    if account is None:
        raise _invalid_invitation()
    if account["status"] == "disabled":
        raise account_disabled()
    _check_password(wanted.password, account["email"], "/password")
    password_hash = account["password_hash"]
    first = password_hash is None
    if first:
        password_hash = await hashed(wanted.password)
        done = await backend.pool.execute(SQL.set_first_password, tenant, account_id, password_hash)
        first = done == "UPDATE 1"
    elif account["status"] == "invited":
        # It was cut off between the password and the event: whoever knows that password may go on.
        first = await password_matches(wanted.password, password_hash)
    if not first:
        raise Problem(409, "invitation_used", "This invitation was accepted before; log in.")
    command_id = new_id()
    caller = Caller(account_id, tenant, tuple(account["roles"]))
    await shop.commands.handle(
        ActivateAccount(account_id), CommandRequest(caller, command_id, request.scope["correlation_id"])
    )
    refresh = await backend.sessions.begin(tenant, account_id, password_hash)
    return session_answer(request, backend, refresh, account_id, account["roles"])


@router.post(
    "/auth/password",
    status_code=204,
    **documented("Change one's password", permission=AUTHENTICATED, body=PasswordChange, answers=answers(204, None)),
)
async def change_password(request: Request) -> Response:
    """Another password. All other sessions of the account end."""
    guest = admitted(request)
    wanted = await parsed(request, PasswordChange)
    backend = backend_of(request)
    tenant, account_id = guest.shop.tenant, guest.caller.subject
    account = await backend.pool.fetchrow(SQL.read_account, tenant, account_id)
    if account is None:
        raise unauthenticated("invalid_token", "The account is gone.")
    await count_login(
        backend.redis,
        account=f"{tenant} {account['email']}",
        address=request.client.host if request.client else "",
        per_account=backend.limits.logins_per_account,
        per_address=backend.limits.logins_per_address,
    )
    _check_password(wanted.new, account["email"], "/new")
    if not await password_matches(wanted.current, account["password_hash"]):
        raise Problem(403, "wrong_password", "The current password is another one.")
    password_hash = await hashed(wanted.new)
    session = request.scope["admission"].session
    kept = None if session is None else UUID(session)
    if not await backend.sessions.change_password(tenant, account_id, password_hash, account["password_hash"], kept):
        raise Problem(403, "wrong_password", "The password was changed meanwhile; log in with the new one.")
    await hint(backend)
    return Response(status_code=204)


def _check_password(password: str, email: str, pointer: str) -> None:
    if password.lower() == email:
        detail = "the mail address is no password"
        raise validation_failed([{"pointer": pointer, "code": "value_error", "detail": detail}])


def _invalid_invitation() -> Problem:
    return Problem(400, "invalid_invitation", "This is no invitation, or it has expired; ask for another one.")

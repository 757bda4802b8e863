"""Logging in, and who one is."""

import contextlib
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json
from redis.exceptions import RedisError

from api.backend import Backend
from api.documentation import answers, documented
from api.door import JSON, admitted, backend_of, consistent, parsed
from api.login_limits import count_login
from api.origin import check_origin
from api.passwords import password_matches
from api.permission import AUTHENTICATED, PUBLIC
from api.problems import Problem, unauthenticated
from api.route import DirectRoute
from api.schemas import AccessToken, Me
from api.sessions import COOKIE, SQL, session_answer, without_session
from commands.text import Text
from projections.accounts import SESSIONS_CHANNEL

DEFAULT_TENANT = "default"

router = APIRouter(tags=["identity"], route_class=DirectRoute)


class Login(BaseModel):
    """Mail address and password."""

    model_config = ConfigDict(extra="forbid")

    email: Annotated[str, Text(3, 254)]
    password: Annotated[str, Text(1, 200)]


@router.post("/auth/login", **documented("Log in", body=Login, answers=answers(200, AccessToken), permission=PUBLIC))
async def login(request: Request) -> Response:
    """An access token for a mail address and a password. The header Daybook-Tenant names another shop than default."""
    credentials = await parsed(request, Login)
    backend = backend_of(request)
    tenant = request.headers.get("daybook-tenant", DEFAULT_TENANT)
    email = credentials.email.lower()
    limits = backend.limits
    await count_login(
        backend.redis,
        account=f"{tenant} {email}",
        address=request.client.host if request.client else "",
        per_account=limits.logins_per_account,
        per_address=limits.logins_per_address,
    )
    account = await backend.pool.fetchrow(SQL.find_account, tenant, email)
    known = None if account is None else account["password_hash"]
    if not await password_matches(credentials.password, known) or account is None:
        raise unauthenticated("invalid_credentials", "No account has this mail address and password.")
    if account["status"] == "disabled":
        raise account_disabled()
    refresh = await backend.sessions.begin(tenant, account["account_id"], account["password_hash"])
    return session_answer(request, backend, refresh, account["account_id"], account["roles"])


@router.post("/auth/refresh", **documented("Refresh a session", answers=answers(200, AccessToken), permission=PUBLIC))
async def refresh(request: Request) -> Response:
    """A new pair of tokens for the refresh token in the cookie, which is then used. A used one again ends its session,
    but for the immediate predecessor within 10 seconds, which gets the same successor."""
    check_origin(request)
    backend = backend_of(request)
    account_id, successor = await backend.sessions.refresh(request.cookies.get(COOKIE))
    account = await backend.pool.fetchrow(SQL.read_account, successor.tenant, account_id)
    if account is None or account["status"] == "disabled":
        await backend.sessions.end(successor.text)
        raise account_disabled()
    return session_answer(request, backend, successor, account_id, account["roles"])


@router.post("/auth/logout", status_code=204, **documented("Log out", answers=answers(204, None), permission=PUBLIC))
async def logout(request: Request) -> Response:
    """The session is over, with all its tokens. Without one, or with one that is no good, there is nothing to end."""
    check_origin(request)
    backend = backend_of(request)
    if await backend.sessions.end(request.cookies.get(COOKIE)) is not None:
        await hint(backend)
    return without_session(request)


@router.get(
    "/auth/me",
    **documented("Who am I", permission=AUTHENTICATED, answers=answers(200, Me), headers=("Consistency-Token",)),
)
async def me(request: Request) -> Response:
    """The account behind the token, and what its roles allow."""
    guest = admitted(request)
    await consistent(request, guest.shop, "accounts")
    account = await backend_of(request).pool.fetchrow(SQL.read_account, guest.shop.tenant, guest.caller.subject)
    external = request.scope["admission"].external
    if account is None and not external:
        raise unauthenticated("invalid_token", "The account is gone.")
    whoami = {
        "id": guest.caller.subject,
        "email": None if account is None or external else account["email"],
        "tenant": guest.shop.tenant,
        "roles": guest.caller.roles if account is None or external else account["roles"],
        "permissions": sorted(guest.caller.permissions),
    }
    return Response(to_json(whoami), media_type=JSON)


def account_disabled() -> Problem:
    """401."""
    return unauthenticated("account_disabled", "This account may not log in.")


async def hint(backend: Backend) -> None:
    """Tell every API process that sessions have ended; without Redis each finds out by itself."""
    with contextlib.suppress(RedisError, OSError):
        await backend.redis.publish(SESSIONS_CHANNEL, b"")

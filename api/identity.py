"""Logging in, and who one is."""

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json

from api.documentation import answers, documented
from api.door import JSON, admitted, backend_of, parsed
from api.login_limits import count_login
from api.passwords import password_matches
from api.problems import unauthenticated
from api.route import DirectRoute
from api.schemas import AccessToken, Me
from api.tokens import LIFETIME
from commands.text import Text
from events.log.statements import load_statements

SQL = load_statements(Path(__file__).parent / "sql")
DEFAULT_TENANT = "default"

router = APIRouter(tags=["identity"], route_class=DirectRoute)


class Login(BaseModel):
    """Mail address and password."""

    model_config = ConfigDict(extra="forbid")

    email: Annotated[str, Text(3, 254)]
    password: Annotated[str, Text(1, 200)]


@router.post("/auth/login", **documented("Log in", body=Login, answers=answers(200, AccessToken), public=True))
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
    known = None if account is None else str(account["password_hash"])
    if not await password_matches(credentials.password, known) or account is None:
        raise unauthenticated("invalid_credentials", "No account has this mail address and password.")
    token = {
        "access_token": backend.tokens.issue(account["account_id"], tenant, account["roles"]),
        "token_type": "bearer",
        "expires_in": int(LIFETIME.total_seconds()),
    }
    return Response(to_json(token), headers={"Cache-Control": "no-store"}, media_type=JSON)


@router.get("/auth/me", **documented("Who am I", answers=answers(200, Me)))
async def me(request: Request) -> Response:
    """The account behind the token, and what its roles allow."""
    guest = await admitted(request)
    account = await backend_of(request).pool.fetchrow(SQL.read_account, guest.shop.tenant, guest.caller.subject)
    if account is None:
        raise unauthenticated("invalid_token", "The account is gone.")
    whoami = {
        "id": account["account_id"],
        "email": account["email"],
        "tenant": guest.shop.tenant,
        "roles": account["roles"],
        "permissions": sorted(guest.caller.permissions),
    }
    return Response(to_json(whoami), media_type=JSON)

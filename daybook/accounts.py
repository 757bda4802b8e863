"""Accounts without the door: the demo's, and the first admin of a shop."""

import sys
from pathlib import Path
from uuid import UUID

from pydantic import ValidationError

from api.passwords import hash_password
from commands.activate_account import ActivateAccount
from commands.command import Command, Request
from commands.invite_account import AccountCreate, EmailTaken, InviteAccount
from daybook.failure import Failure
from daybook.settings import Settings
from daybook.shop import Shop
from daybook.wiring import Service, UnknownTenant, open_service
from events.caller import Caller
from events.domain.account import Account
from events.log.ids import new_id
from events.log.statements import load_statements

SQL = load_statements(Path(__file__).parent / "sql")

_SYSTEM = UUID(int=0)
_LEAST = 12


async def handle(shop: Shop, subject: UUID, command: Command) -> None:
    """Carry a command out for somebody. Raises Refusal, AppendError."""
    caller = Caller(subject, shop.tenant, ("system",))
    command_id = new_id()
    await shop.commands.handle(command, Request(caller, command_id, correlation_id=command_id.hex))


async def open_account(
    service: Service, shop: Shop, wanted: AccountCreate, password_hash: str | None, account_id: UUID | None = None
) -> None:
    """An account by invitation, and with a password an active one. Raises EmailTaken."""
    account_id = account_id or new_id()
    await handle(shop, _SYSTEM, InviteAccount(wanted, await shop.mail_claims.id_of(wanted.email), account_id))
    if password_hash is not None:
        # The row that the projection will make, for the password to stand in.
        await service.pool.execute(
            SQL.add_account, shop.tenant, account_id, wanted.email, password_hash, wanted.roles, wanted.name
        )
        await handle(shop, account_id, ActivateAccount(account_id))


async def is_open(shop: Shop, account_id: UUID) -> bool:
    """Whether the account is in the log, and active."""
    stream_id = Account.id_of(account_id)
    account = (await shop.repository.refresh([stream_id]))[stream_id]
    return isinstance(account, Account) and account.activated


async def add(settings: Settings, tenant: str, email: str, name: str, roles: list[str], *, with_password: bool) -> None:
    """`daybook account add`. Raises Failure."""
    try:
        wanted = AccountCreate.model_validate({"email": email, "name": name or email.partition("@")[0], "roles": roles})
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise Failure(f"{found['loc'][0]}: {found['msg'].removeprefix('Value error, ')}", 2) from None
    password_hash = hash_password(_password(wanted.email)) if with_password else None
    async with open_service(settings, "daybook account") as service:
        try:
            await open_account(service, await service.shop(tenant), wanted, password_hash)
        except UnknownTenant:
            raise Failure(f"there is no tenant {tenant}", 2) from None
        except EmailTaken:
            raise Failure("there is an account with this mail address already") from None
    print("the account is active" if with_password else "the account is made, and an invitation goes out by mail")


def _password(email: str) -> str:
    password = sys.stdin.readline().strip()
    if len(password) < _LEAST or password.lower() == email:
        raise Failure(f"the password on standard input has fewer than {_LEAST} characters, or is the mail address", 2)
    return password

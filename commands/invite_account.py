"""Invite somebody: an account without a password yet, and the person behind it. A mail address has one account."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Literal
from uuid import UUID

from eventsourcing.domain import Aggregate
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import to_json

from commands.command import Command, Decision, Known, Request
from commands.text import Text
from events.account_document import account_document
from events.caller import PERMISSIONS
from events.domain.account import Account, MailClaim
from events.domain.customer import Customer
from events.domain.refusal import Refusal
from events.log.ids import new_id
from events.mail_claims import normal

_MAIL = re.compile(r"[^\s@<>\",;:\\]+@[^\s@<>\",;:\\]+\.[^\s@<>\",;:\\]+")


def _mail_address(value: str) -> str:
    if not _MAIL.fullmatch(value):
        raise ValueError("this is no mail address")
    return normal(value)


def _once(roles: list[str]) -> list[str]:
    if len(set(roles)) != len(roles):
        raise ValueError("a role is given once")
    return roles


Email = Annotated[str, Text(3, 254), AfterValidator(_mail_address)]
Role = Literal["customer", "staff", "auditor", "admin"]
Roles = Annotated[list[Role], Field(min_length=1, max_length=4), AfterValidator(_once)]


class AccountCreate(BaseModel):
    """Whom to invite, and as what."""

    model_config = ConfigDict(extra="forbid")

    email: Email
    name: Annotated[str, Text(1, 200)]
    roles: Roles


class EmailTaken(Refusal):
    code = "email_taken"


@dataclass(frozen=True, slots=True)
class InviteAccount(Command):
    """`claim_id`: of the mail address's claim (events.mail_claims)."""

    account: AccountCreate
    claim_id: UUID
    account_id: UUID = field(default_factory=new_id)

    def streams(self, request: Request) -> Iterable[UUID]:
        return (self.claim_id, self.account_id)

    def decide(self, known: Known, request: Request) -> Decision:
        wanted = self.account
        claim = self._claim(known[self.claim_id])
        account = Account.invite(self.account_id, email=wanted.email, name=wanted.name, roles=wanted.roles)
        changed: list[Aggregate] = [claim, account]
        person = known[self.account_id]
        if person is None and is_a_customer(wanted.roles):
            changed.append(Customer.add(self.account_id, name=wanted.name, email=wanted.email))
        return Decision(
            status=201,
            body=to_json(account_document(account)),
            version=account.version,
            location=f"/accounts/{self.account_id}",
            changed=changed,
            read=() if person is None else (person,),
            person=self.account_id,
        )

    def _claim(self, there: Aggregate | None) -> MailClaim:
        """The address claimed for this account. Raises EmailTaken."""
        if not isinstance(there, MailClaim):
            return MailClaim.claim(self.claim_id, self.account_id)
        if there.account_id is not None:
            raise EmailTaken("Another account has this mail address.", account_id=there.account_id)
        there.claim_again(account_id=str(self.account_id))
        return there

    def fingerprint(self) -> bytes:
        return b"invite_account " + to_json(self.account)


def is_a_customer(roles: Iterable[str]) -> bool:
    """Whether a person with these roles has addresses, and so a stream of their own."""
    return any("addresses:own" in PERMISSIONS.get(role, ()) for role in roles)

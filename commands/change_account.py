"""Change an account: give it other roles, disable it, enable it again. One admin who can log in is always left."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Self
from uuid import UUID

from eventsourcing.domain import Aggregate
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import to_json

from commands.command import Command, Decision, Known, Request, check_version
from commands.invite_account import Roles, is_a_customer
from events.account_document import account_document
from events.domain.account import Account, Admins, count_admin
from events.domain.customer import Customer
from events.domain.refusal import NotFound


class AccountChange(BaseModel):
    """What to change; what is absent stays."""

    model_config = ConfigDict(extra="forbid")

    roles: Roles | None = None
    disabled: Annotated[bool, Field(strict=True)] | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.roles is None and self.disabled is None:
            raise ValueError("name roles or disabled")
        return self


@dataclass(frozen=True, slots=True)
class ChangeAccount(Command):
    account_id: UUID
    change: AccountChange

    def streams(self, request: Request) -> Iterable[UUID]:
        return (Account.id_of(self.account_id), Admins.id_of(request.caller.tenant), self.account_id)

    def decide(self, known: Known, request: Request) -> Decision:
        account, admins, person = (known[stream_id] for stream_id in self.streams(request))
        if not isinstance(account, Account):
            raise NotFound("There is no such account.")
        check_version(request, account)
        if self.change.roles is not None:
            account.change_roles(self.change.roles)
        if self.change.disabled is True:
            account.disable()
        elif self.change.disabled is False:
            account.enable()
        counted = count_admin(request.caller.tenant, account, admins)
        involved: list[Aggregate] = [one for one in (account, counted or admins, person) if one is not None]
        is_new = person is None and self.change.roles is not None and is_a_customer(self.change.roles)
        if is_new and account.email and account.name:
            involved.append(Customer.add(self.account_id, name=account.name, email=account.email))
        return Decision(
            status=200,
            body=to_json(account_document(account)),
            version=account.version,
            changed=[one for one in involved if one.pending_events],
            read=[one for one in involved if not one.pending_events],
            person=self.account_id,
        )

    def fingerprint(self) -> bytes:
        return b"change_account " + self.account_id.bytes + to_json(self.change, exclude_none=True)

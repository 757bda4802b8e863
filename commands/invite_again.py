"""Invite somebody again: the mail was lost, or the invitation has run out."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from pydantic_core import to_json

from commands.command import Command, Decision, Known, Request, check_version
from events.account_document import account_document
from events.domain.account import Account
from events.domain.refusal import NotFound


@dataclass(frozen=True, slots=True)
class InviteAgain(Command):
    account_id: UUID

    def streams(self, request: Request) -> Iterable[UUID]:
        return (Account.id_of(self.account_id),)

    def decide(self, known: Known, request: Request) -> Decision:
        account = known[Account.id_of(self.account_id)]
        if not isinstance(account, Account):
            raise NotFound("There is no such account.")
        check_version(request, account)
        account.invite_again()
        return Decision(
            status=202, body=to_json(account_document(account)), version=account.version, changed=(account,)
        )

    def fingerprint(self) -> bytes:
        return b"invite_again " + self.account_id.bytes

"""Activate an account: the person who was invited has set a password."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from pydantic_core import to_json

from commands.command import Command, Decision, Known, Request
from events.account_document import account_document
from events.domain.account import Account, Admins, count_admin
from events.domain.refusal import NotFound


@dataclass(frozen=True, slots=True)
class ActivateAccount(Command):
    """An account that is active already stays so."""

    account_id: UUID

    def streams(self, request: Request) -> Iterable[UUID]:
        return (Account.id_of(self.account_id), Admins.id_of(request.caller.tenant))

    def decide(self, known: Known, request: Request) -> Decision:
        account, admins = (known[stream_id] for stream_id in self.streams(request))
        if not isinstance(account, Account):
            raise NotFound("There is no such account.")
        account.activate()
        counted = count_admin(request.caller.tenant, account, admins)
        return Decision(
            status=200,
            body=to_json(account_document(account)),
            version=account.version,
            changed=[one for one in (account, counted) if one is not None and one.pending_events],
            read=[one for one in (account, admins) if one is not None and not one.pending_events],
        )

    def fingerprint(self) -> bytes:
        return b"activate_account " + self.account_id.bytes

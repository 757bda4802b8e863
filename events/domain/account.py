"""The account: who may log in and as what. Mail address and name are sealed; a password is no fact, and not here."""

from collections.abc import Collection
from typing import ClassVar
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.domain import Aggregate, event

from events.domain.refusal import PersonForgotten, Refusal


class LastAdmin(Refusal):
    code = "last_admin"


class NotInvited(Refusal):
    """Who is in, or kept out, is not invited again."""

    code = "not_invited"


class Account(Aggregate):
    """One person's account. Its stream is not the person's own, which has the account's id: see `id_of`."""

    class Invited(Aggregate.Created):
        PERSONAL: ClassVar[tuple[str, ...]] = ("email", "name")
        account_id: str
        email: str
        name: str
        roles: list[str]

    class InvitedAgain(Aggregate.Event):
        account_id: str
        number: int

    class Activated(Aggregate.Event):
        pass

    class RolesChanged(Aggregate.Event):
        roles: list[str]

    class Disabled(Aggregate.Event):
        pass

    class Enabled(Aggregate.Event):
        pass

    class Erased(Aggregate.Event):
        pass

    @event(Invited)
    def __init__(self, account_id: str, email: str, name: str, roles: list[str]) -> None:
        self.account_id = account_id
        self.email: str | None = email
        self.name: str | None = name
        self.roles = roles
        self.invitations = 1
        self.activated = False
        self.disabled = False
        self.erased = False

    @staticmethod
    def id_of(account_id: UUID) -> UUID:
        """The id of the account's stream."""
        return uuid5(account_id, "account")

    @classmethod
    def invite(cls, account_id: UUID, *, email: str, name: str, roles: Collection[str]) -> "Account":
        """An account without a password yet."""
        return cls._create(
            cls.Invited,
            id=cls.id_of(account_id),
            account_id=str(account_id),
            email=email,
            name=name,
            roles=sorted(roles),
        )

    @property
    def person_id(self) -> UUID:
        """Whose data it holds."""
        return UUID(self.account_id)

    @property
    def status(self) -> str:
        """`invited`, `active` or `disabled`."""
        if self.disabled:
            return "disabled"
        return "active" if self.activated else "invited"

    @property
    def administers(self) -> bool:
        """Whether it is an admin who can log in."""
        return self.status == "active" and "admin" in self.roles

    def invite_again(self) -> None:
        """With another mail, because the one before was lost or has run out. Raises NotInvited."""
        if self.status != "invited":
            raise NotInvited(f"The account is {self.status}; only one that is invited is invited again.")
        self._invited_again(account_id=self.account_id, number=self.invitations + 1)

    def activate(self) -> None:
        """The person has set a password; once is enough. Raises PersonForgotten."""
        self._check_remembered()
        if not self.activated:
            self._activated()

    def change_roles(self, roles: Collection[str]) -> None:
        """Give it these roles and no others; the same ones change nothing. Raises PersonForgotten."""
        self._check_remembered()
        if sorted(roles) != self.roles:
            self._roles_changed(roles=sorted(roles))

    def disable(self) -> None:
        """Nobody may log in with it from now on."""
        if not self.disabled:
            self._disabled()

    def enable(self) -> None:
        """As it was before it was disabled. Raises PersonForgotten."""
        self._check_remembered()
        if self.disabled:
            self._enabled()

    def erase(self) -> None:
        """Nobody's any more, and disabled for good; once is enough."""
        if not self.erased:
            self._erased()

    def _check_remembered(self) -> None:
        if self.erased:
            raise PersonForgotten("This person was forgotten, and the account with them.")

    @event(InvitedAgain)
    def _invited_again(self, account_id: str, number: int) -> None:
        self.invitations = number

    @event(Activated)
    def _activated(self) -> None:
        self.activated = True

    @event(RolesChanged)
    def _roles_changed(self, roles: list[str]) -> None:
        self.roles = roles

    @event(Disabled)
    def _disabled(self) -> None:
        self.disabled = True

    @event(Enabled)
    def _enabled(self) -> None:
        self.disabled = False

    @event(Erased)
    def _erased(self) -> None:
        self.email = self.name = None
        self.erased = self.disabled = True


class MailClaim(Aggregate):
    """A mail address's claim: its stream's id follows from the address, so that one account at a time can have it.

    `account_id` None: whoever had it was forgotten, and it is free.
    """

    class Claimed(Aggregate.Created):
        account_id: str

    class Released(Aggregate.Event):
        account_id: str

    class Reclaimed(Aggregate.Event):
        account_id: str

    @event(Claimed)
    def __init__(self, account_id: str) -> None:
        self.account_id: str | None = account_id

    @classmethod
    def claim(cls, claim_id: UUID, account_id: UUID) -> "MailClaim":
        """Claim an address for an account. `claim_id`: see events.mail_claims."""
        return cls._create(cls.Claimed, id=claim_id, account_id=str(account_id))

    @event(Released)
    def release(self, account_id: str) -> None:
        """The account does not have the address any more."""
        self.account_id = None

    @event(Reclaimed)
    def claim_again(self, account_id: str) -> None:
        """A free address is another account's."""
        self.account_id = account_id


class Admins(Aggregate):
    """A shop's admins who can log in, on one stream: whoever takes one away decides on all of them."""

    class Appointed(Aggregate.Created):
        account_id: str

    class Joined(Aggregate.Event):
        account_id: str

    class Left(Aggregate.Event):
        account_id: str

    @event(Appointed)
    def __init__(self, account_id: str) -> None:
        self.members = frozenset({account_id})

    @staticmethod
    def id_of(tenant: str) -> UUID:
        """The id of the stream in a shop."""
        return uuid5(NAMESPACE_URL, f"urn:daybook:{tenant}:admins")

    @classmethod
    def appoint(cls, tenant: str, account_id: str) -> "Admins":
        """The first admin there ever was."""
        return cls._create(cls.Appointed, id=cls.id_of(tenant), account_id=account_id)

    @event(Joined)
    def join(self, account_id: str) -> None:
        """One more."""
        self.members = self.members | {account_id}

    def leave(self, account_id: str) -> None:
        """One less. Raises LastAdmin: someone must be left who can let others in."""
        if self.members == {account_id}:
            raise LastAdmin("This is the last admin who can log in.")
        self._left(account_id=account_id)

    @event(Left)
    def _left(self, account_id: str) -> None:
        self.members = self.members - {account_id}


def count_admin(tenant: str, account: Account, admins: Aggregate | None) -> Admins | None:
    """The shop's admins after this account was changed; None where it makes no difference. Raises LastAdmin."""
    known = admins if isinstance(admins, Admins) else None
    is_member = known is not None and account.account_id in known.members
    if account.administers == is_member:
        return None
    if known is None:
        return Admins.appoint(tenant, account.account_id)
    if account.administers:
        known.join(account.account_id)
    else:
        known.leave(account.account_id)
    return known


def invitation_id(stream_id: UUID, number: int = 1) -> UUID:
    """The id of the so-many-th invitation to an account, by the account's stream: of its delivery, its own stream, and
    the mail."""
    return uuid5(stream_id, "account-invitation" if number == 1 else f"account-invitation {number}")


class Invitation(Aggregate):
    """The mail that invites someone to an account."""

    class Sent(Aggregate.Created):
        account_id: str
        message_id: str
        attempts: int

    @event(Sent)
    def __init__(self, account_id: str, message_id: str, attempts: int) -> None:
        self.account_id = account_id
        self.message_id = message_id
        self.attempts = attempts

    @classmethod
    def sent(cls, invitation: UUID, *, account_id: UUID, message_id: str, attempts: int) -> "Invitation":
        """The mail went out, at the so-many-th attempt. `invitation`: see invitation_id."""
        return cls._create(
            cls.Sent,
            id=invitation,
            account_id=str(account_id),
            message_id=message_id,
            attempts=attempts,
        )

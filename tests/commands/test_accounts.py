"""Accounts: inviting, activating, changing; and that one admin who can log in is always left."""

from typing import Any
from unittest.mock import ANY
from uuid import UUID

import pytest

from commands.activate_account import ActivateAccount
from commands.change_account import AccountChange, ChangeAccount
from commands.invite_account import AccountCreate, EmailTaken, InviteAccount
from commands.invite_again import InviteAgain
from events.caller import Caller
from events.domain.account import Account, Admins, LastAdmin, MailClaim, NotInvited
from events.domain.customer import Customer
from events.domain.refusal import NotFound
from events.mail_claims import claim_id
from tests.commands.scenario import Fact, given, on
from tests.commands.shop import TENANT

ALEX, GRACE = UUID(int=0xA1E), UUID(int=0x96ACE)
CLAIM = claim_id(bytes(32), TENANT, "grace@example.com")
ROSTER = Admins.id_of(TENANT)
admin = Caller(ALEX, TENANT, ("admin",))


def invited_to(account_id: UUID, *roles: str) -> Fact:
    person: dict[str, Any] = {"email": "grace@example.com", "name": "Grace"}
    return on(Account.id_of(account_id), Account.Invited, account_id=str(account_id), roles=list(roles), **person)


def change(account_id: UUID, **fields: object) -> ChangeAccount:
    return ChangeAccount(account_id, AccountChange.model_validate(fields))


GRACES = Account.id_of(GRACE)
invited = given(on(CLAIM, MailClaim.Claimed, account_id=str(GRACE)), invited_to(GRACE, "auditor"))
active = invited.given(on(GRACES, Account.Activated))
one_admin = given(
    invited_to(ALEX, "admin"),
    on(Account.id_of(ALEX), Account.Activated),
    on(ROSTER, Admins.Appointed, account_id=str(ALEX)),
)
two_admins = one_admin.given(
    invited_to(GRACE, "admin"), on(GRACES, Account.Activated), on(ROSTER, Admins.Joined, account_id=str(GRACE))
)


class TestInviting:
    def invite(self, *roles: str) -> InviteAccount:
        wanted = {"email": "grace@example.com", "name": "Grace", "roles": list(roles)}
        return InviteAccount(AccountCreate.model_validate(wanted), CLAIM, GRACE)

    def test_a_customer_is_a_person_with_addresses(self) -> None:
        given().when(self.invite("customer"), by=admin).then(
            on(CLAIM, MailClaim.Claimed, account_id=str(GRACE)),
            on(GRACES, Account.Invited, account_id=str(GRACE), email=ANY, name="Grace", roles=["customer"]),
            on(GRACE, Customer.Added, name="Grace", email="grace@example.com", reference=None),
        )

    def test_an_address_that_is_taken_is_refused(self) -> None:
        invited.when(self.invite("auditor"), by=admin).then_refused(EmailTaken, account_id=str(GRACE))

    def test_another_shop_or_key_has_other_claims(self) -> None:
        assert claim_id(bytes(32), "other", "grace@example.com") != CLAIM
        assert claim_id(bytes(31) + b"x", TENANT, "grace@example.com") != CLAIM
        assert claim_id(bytes(32), TENANT, "  GRACE@example.com ") == CLAIM


class TestInvitingAgain:
    def test_asks_for_another_mail_each_time(self) -> None:
        again = on(GRACES, Account.InvitedAgain, account_id=str(GRACE), number=2)
        invited.when(InviteAgain(GRACE), by=admin).then(again)
        invited.given(again).when(InviteAgain(GRACE), by=admin).then(
            on(GRACES, Account.InvitedAgain, account_id=str(GRACE), number=3)
        )

    def test_who_is_in_or_kept_out_is_not_invited(self) -> None:
        active.when(InviteAgain(GRACE), by=admin).then_refused(NotInvited)
        invited.given(on(GRACES, Account.Disabled)).when(InviteAgain(GRACE), by=admin).then_refused(NotInvited)
        given().when(InviteAgain(GRACE), by=admin).then_refused(NotFound)


class TestActivating:
    def test_happens_once(self) -> None:
        invited.when(ActivateAccount(GRACE), by=admin).then(on(GRACES, Account.Activated))
        active.when(ActivateAccount(GRACE), by=admin).then_nothing()

    def test_an_admin_counts_from_then_on(self) -> None:
        one_admin.given(invited_to(GRACE, "admin")).when(ActivateAccount(GRACE), by=admin).then(
            on(GRACES, Account.Activated), on(ROSTER, Admins.Joined, account_id=str(GRACE))
        )
        given(invited_to(GRACE, "admin")).when(ActivateAccount(GRACE), by=admin).then(
            on(GRACES, Account.Activated), on(ROSTER, Admins.Appointed, account_id=str(GRACE))
        )


class TestChanging:
    def test_roles(self) -> None:
        active.when(change(GRACE, roles=["auditor"]), by=admin).then_nothing()
        active.when(change(GRACE, roles=["staff"]), by=admin).then(
            on(GRACES, Account.RolesChanged, roles=["staff"]),
            on(GRACE, Customer.Added, name="Grace", email="grace@example.com", reference=None),
        )

    def test_disabling_and_enabling(self) -> None:
        disabled = active.given(on(GRACES, Account.Disabled))
        active.when(change(GRACE, disabled=True), by=admin).then(on(GRACES, Account.Disabled))
        disabled.when(change(GRACE, disabled=True), by=admin).then_nothing()
        disabled.when(change(GRACE, disabled=False), by=admin).then(on(GRACES, Account.Enabled))

    def test_nobody(self) -> None:
        given().when(change(GRACE, disabled=True), by=admin).then_refused(NotFound)

    @pytest.mark.parametrize("fields", [{}, {"disabled": 1}, {"roles": []}, {"email": "x@example.com"}])
    def test_what_makes_no_sense(self, fields: dict[str, object]) -> None:
        with pytest.raises(ValueError, match="validation error"):
            change(GRACE, **fields)


class TestTheLastAdmin:
    def test_can_neither_be_disabled_nor_demoted(self) -> None:
        one_admin.when(change(ALEX, disabled=True), by=admin).then_refused(LastAdmin)
        one_admin.when(change(ALEX, roles=["staff"]), by=admin).then_refused(LastAdmin)

    def test_is_not_whoever_has_another_beside(self) -> None:
        two_admins.when(change(GRACE, disabled=True), by=admin).then(
            on(GRACES, Account.Disabled),
            on(ROSTER, Admins.Left, account_id=str(GRACE)),
        )

    def test_who_was_only_invited_is_no_admin_yet(self) -> None:
        waiting = one_admin.given(invited_to(GRACE, "admin"))
        waiting.when(change(ALEX, disabled=True), by=admin).then_refused(LastAdmin)

"""Erasing a customer: the fact, the end of their account, and their mail address set free."""

from typing import Any
from uuid import UUID

import pytest

from commands.erase_customer import EraseCustomer, ErasureRequest, OpenOrders
from commands.invite_account import AccountCreate, EmailTaken, InviteAccount
from events.caller import Caller
from events.domain import order_events as happened
from events.domain.account import Account, Admins, LastAdmin, MailClaim
from events.domain.customer import Customer
from events.domain.refusal import NotFound, PersonForgotten
from events.mail_claims import claim_id
from tests.commands.asking import place
from tests.commands.scenario import Scenario, given, on
from tests.commands.shop import ADA, BEN, ORDER, PEN, TENANT, ada, cancelled, delivered, pending, shipped, shop, step
from tests.commands.test_accounts import change

CLAIM = claim_id(bytes(32), TENANT, "ada@example.com")
ADAS = Account.id_of(ADA)
ROSTER = Admins.id_of(TENANT)
admin = Caller(UUID(int=7), TENANT, ("admin",))


def erase(
    customer_id: UUID = ADA, claim: UUID | None = None, orders: tuple[UUID, ...] = (), **fields: Any
) -> EraseCustomer:
    return EraseCustomer(customer_id, ErasureRequest(**{"reason": "customer_request"} | fields), claim, orders)


def with_account(scenario: Scenario, *roles: str) -> Scenario:
    invited: dict[str, Any] = {
        "account_id": str(ADA),
        "email": "ada@example.com",
        "name": "Ada Lovelace",
        "roles": list(roles),
    }
    return scenario.given(
        on(CLAIM, MailClaim.Claimed, account_id=str(ADA)),
        on(ADAS, Account.Invited, **invited),
        on(ADAS, Account.Activated),
    )


erased = on(ADA, Customer.Erased, reason="customer_request")


class TestErasing:
    def test_a_customer_without_an_account(self) -> None:
        shop.when(erase(), by=admin).then(erased)

    def test_ends_the_account_and_frees_the_address(self) -> None:
        scenario = with_account(shop, "customer")
        released = on(CLAIM, MailClaim.Released, account_id=str(ADA))
        scenario.when(erase(claim=CLAIM), by=admin).then(erased, on(ADAS, Account.Erased), released)

    def test_begins_the_stream_of_one_who_could_not_order(self) -> None:
        scenario = with_account(given(), "auditor")
        added = on(ADA, Customer.Added, name=None, email=None, reference=None)
        scenario.when(erase(), by=admin).then(added, erased, on(ADAS, Account.Erased))

    def test_takes_an_admin_off_the_list(self) -> None:
        both = with_account(shop, "admin").given(
            on(ROSTER, Admins.Appointed, account_id=str(BEN)), on(ROSTER, Admins.Joined, account_id=str(ADA))
        )
        left = on(ROSTER, Admins.Left, account_id=str(ADA))
        both.when(erase(), by=admin).then(erased, on(ADAS, Account.Erased), left)

    def test_leaves_the_last_admin(self) -> None:
        only = with_account(shop, "admin").given(on(ROSTER, Admins.Appointed, account_id=str(ADA)))
        only.when(erase(), by=admin).then_refused(LastAdmin)

    def test_twice_changes_nothing_and_answers_the_same(self) -> None:
        once = shop.given(erased)
        first = once.when(erase(), by=admin).then_nothing()
        other = once.when(erase(reason="court_order"), by=admin).then_nothing()
        assert first.body == other.body
        assert b"customer_request" in first.body

    @pytest.mark.parametrize("nobody", [UUID(int=99), ORDER])
    def test_nobody_is_refused(self, nobody: UUID) -> None:
        pending.when(erase(nobody), by=admin).then_refused(NotFound)


class TestOrders:
    @pytest.mark.parametrize("scenario", [pending, pending.given(step(happened.Confirmed)), shipped])
    def test_that_are_under_way_are_waited_for(self, scenario: Scenario) -> None:
        scenario.when(erase(orders=(ORDER,)), by=admin).then_refused(OpenOrders, orders=[str(ORDER)])

    @pytest.mark.parametrize("scenario", [delivered, cancelled])
    def test_that_have_ended_are_not(self, scenario: Scenario) -> None:
        scenario.when(erase(orders=(ORDER,)), by=admin).then(erased)

    def test_are_not_waited_for_when_it_is_forced(self) -> None:
        pending.when(erase(orders=(ORDER,), force=True), by=admin).then(erased)


class TestWhoWasErased:
    gone = with_account(shop, "customer").given(
        erased, on(ADAS, Account.Erased), on(CLAIM, MailClaim.Released, account_id=str(ADA))
    )

    def test_places_no_order(self) -> None:
        self.gone.when(place((PEN, 1)), by=ada).then_refused(PersonForgotten)

    @pytest.mark.parametrize("fields", [{"disabled": False}, {"roles": ["staff"]}])
    def test_has_no_account_to_change(self, fields: dict[str, Any]) -> None:
        self.gone.when(change(ADA, **fields), by=admin).then_refused(PersonForgotten)

    def test_leaves_the_mail_address_to_another_who_then_has_it(self) -> None:
        wanted = AccountCreate(email="ada@example.com", name="Another", roles=["auditor"])
        invited: dict[str, Any] = {"email": "ada@example.com", "name": "Another", "roles": ["auditor"]}
        another = on(CLAIM, MailClaim.Reclaimed, account_id=str(BEN))
        self.gone.when(InviteAccount(wanted, CLAIM, BEN), by=admin).then(
            another, on(Account.id_of(BEN), Account.Invited, account_id=str(BEN), **invited)
        )
        taken = self.gone.given(another)
        taken.when(InviteAccount(wanted, CLAIM), by=admin).then_refused(EmailTaken, account_id=str(BEN))

"""Registering a customer, and their shipping addresses."""

import json
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from commands.add_address import MOST_ADDRESSES, AddAddress, AddressCreate, NoCustomer, TooManyAddresses
from commands.register_customer import RegisterCustomer
from events.domain.customer import Customer
from tests.commands.scenario import on
from tests.commands.shop import ADA, ADDRESS, BEN, ben, shop, staff

NEW = UUID("018f0000-0000-7000-8000-0000000000b2")
OFFICE: dict[str, Any] = {"recipient": "Ben Ohara", "line1": "3 Harbour Road", "city": "Galway", "country": "IE"}


def add(address: dict[str, Any] = OFFICE) -> AddAddress:
    return AddAddress(AddressCreate.model_validate(address), NEW)


class TestRegistering:
    def test_a_new_customer(self) -> None:
        decision = shop.when(RegisterCustomer(NEW, "Cy", "cy@example.com", "C-7"), by=staff).then(
            on(NEW, Customer.Added, name="Cy", email="cy@example.com", reference="C-7")
        )
        assert (decision.status, decision.person) == (201, NEW)

    def test_one_who_is_there_stays_as_they_are(self) -> None:
        decision = shop.when(RegisterCustomer(ADA, "Countess", "c@example.com"), by=staff).then_nothing()
        assert (decision.status, decision.version) == (200, 2)


class TestAddresses:
    def test_one_more_of_ones_own(self) -> None:
        decision = shop.when(add(), by=ben).then(on(BEN, Customer.AddressAdded, address_id=str(NEW), address=OFFICE))
        assert json.loads(decision.body) == {"id": str(NEW), **OFFICE}
        assert (decision.status, decision.person) == (201, BEN)

    def test_what_is_null_is_not_there(self) -> None:
        shop.when(add(OFFICE | {"line2": None, "region": None}), by=ben).then(
            on(BEN, Customer.AddressAdded, address_id=str(NEW), address=OFFICE)
        )

    def test_an_account_without_a_customer_has_none(self) -> None:
        shop.when(add(), by=staff).then_refused(NoCustomer)

    def test_there_is_an_end_to_it(self) -> None:
        many = (
            on(BEN, Customer.AddressAdded, address_id=str(UUID(int=n)), address=ADDRESS) for n in range(MOST_ADDRESSES)
        )
        shop.given(*many).when(add(), by=ben).then_refused(TooManyAddresses)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"recipient": ""},
            {"recipient": "Ben\r\nBcc: all@example.com\x00"},
            {"city": "   "},
            {"city": None},
            {"line1": "x" * 201},
            {"postal_code": "1" * 21},
            {"country": 1},
            {"planet": "Earth"},
        ],
    )
    def test_what_makes_no_sense(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            AddressCreate.model_validate(OFFICE | wrong)

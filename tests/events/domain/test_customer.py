"""The customer by itself."""

from uuid import UUID

from events.domain.customer import Customer
from events.domain.order_parts import Address
from events.repository import fold, fork

ADDRESS: Address = {"recipient": "Ada Lovelace", "line1": "12 St James's Square", "city": "London", "country": "GB"}


def test_addresses_are_added_under_ids_of_their_own() -> None:
    customer = Customer.add(UUID(int=1), name="Ada", email="ada@example.com")
    customer.add_address("a", ADDRESS)
    customer.add_address("b", ADDRESS)
    assert customer.addresses == {"a": ADDRESS, "b": ADDRESS}
    assert customer.version == 3


def test_a_fork_goes_its_own_way() -> None:
    customer = Customer.add(UUID(int=1), name="Ada", email="ada@example.com")
    copy = fork(customer)
    assert isinstance(copy, Customer)
    copy.add_address("a", ADDRESS)
    assert customer.addresses == {}


def test_its_events_told_again_make_the_same_customer() -> None:
    customer = Customer.add(UUID(int=1), name="Ada", email="ada@example.com", reference="C-1")
    customer.add_address("a", ADDRESS)
    told = fold(customer.pending_events)
    customer.collect_events()
    assert told == customer

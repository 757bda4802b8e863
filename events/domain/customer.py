"""The customer: a person's name, mail address and shipping addresses. All of it is sealed in the log."""

from typing import ClassVar
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from events.domain.order_parts import Address


class Customer(Aggregate):
    """One person, whose stream has the id of the person's account."""

    class Added(Aggregate.Created):
        PERSONAL: ClassVar[tuple[str, ...]] = ("name", "email", "reference")
        name: str
        email: str
        reference: str | None

    class AddressAdded(Aggregate.Event):
        PERSONAL: ClassVar[tuple[str, ...]] = ("address",)
        address_id: str
        address: Address

    @event(Added)
    def __init__(self, name: str, email: str, reference: str | None = None) -> None:
        self.name = name
        self.email = email
        self.reference = reference
        self.addresses: dict[str, Address] = {}

    @classmethod
    def add(cls, customer_id: UUID, *, name: str, email: str, reference: str | None = None) -> "Customer":
        """A person who may order."""
        return cls._create(cls.Added, id=customer_id, name=name, email=email, reference=reference)

    @event(AddressAdded)
    def add_address(self, address_id: str, address: Address) -> None:
        """Remember one more address under an id of its own."""
        self.addresses = {**self.addresses, address_id: address}

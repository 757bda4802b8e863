"""The customer: a person's name, mail address and shipping addresses. All of it is sealed in the log."""

from typing import ClassVar
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from events.domain.order_parts import Address
from events.domain.refusal import PersonForgotten


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

    class Erased(Aggregate.Event):
        reason: str

    @event(Added)
    def __init__(self, name: str | None, email: str | None, reference: str | None = None) -> None:
        self.name = name
        self.email = email
        self.reference = reference
        self.addresses: dict[str, Address] = {}
        self.erased = False
        self.erased_because = ""

    @classmethod
    def add(cls, customer_id: UUID, *, name: str, email: str, reference: str | None = None) -> "Customer":
        """A person who may order."""
        return cls._create(cls.Added, id=customer_id, name=name, email=email, reference=reference)

    @classmethod
    def of_no_name(cls, customer_id: UUID) -> "Customer":
        """A person of whom nothing is known here: one who has an account, but never could order."""
        return cls._create(cls.Added, id=customer_id, name=None, email=None, reference=None)

    @property
    def person_id(self) -> UUID:
        """Whose data it holds."""
        customer_id: UUID = self.id
        return customer_id

    def check_remembered(self) -> None:
        """Raises PersonForgotten."""
        if self.erased:
            raise PersonForgotten("This person was forgotten.")

    def erase(self, reason: str) -> None:
        """Forget the person, for a reason that is a code and tells nothing about them; once is enough.

        This is the fact. What it means for keys and read models is for the projections to do.
        """
        if not self.erased:
            self._erased(reason=reason)

    @event(Erased)
    def _erased(self, reason: str) -> None:
        self.name = self.email = self.reference = None
        self.addresses = {}
        self.erased, self.erased_because = True, reason

    @event(AddressAdded)
    def add_address(self, address_id: str, address: Address) -> None:
        """Remember one more address under an id of its own."""
        self.addresses = {**self.addresses, address_id: address}

"""Register a customer: the person in the log behind an account."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from pydantic_core import to_json

from commands.command import Command, Decision, Known, Request
from events.domain.customer import Customer


@dataclass(frozen=True, slots=True)
class RegisterCustomer(Command):
    """A customer who is there already is left as they are. `reference`: what another system calls them."""

    customer_id: UUID
    name: str
    email: str
    reference: str | None = None

    def streams(self, request: Request) -> Iterable[UUID]:
        return (self.customer_id,)

    def decide(self, known: Known, request: Request) -> Decision:
        customer = known[self.customer_id]
        if customer is not None:
            return Decision(status=200, body=b"", version=customer.version, read=(customer,))
        customer = Customer.add(self.customer_id, name=self.name, email=self.email, reference=self.reference)
        return Decision(
            status=201,
            body=b"",
            version=customer.version,
            changed=(customer,),
            person=self.customer_id,
        )

    def fingerprint(self) -> bytes:
        return b"register_customer " + to_json([str(self.customer_id), self.name, self.email, self.reference])

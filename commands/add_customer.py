"""Add a customer: a person who may order. Whoever is known already stays as they are."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from pydantic_core import to_json

from commands.command import Command, Decision, Known, Request
from events.domain.customer import Customer


@dataclass(frozen=True, slots=True)
class AddCustomer(Command):
    """`reference`: what another system calls this person, where the customer comes from one."""

    customer_id: UUID
    name: str
    email: str
    reference: str | None = None

    def streams(self, request: Request) -> Iterable[UUID]:
        return (self.customer_id,)

    def decide(self, known: Known, request: Request) -> Decision:
        customer = known[self.customer_id]
        body = to_json({"id": str(self.customer_id)})
        if isinstance(customer, Customer):
            return Decision(status=200, body=body, version=customer.version, read=(customer,))
        customer = Customer.add(self.customer_id, name=self.name, email=self.email, reference=self.reference)
        return Decision(
            status=201, body=body, version=customer.version, changed=(customer,), person=self.customer_id
        )

    def fingerprint(self) -> bytes:
        return b"add_customer " + to_json([self.customer_id, self.name, self.email, self.reference])

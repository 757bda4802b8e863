"""Add one more shipping address to one's own."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, cast
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json

from commands.command import Command, Decision, Known, Request
from commands.text import Text
from events.domain.customer import Customer
from events.domain.order_parts import Address
from events.domain.refusal import Refusal
from events.log.ids import new_id

MOST_ADDRESSES = 100


class AddressCreate(BaseModel):
    """Where to send orders. `country`: a name or an ISO 3166 code, as the customer writes it."""

    model_config = ConfigDict(extra="forbid")

    recipient: Annotated[str, Text(1, 200)]
    line1: Annotated[str, Text(1, 200)]
    line2: Annotated[str, Text(1, 200)] | None = None
    city: Annotated[str, Text(1, 100)]
    region: Annotated[str, Text(1, 100)] | None = None
    postal_code: Annotated[str, Text(1, 20)] | None = None
    country: Annotated[str, Text(1, 100)]

    def as_address(self) -> Address:
        """As it is kept: what was left out is not there."""
        return cast(Address, self.model_dump(exclude_none=True))


class TooManyAddresses(Refusal):
    code = "too_many_addresses"


class NoCustomer(Refusal):
    """The account has no customer behind it."""

    code = "forbidden"


@dataclass(frozen=True, slots=True)
class AddAddress(Command):
    address: AddressCreate
    address_id: UUID = field(default_factory=new_id)

    def streams(self, request: Request) -> Iterable[UUID]:
        return (request.caller.subject,)

    def decide(self, known: Known, request: Request) -> Decision:
        customer = known[request.caller.subject]
        if not isinstance(customer, Customer):
            raise NoCustomer("This account cannot have addresses.")
        customer.check_remembered()
        if len(customer.addresses) >= MOST_ADDRESSES:
            raise TooManyAddresses(f"There are {MOST_ADDRESSES} addresses already.")
        address = self.address.as_address()
        customer.add_address(str(self.address_id), address)
        return Decision(
            status=201,
            body=to_json({"id": str(self.address_id), **address}),
            version=customer.version,
            changed=(customer,),
            person=customer.id,
        )

    def fingerprint(self) -> bytes:
        return b"add_address " + to_json(self.address)

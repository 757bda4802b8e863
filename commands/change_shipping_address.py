"""Send an order elsewhere: its customer while it is pending, staff until something was shipped."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json

from commands.change_order_status import Reason, decided, owned_order
from commands.command import Command, Decision, Known, Request, check_version
from commands.place_order import Identifier, UnknownAddress
from events.domain.customer import Customer
from events.domain.order import IllegalTransition


class ShippingAddressChange(BaseModel):
    """Another of the customer's addresses."""

    model_config = ConfigDict(extra="forbid")

    shipping_address_id: Identifier
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class ChangeShippingAddress(Command):
    """`user_id`: the order's customer, whose addresses are looked at; whoever asks has looked it up."""

    order_id: UUID
    user_id: UUID
    change: ShippingAddressChange

    def streams(self, request: Request) -> Iterable[UUID]:
        return (self.order_id, self.user_id)

    def decide(self, known: Known, request: Request) -> Decision:
        order = owned_order(known, self.order_id, request, "change where it goes")
        check_version(request, order)
        if not request.caller.may("orders:manage") and order.status != "pending":
            raise IllegalTransition(
                f"An order that is {order.status} can no longer be sent elsewhere by its customer.",
                status_now=order.status,
                allowed_statuses=[],
            )
        customer, address_id = known[self.user_id], str(self.change.shipping_address_id)
        if isinstance(customer, Customer):
            customer.check_remembered()
        address = customer.addresses.get(address_id) if isinstance(customer, Customer) else None
        if customer is None or address is None:
            raise UnknownAddress("The order's customer has no such address.", address_id=address_id)
        order.readdress(address, self.change.reason)
        return decided(order, request, read=(customer,))

    def fingerprint(self) -> bytes:
        return f"change_shipping_address {self.order_id} ".encode() + to_json(self.change)

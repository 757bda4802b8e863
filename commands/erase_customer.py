"""Erase a customer: the fact that a person is forgotten, the end of their account, and their mail address set free.

All of it is one append. What it means (the key destroyed, read models cleared) is done by the projections, which read
of it in the log: so a crash at any moment leaves either nothing, or a fact that will be acted upon.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from eventsourcing.domain import Aggregate
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from commands.command import Command, Decision, Known, Request
from events.codec import rfc3339
from events.domain.account import Account, Admins, MailClaim, count_admin
from events.domain.customer import Customer
from events.domain.order import Order
from events.domain.refusal import NotFound, Refusal
from events.domain.statuses import is_under_way


class ErasureRequest(BaseModel):
    """Why: a code, for free text would be about the person. `force`: also where orders are under way, which then lose
    the address that they go to."""

    model_config = ConfigDict(extra="forbid")

    reason: Literal["customer_request", "consent_withdrawn", "retention_period", "court_order", "other"]
    force: Annotated[bool, Field(strict=True)] = False


class OpenOrders(Refusal):
    """Something is still to be sent, or to come back."""

    code = "open_orders"


@dataclass(frozen=True, slots=True)
class EraseCustomer(Command):
    """`claim_id`: of the claim of their account's mail address (None: there is none). `open_orders`: those that may be
    under way."""

    customer_id: UUID
    erasure: ErasureRequest
    claim_id: UUID | None = None
    open_orders: Sequence[UUID] = ()

    def streams(self, request: Request) -> Iterable[UUID]:
        claims = () if self.claim_id is None else (self.claim_id,)
        account_id, admins = Account.id_of(self.customer_id), Admins.id_of(request.caller.tenant)
        return (self.customer_id, account_id, admins, *claims, *self.open_orders)

    def decide(self, known: Known, request: Request) -> Decision:
        customer, account = self._person(known)
        if customer is None:
            customer = Customer.of_no_name(self.customer_id)
        elif customer.erased:
            return self._decided(customer, ())
        self._check_orders(known)
        customer.erase(self.erasure.reason)
        admins, claim = known[Admins.id_of(request.caller.tenant)], self._claim(known)
        counted = None
        if account is not None:
            account.erase()
            counted = count_admin(request.caller.tenant, account, admins)
            if claim is not None and claim.account_id == account.account_id:
                claim.release(account_id=account.account_id)
        involved = [customer, account, counted or admins, claim, *map(known.__getitem__, self.open_orders)]
        return self._decided(customer, [one for one in involved if one is not None])

    def fingerprint(self) -> bytes:
        return b"erase_customer " + self.customer_id.bytes + to_json(self.erasure)

    def _person(self, known: Known) -> tuple[Customer | None, Account | None]:
        customer, account = known[self.customer_id], known[Account.id_of(self.customer_id)]
        found = account if isinstance(account, Account) else None
        if isinstance(customer, Customer):
            return customer, found
        if customer is None and found is not None:
            return None, found
        raise NotFound("There is no such customer.")

    def _claim(self, known: Known) -> MailClaim | None:
        claim = None if self.claim_id is None else known[self.claim_id]
        return claim if isinstance(claim, MailClaim) else None

    def _check_orders(self, known: Known) -> None:
        orders = [known[order_id] for order_id in self.open_orders]
        under_way = [order.id for order in orders if isinstance(order, Order) and is_under_way(order.statuses)]
        if under_way and not self.erasure.force:
            raise OpenOrders(
                "Orders of this customer are under way: end them first, or say force, and they lose their address.",
                orders=[str(order_id) for order_id in under_way],
            )

    def _decided(self, customer: Customer, involved: Sequence[Aggregate]) -> Decision:
        """The answer is the same, however often it is asked for."""
        document = {
            "customer_id": str(self.customer_id),
            "reason": customer.erased_because,
            "erased_at": rfc3339(customer.modified_on),
        }
        return Decision(
            status=200,
            body=to_json(document),
            version=customer.version,
            changed=[one for one in involved if one.pending_events],
            read=[one for one in involved if not one.pending_events] or ([] if involved else [customer]),
        )

"""One's own shipping addresses."""

from typing import Any
from uuid import UUID

from events.domain.customer import Customer
from events.repository import Repository


async def list_addresses(repository: Repository, customer_id: UUID) -> list[dict[str, Any]]:
    """The addresses in the order in which they were added; none for an account that never had any."""
    customer = (await repository.refresh([customer_id]))[customer_id]
    if not isinstance(customer, Customer):
        return []
    return [{"id": address_id, **address} for address_id, address in customer.addresses.items()]

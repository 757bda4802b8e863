"""What stands where the data of a person was who has been forgotten."""

from typing import Any

from events.domain.order_parts import Address

ERASED = "erased"
ERASED_ADDRESS = Address(recipient=ERASED, line1=ERASED, city=ERASED, country=ERASED)

_ADDRESSES = frozenset({"address", "shipping_address"})


def in_place_of(name: str) -> Any:
    """What is shown for a personal field of this name: an address keeps its shape, all else is text."""
    return ERASED_ADDRESS if name in _ADDRESSES else ERASED


def mail_address_of(account_id: object) -> str:
    """What the account of someone who was forgotten has in place of a mail address: nobody can log in with it, and no
    other account has it (RFC 2606: there is no such domain)."""
    return f"{account_id}@forgotten.invalid"

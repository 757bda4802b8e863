"""Money is an integer of minor units and an ISO 4217 currency."""

from typing import Annotated

from pydantic import Field

Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
"""An ISO 4217 code, upper case."""

Cents = Annotated[int, Field(ge=0, le=10**12)]
"""Minor units. The bound keeps the largest order's total below 2⁶³."""


def us_dollars(cents: int) -> str:
    """Cents, not negative, as a decimal string: 1999 → "19.99"."""
    return f"{cents // 100}.{cents % 100:02d}"

"""Money is an integer of minor units."""

import pytest
from pydantic import TypeAdapter, ValidationError

from events.domain.money import Cents, Currency, us_dollars


@pytest.mark.parametrize(
    ("cents", "dollars"),
    [(0, "0.00"), (5, "0.05"), (1999, "19.99"), (100, "1.00"), (2**63 - 1, "92233720368547758.07")],
)
def test_cents_as_dollars(cents: int, dollars: str) -> None:
    assert us_dollars(cents) == dollars


@pytest.mark.parametrize("currency", ["usd", "US", "USDX", "U$D", "", "USD\n"])
def test_what_is_no_currency(currency: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Currency).validate_python(currency)


@pytest.mark.parametrize("cents", [-1, 10**12 + 1])
def test_amounts_out_of_bounds(cents: int) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Cents).validate_python(cents)


def test_the_largest_order_fits_in_64_bits() -> None:
    assert 50 * 100 * 10**12 < 2**63

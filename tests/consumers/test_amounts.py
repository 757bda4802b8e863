"""Amounts have the decimals of their currency."""

import pytest

from consumers.amounts import amount


@pytest.mark.parametrize(
    ("minor_units", "currency", "read"),
    [
        (1999, "USD", "19.99"),
        (5, "EUR", "0.05"),
        (0, "GBP", "0.00"),
        (1999, "JPY", "1999"),
        (0, "JPY", "0"),
        (1234, "KWD", "1.234"),
        (12345, "CLF", "1.2345"),
        (2**63 - 1, "USD", "92233720368547758.07"),
        (100, "XYZ", "1.00"),
    ],
)
def test_an_amount_is_written_with_its_decimals(minor_units: int, currency: str, read: str) -> None:
    assert amount(minor_units, currency) == read

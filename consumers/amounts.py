"""Amounts of money as people read them: minor units with the decimals that ISO 4217 gives their currency."""

from decimal import Decimal

_DECIMALS = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0,
    "RWF": 0, "UGX": 0, "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
    "CLF": 4, "UYW": 4,
}  # fmt: skip
_USUAL_DECIMALS = 2


def amount(minor_units: int, currency: str) -> str:
    """1999 and "USD" → "19.99", "JPY" → "1999". No separators, so that it reads the same everywhere."""
    return f"{Decimal(minor_units).scaleb(-_DECIMALS.get(currency, _USUAL_DECIMALS)):f}"

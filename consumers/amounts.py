"""Amounts of money as people read them: minor units with the decimals that ISO 4217 gives their currency."""

from decimal import Decimal

_DECIMALS = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF",
         "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}  # fmt: skip
_USUAL_DECIMALS = 2


def amount(minor_units: int, currency: str) -> str:
    """1999 and "USD" → "19.99"; 1999 and "JPY" → "1999". No separators, so that it reads the same everywhere."""
    return f"{Decimal(minor_units).scaleb(-_DECIMALS.get(currency, _USUAL_DECIMALS)):f}"

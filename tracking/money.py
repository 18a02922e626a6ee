"""Amounts in minor units (cents), the form in which they are kept: whole numbers, so that sums are exact."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

_WHOLE = (
    "BIF",
    "CLP",
    "DJF",
    "GNF",
    "ISK",
    "JPY",
    "KMF",
    "KRW",
    "PYG",
    "RWF",
    "UGX",
    "UYI",
    "VND",
    "VUV",
    "XAF",
    "XOF",
    "XPF",
)
_THOUSANDTHS = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
_DIGITS = {**dict.fromkeys(_WHOLE, 0), **dict.fromkeys(_THOUSANDTHS, 3)}
"""ISO 4217: the currencies whose minor unit is not a hundredth, with the digits that they have."""


def minor(amount: Decimal | None, currency: str) -> int | None:
    """An amount in major units as minor units of its currency, rounded half up."""
    if amount is None:
        return None
    return int(amount.scaleb(digits(currency)).quantize(Decimal(1), ROUND_HALF_UP))


def major(amount: int | None, currency: str) -> Decimal | None:
    """An amount in minor units as major units of its currency, with all its digits."""
    return None if amount is None else Decimal(amount).scaleb(-digits(currency))


def digits(currency: str) -> int:
    """Decimals of a currency."""
    return _DIGITS.get(currency, 2)

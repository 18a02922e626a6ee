"""What stands on a code for an offline purchase: which one of which batch it is, signed, so that nobody makes one up.

100 bits as 20 letters and digits, in which nothing is taken for something else: the batch (24 bits), the number in it (16), and
the first 60 bits of an HMAC-SHA256 over both. Nothing is looked up to find that a code is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac

from loyalty.services.codes import LETTERS

LENGTH, GROUP = 20, 4
"""Letters of a code, and of each group as it is printed."""

_BITS_OF_LETTER, _BITS_OF_BATCH, _BITS_OF_NUMBER, _BITS_OF_SIGNATURE = 5, 24, 16, 60
_LONGEST = 60
"""Characters in which somebody may have typed a code."""


@dataclass(frozen=True, slots=True)
class Named:
    """Which code it is: of that batch, by its primary key, the one with that number."""

    batch: int
    number: int


def write(named: Named) -> str:
    """The code. Raises `ValueError` for a batch or number for which there is no room."""
    return _write(named, settings.SECRET_KEY)


def read(typed: str) -> Named | None:
    """What the code names, however it was typed; None for what is no code of ours, or was signed with a key that is gone."""
    code = "".join(typed[:_LONGEST].upper().replace("-", " ").split())
    if len(code) != LENGTH or not set(LETTERS).issuperset(code):
        return None
    value = 0
    for letter in code:
        value = value << _BITS_OF_LETTER | LETTERS.index(letter)
    value >>= _BITS_OF_SIGNATURE
    named = Named(value >> _BITS_OF_NUMBER, value & (1 << _BITS_OF_NUMBER) - 1)
    is_ours = any(constant_time_compare(code, _write(named, key)) for key in _keys())
    return named if is_ours else None


def spelled(code: str) -> str:
    """As it is printed to be typed: in groups."""
    return "-".join(code[start : start + GROUP] for start in range(0, LENGTH, GROUP))


def address(code: str) -> str:
    """The address that the QR code holds."""
    return f"{settings.PUBLIC_BASE_URL}{reverse('offline_code', args=[code])}"


def _keys() -> Iterator[str]:
    """What is printed outlives a key: codes that were signed with an older one are good as long as it is kept."""
    yield settings.SECRET_KEY
    yield from settings.SECRET_KEY_FALLBACKS


def _write(named: Named, key: str) -> str:
    if not (0 <= named.batch < 1 << _BITS_OF_BATCH and 0 <= named.number < 1 << _BITS_OF_NUMBER):
        raise ValueError(f"no code has room for {named}")
    said = f"{named.batch}:{named.number}"
    digest = salted_hmac("loyalty.offline_codes", said, secret=key, algorithm="sha256").digest()
    signature = int.from_bytes(digest, "big") >> (len(digest) * 8 - _BITS_OF_SIGNATURE)
    value = (named.batch << _BITS_OF_NUMBER | named.number) << _BITS_OF_SIGNATURE | signature
    places = range((LENGTH - 1) * _BITS_OF_LETTER, -1, -_BITS_OF_LETTER)
    return "".join(LETTERS[value >> place & (1 << _BITS_OF_LETTER) - 1] for place in places)

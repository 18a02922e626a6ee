"""API tokens: made once, shown once, kept as a hash.

A token is "tdg_live_", 32 random characters and a checksum of 6, so that a mistyped or invented one never reaches the database.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import string
import zlib
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from integrations import audit
from integrations.audit import Actor
from integrations.models import ApiToken, Merchant

START = "tdg_live_"
RANDOM_LENGTH, CHECKSUM_LENGTH = 32, 6
PREFIX_LENGTH = 16
SCOPES = ("events:read", "events:write", "orders:read", "orders:write")
_ALPHABET = string.digits + string.ascii_letters


def create(
    merchant: Merchant, name: str, scopes: Sequence[str], *, at: datetime, by: Actor | None = None
) -> tuple[ApiToken, str]:
    """Make a token for a client of `merchant`: (row, the token, which is not kept and never shown again).

    Raises `ValueError` for an unknown scope.
    """
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown:
        raise ValueError(f"unknown scopes {', '.join(unknown)}; scopes are {', '.join(SCOPES)}")
    body = START + "".join(secrets.choice(_ALPHABET) for _ in range(RANDOM_LENGTH))
    token = body + _checksum(body)
    with transaction.atomic():
        row = ApiToken.objects.create(
            merchant=merchant,
            name=name,
            prefix=token[:PREFIX_LENGTH],
            digest=_digest(token),
            scopes=sorted(scopes),
            created_at=at,
        )
        if by is not None:
            audit.note(merchant, by, "made an API token", [f"{name}: {', '.join(row.scopes)}"], at=at)
    return row, token


def find(token: str, *, at: datetime) -> ApiToken | None:
    """The living token that this text is, or None. One query, and none for a text that cannot be a token."""
    if not is_well_formed(token):
        return None
    row = ApiToken.objects.select_related("merchant").filter(prefix=token[:PREFIX_LENGTH], revoked_at=None).first()
    if row is None or not hmac.compare_digest(row.digest, _digest(token)):
        return None
    return None if row.expires_at and row.expires_at <= at else row


def revoke(token: ApiToken, *, at: datetime, by: Actor | None = None) -> bool:
    """Refuse a token from now on; its row stays. False: it was revoked already."""
    with transaction.atomic():
        is_new = ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=at) == 1
        if is_new and by is not None:
            audit.note(token.merchant, by, "revoked an API token", [token.name], at=at)
    return is_new


def is_well_formed(token: str) -> bool:
    """Whether the text has a token's shape and its checksum fits."""
    body, checksum = token[:-CHECKSUM_LENGTH], token[-CHECKSUM_LENGTH:]
    has_shape = token.isascii() and token.startswith(START) and len(body) == len(START) + RANDOM_LENGTH
    return has_shape and hmac.compare_digest(checksum, _checksum(body))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _checksum(body: str) -> str:
    number, letters = zlib.crc32(body.encode()), []
    for _ in range(CHECKSUM_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[digit])
    return "".join(reversed(letters))

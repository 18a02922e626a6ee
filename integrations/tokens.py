"""API tokens: made once, shown once, kept as a hash.

A token is "tdg_live_" (a merchant's) or "tdg_staff_" (a CSM's), 32 random characters and a checksum of 6, so that a mistyped or
invented one never reaches the database.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import string
import zlib
from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from integrations import audit
from integrations.audit import Actor
from integrations.models import ApiToken, Merchant, StaffToken

START, STAFF_START = "tdg_live_", "tdg_staff_"
RANDOM_LENGTH, CHECKSUM_LENGTH = 32, 6
PREFIX_LENGTH = 16
SCOPES = {
    "events:read": "read events, their deliveries and the metrics, timelines and replays",
    "events:write": "send events again, replay, and record events",
    "orders:read": "read orders, shipments and when they stall",
    "orders:write": "write orders and shipments",
    "returns:read": "read returns",
    "returns:write": "write returns",
    "loyalty:read": "read members, their points and rewards, and how the programme fares",
    "loyalty:write": "add and redeem points, give rewards and tiers",
    "customers:read": "read customers",
    "customers:write": "write customers and what they do",
    "activities:read": "read the customers' activity log",
    "activities:write": "write to the customers' activity log",
    "privacy:read": "fetch all data of a customer, to hand it over",
    "privacy:write": "erase customers, here and at Klaviyo",
    "settings:read": "read how events are sent, whether the account works, when something stalls, and how points are earned",
    "settings:write": "change how events are sent, when something stalls, and how points are earned; declare metrics",
}
"""Scope -> what it permits, in words."""

_ALPHABET = string.digits + string.ascii_letters


def create(
    merchant: Merchant,
    name: str,
    scopes: Collection[str],
    *,
    at: datetime,
    expires_at: datetime | None = None,
    by: Actor | None = None,
) -> tuple[ApiToken, str]:
    """Make a token for a client of `merchant`: (row, the token, which is not kept and never shown again).

    Without `expires_at` it lives until it is revoked. Raises `ValueError` for an unknown scope.
    """
    values, token = _make(START, name, scopes, at, expires_at)
    with transaction.atomic():
        row = ApiToken.objects.create(merchant=merchant, **values)
        if by is not None:
            audit.note(merchant, by, "made an API token", [f"{name}: {', '.join(row.scopes)}"], at=at)
    return row, token


def create_for_staff(
    user: User, name: str, scopes: Collection[str], *, at: datetime, expires_at: datetime | None = None
) -> tuple[StaffToken, str]:
    """Make a token for a CSM's client, as `create` does. Raises `ValueError` for an unknown scope, and for who is no CSM."""
    if not may_act_for_merchants(user):
        raise ValueError(f"{user.get_username()} is not an active member of the staff who may see merchants")
    values, token = _make(STAFF_START, name, scopes, at, expires_at)
    return StaffToken.objects.create(user=user, **values), token


def may_act_for_merchants(user: User) -> bool:
    """Whether a user's staff tokens are good: an active CSM or superuser."""
    return user.is_active and user.is_staff and user.has_perm("integrations.view_merchant")


def find(token: str, *, at: datetime) -> ApiToken | StaffToken | None:
    """The living token that this text is, or None. One query, and none for a text that cannot be a token."""
    if not is_well_formed(token):
        return None
    rows: Any = ApiToken.objects.select_related("merchant")
    if token.startswith(STAFF_START):
        rows = StaffToken.objects.select_related("user")
    row: ApiToken | StaffToken | None = rows.filter(prefix=token[:PREFIX_LENGTH], revoked_at=None).first()
    if row is None or not hmac.compare_digest(row.digest, digest_of(token)):
        return None
    return None if row.expires_at and row.expires_at <= at else row


def revoke(token: ApiToken | StaffToken, *, at: datetime, by: Actor | None = None) -> bool:
    """Refuse a token from now on; its row stays. False: it was revoked already."""
    with transaction.atomic():
        is_new = type(token).objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=at) == 1
        if is_new and by is not None and isinstance(token, ApiToken):
            audit.note(token.merchant, by, "revoked an API token", [token.name], at=at)
    return is_new


def is_well_formed(token: str) -> bool:
    """Whether the text has a token's shape and its checksum fits."""
    body, checksum = token[:-CHECKSUM_LENGTH], token[-CHECKSUM_LENGTH:]
    has_shape = any(
        token.startswith(start) and len(body) == len(start) + RANDOM_LENGTH for start in (START, STAFF_START)
    )
    return has_shape and token.isascii() and hmac.compare_digest(checksum, _checksum(body))


def digest_of(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _make(
    start: str, name: str, scopes: Collection[str], at: datetime, expires_at: datetime | None
) -> tuple[dict[str, Any], str]:
    unknown = sorted(set(scopes) - SCOPES.keys())
    if unknown:
        raise ValueError(f"unknown scopes {', '.join(unknown)}; scopes are {', '.join(SCOPES)}")
    body = start + "".join(secrets.choice(_ALPHABET) for _ in range(RANDOM_LENGTH))
    token = body + _checksum(body)
    values = {
        "name": name,
        "prefix": token[:PREFIX_LENGTH],
        "digest": digest_of(token),
        "scopes": sorted(scopes),
        "created_at": at,
        "expires_at": expires_at,
    }
    return values, token


def _checksum(body: str) -> str:
    number, letters = zlib.crc32(body.encode()), []
    for _ in range(CHECKSUM_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[digit])
    return "".join(reversed(letters))

"""Who was erased, known by keyed digests: so that a late message finds that there is nobody to be made of it.

A digest is an HMAC under a key of the merchant's own. That key is made by chance and sealed like any secret, so a new key in the
ring changes no digest; and who has the database without the ring cannot try addresses out.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from integrations.fields import Sealed
from integrations.models import Customer, ErasedIdentity, Erasure, ErasureKey, Merchant

EMAIL, PHONE, EXTERNAL_ID = "email", "phone", "external_id"
Identity = tuple[str, str]
"""(what it is, the address or id as `integrations.customers` normalises it)"""


@dataclass(frozen=True, slots=True)
class Gone:
    """The row that is left of an erased shopper, and since when."""

    customer: Customer
    at: datetime


def find(merchant: Merchant, identities: Iterable[Identity]) -> Gone | None:
    """The newest erasure of whoever had one of these; None where there is none. One query where nobody was ever erased."""
    named = [each for each in identities if each[1]]
    key = _key(merchant) if named else None
    if key is None:
        return None
    digests = [_digest(key, each) for each in named]
    found = ErasedIdentity.objects.for_merchant(merchant).filter(digest__in=digests)
    row = found.select_related("erasure__customer").order_by("-erasure__at", "-erasure").first()
    return Gone(row.erasure.customer, row.erasure.at) if row else None


def among(merchant: Merchant, identities: Iterable[Identity]) -> set[Identity]:
    """Those of them that are of shoppers who were erased. Two queries."""
    key = _key(merchant)
    if key is None:
        return set()
    digests = {_digest(key, each): each for each in identities}
    found = ErasedIdentity.objects.for_merchant(merchant).filter(digest__in=list(digests))
    return {digests[each] for each in found.values_list("digest", flat=True)}


def remember(merchant: Merchant, erasure: Erasure, identities: Iterable[Identity]) -> None:
    """Keep the digests of an erased shopper's addresses and ids."""
    key = _key(merchant) or _new_key(merchant)
    digests = {_digest(key, each) for each in identities if each[1]}
    ErasedIdentity.objects.bulk_create(
        ErasedIdentity(merchant=merchant, erasure=erasure, digest=each) for each in sorted(digests)
    )


def _key(merchant: Merchant) -> bytes | None:
    row = ErasureKey.objects.for_merchant(merchant).first()
    return row.key.reveal().encode() if row else None


def _new_key(merchant: Merchant) -> bytes:
    """Two first erasures at once agree on one key."""
    made = {"key": Sealed.of(secrets.token_urlsafe(32))}
    row, _ = ErasureKey.objects.get_or_create(merchant=merchant, defaults=made)
    return row.key.reveal().encode()


def _digest(key: bytes, identity: Identity) -> str:
    return hmac.new(key, "\n".join(identity).encode(), hashlib.sha256).hexdigest()

"""Addresses that nobody is to mail: the only writer of Suppression rows.

What is suppressed is asked for once, and stays so until its shopper consents anew: the destinations lift it then, and nothing
here does it otherwise. At the destinations it comes before every event of theirs that was not sent yet (`delivery.claim`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from integrations import profiles
from integrations.models import Customer, Merchant, ProfileChange, Suppression
from integrations.models.suppression import IN_FORCE
from integrations.statements import CHUNK, Among, insert_new

Found = Mapping[Customer, Suppression.Reason]
"""Who is to be suppressed, and why. A customer without an e-mail address cannot be."""

HELD, MISSING, FOUND, LIFTED = STANDINGS = ("held", "missing", "found", "lifted")
"""How an address may stand: held by us; held and missing at the destination; suppressed there alone; or lifted."""

_STANDINGS = {
    HELD: IN_FORCE,
    MISSING: IN_FORCE & Q(missing_since__isnull=False),
    FOUND: Q(reason=Suppression.Reason.FOUND),
    LIFTED: Q(lifted_at__isnull=False),
}

AT_ONCE = 50
"""Rows that one statement updates, each with values of its own: what it costs grows with their square."""


def suppress(merchant: Merchant, found: Found, *, at: datetime) -> int:
    """Suppress who is not yet, here and at the destinations; returns how many. A few statements for each 500 of them."""
    by_email = {customer.email: (customer, reason) for customer, reason in found.items() if customer.email}
    emails = sorted(by_email)
    with transaction.atomic():
        return sum(
            _suppress(merchant, {each: by_email[each] for each in emails[start : start + CHUNK]}, at=at)
            for start in range(0, len(emails), CHUNK)
        )


def lift(merchant: Merchant, email: str, *, at: datetime) -> None:
    """The shopper with that address consented anew: the destinations lift it when they are told, so it does not hold here."""
    mine = Suppression.objects.for_merchant(merchant).filter(email=email, lifted_at=None)
    mine.update(lifted_at=at, missing_since=None)


def ask(merchant: Merchant, rows: QuerySet[Suppression], *, at: datetime) -> int:
    """Ask the destinations to suppress the addresses of rows that are in force; returns how many. Six statements."""
    chosen = list(rows.select_related("customer").order_by("pk"))
    changes = [
        ProfileChange(
            merchant=merchant,
            customer=row.customer,
            kind=ProfileChange.Kind.SUPPRESS,
            email=row.email,
            asked_at=at,
            created_at=at,
        )
        for row in chosen
    ]
    if changes:
        profiles.request_all(merchant, changes, at=at)
        asked = ProfileChange.objects.for_merchant(merchant).filter(
            customer=OuterRef("customer"), kind=ProfileChange.Kind.SUPPRESS, email=OuterRef("email")
        )
        newest = Subquery(asked.order_by("-pk").values("pk")[:1])
        Suppression.objects.for_merchant(merchant).filter(Among(F("pk"), [row.pk for row in chosen])).update(
            change=newest
        )
    return len(changes)


def _suppress(merchant: Merchant, chosen: Mapping[str, tuple[Customer, Suppression.Reason]], *, at: datetime) -> int:
    mine = Suppression.objects.for_merchant(merchant)
    known = {row.email: row for row in mine.filter(email__in=list(chosen))}
    unknown = [
        Suppression(merchant=merchant, customer=customer, email=email, reason=reason, suppressed_at=at)
        for email, (customer, reason) in chosen.items()
        if email not in known
    ]
    new = insert_new(unknown, identity=("merchant", "email")) if unknown else []
    again = [row.email for row in known.values() if not row.is_in_force]
    keys = [row.pk for row in new] + _renewed(merchant, {each: chosen[each] for each in again}, at=at)
    return ask(merchant, mine.filter(Among(F("pk"), keys)), at=at) if keys else 0


def _renewed(
    merchant: Merchant, chosen: Mapping[str, tuple[Customer, Suppression.Reason]], *, at: datetime
) -> list[int]:
    """Addresses that were known and not held: those are held from now on. Of two that do so at once one does."""
    if not chosen:
        return []
    mine = Suppression.objects.for_merchant(merchant)
    rows = list(mine.filter(~IN_FORCE, email__in=list(chosen)).select_for_update().order_by("pk"))
    for row in rows:
        row.customer, row.reason = chosen[row.email]
        row.suppressed_at, row.lifted_at, row.asked_again_at, row.missing_since = at, None, None, None
    names = ["customer", "reason", "suppressed_at", "lifted_at", "asked_again_at", "missing_since"]
    mine.bulk_update(rows, names, batch_size=AT_ONCE)
    return [row.pk for row in rows]


def find(merchant: Merchant, *, term: str = "", email: str = "", standing: str = "") -> QuerySet[Suppression]:
    """A merchant's suppressions, the newest first: of an address or with `term` in it, and of those that stand like that."""
    found: QuerySet[Suppression] = Suppression.objects.for_merchant(merchant)
    if email:
        found = found.filter(email=email.strip().lower())
    if term.strip():
        found = found.filter(email__contains=term.strip().lower())
    if standing:
        found = found.filter(_STANDINGS[standing])
    return found.order_by("-suppressed_at", "-pk")

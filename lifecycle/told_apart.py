"""Subscribers of whom a ruleset is true: for the page, and as a table for other programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime

from django.db.models import QuerySet

from integrations.api.export import FORMULAS
from integrations.models import Customer, Merchant
from lifecycle.models import Plan
from lifecycle.rulesets import Ruleset
from lifecycle.services import rules

CHUNK = 1_000
"""Rows of a table that are in memory at once."""


def plans_of(merchant: Merchant, ruleset: Ruleset, *, at: datetime) -> QuerySet[Plan]:
    """The plans of which it is true, the newest first, with their customers. Who was erased is nobody."""
    mine = Plan.objects.for_merchant(merchant).filter(ruleset.holds(rules.of(merchant), at))
    there = mine.exclude(customer__status=Customer.Status.ERASED)
    return there.select_related("customer").order_by(f"-{ruleset.since}", "-pk")


def as_csv(merchant: Merchant, ruleset: Ruleset, *, at: datetime) -> Iterator[bytes]:
    """The same as CSV, a part at a time: e-mail, phone, names, since when, and the status."""
    yield _written([["email", "phone", "first_name", "last_name", ruleset.since, "status"]])
    lines: list[list[str]] = []
    for plan in plans_of(merchant, ruleset, at=at).iterator(chunk_size=CHUNK):
        who = plan.customer
        cells = [
            who.email,
            who.phone,
            who.first_name,
            who.last_name,
            getattr(plan, ruleset.since).isoformat(),
            plan.status,
        ]
        lines.append([f"'{each}" if each.startswith(FORMULAS) else each for each in cells])
        if len(lines) == CHUNK:
            yield _written(lines)
            lines = []
    yield _written(lines)


def _written(lines: list[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(lines)
    return text.getvalue().encode()

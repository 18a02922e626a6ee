"""Rules by which subscribers are told apart: each is declared here once, and is a profile property and a list of its own.

A ruleset is a condition on plans, so that the database finds everybody whom it is true of at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q

from integrations.catalog import ProfileProperty
from lifecycle.models import LifecycleRules
from lifecycle.models.plan import ACTIVE


@dataclass(frozen=True, slots=True)
class Ruleset:
    """`key` is its word in addresses. `concerns` says of which plans it can be true or false: of others its property is left out.

    `holds` is the condition under a merchant's rules at an instant, `since` the column by whose time the list is ordered, newest
    first, with the heading `since_label`.
    """

    key: str
    label: str
    doc: str
    property: ProfileProperty
    concerns: Q
    holds: Callable[[LifecycleRules, datetime], Q]
    since: str
    since_label: str


OPEN_SIGN_UP = (
    Q(started_at__isnull=False, box="", schedule="")
    & (Q(signed_up_at=None) | Q(signed_up_at__lt=F("started_at")))
    & ~Q(status__iexact=ACTIVE)
)
"""A sign-up was begun, and nothing says that it was completed since."""


def _missed(rules: LifecycleRules, at: datetime) -> Q:
    """It was begun long enough ago."""
    return OPEN_SIGN_UP & Q(started_at__lte=at - timedelta(hours=rules.missed_signup_hours))


MISSED_SIGN_UP = Ruleset(
    key="missed",
    label="Missed sign-ups",
    doc="Began to sign up and did not complete it: no box, no schedule, and not active.",
    property=ProfileProperty(
        "MissedSignUp", "boolean", "Whether a sign-up was begun and not completed within the merchant's time for it."
    ),
    concerns=Q(started_at__isnull=False),
    holds=_missed,
    since="started_at",
    since_label="Began to sign up",
)

RULESETS = (MISSED_SIGN_UP,)

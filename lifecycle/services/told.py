"""The destinations are told of whom each ruleset is true, when it becomes so and when it ends: the only writer of ToldRuleset.

It becomes true by the clock alone, so a tick looks for it; it ends by what a source tells of a plan, and is taken back with that.
What is told is read when it is sent, as it is then.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from integrations import profiles
from integrations.models import Customer, Merchant, ProfileChange
from integrations.statements import Among
from lifecycle import pack
from lifecycle.models import LifecycleRules, LogSync, Plan, ToldRuleset
from lifecycle.rulesets import RULESETS, Ruleset
from lifecycle.services import rules

AT_ONCE = 500
"""Subscribers of whom it is told in one transaction."""

_MAY_BE_TOLD = ~Q(customer__status=Customer.Status.ERASED) & (~Q(customer__email="") | ~Q(customer__phone=""))


def tell(*, at: datetime, seconds: float) -> int:
    """Tell what became true and what ended, for `seconds` at most; returns of how many subscribers.

    Not of a merchant whose log is being read from its past: who completed a sign-up is perhaps to come.
    """
    until, count = time.monotonic() + seconds, 0
    for merchant in _with_plans().prefetch_related("connections"):
        if not (pack.is_used_by(merchant) and profiles.reaches(merchant, ProfileChange.Kind.UPSERT)):
            continue
        held = rules.of(merchant)
        for ruleset in RULESETS:
            told = AT_ONCE
            while told == AT_ONCE and time.monotonic() < until:
                told = _tell_some(merchant, ruleset, held, at=at)
                count += told
    return count


def take_back(merchant: Merchant, customers: Sequence[Customer], *, at: datetime) -> int:
    """Tell of whom of these a ruleset is true no more, in the transaction of what ended it; returns of how many.

    One statement where of none of them anything was told, a few more otherwise.
    """
    named = {each.pk: each for each in customers}
    mine = ToldRuleset.objects.for_merchant(merchant).filter(Among(F("customer_id"), named))
    told = {row.ruleset for row in mine}
    held = rules.of(merchant) if told else None
    count = 0
    for ruleset in RULESETS:
        if held is not None and ruleset.key in told:
            ended = mine.filter(ruleset=ruleset.key).exclude(Exists(_true_of(merchant, ruleset, held, at=at)))
            count += _tell(merchant, ruleset, [], [(row, named[row.customer_id]) for row in ended], at=at)
    return count


def waits_for_past(merchant: Merchant) -> bool:
    """Whether nothing is told now, because the log is being read from its past."""
    return _reading(LogSync.objects.for_merchant(merchant)).exists()


def move(merchant: Merchant, *, given_up: Customer, kept: Customer) -> None:
    """Two turned out to be one, at the destinations too: what was told of either was told of who is kept."""
    mine = ToldRuleset.objects.for_merchant(merchant)
    known = list(mine.filter(customer=kept).values_list("ruleset", flat=True))
    mine.filter(customer=given_up).exclude(ruleset__in=known).update(customer=kept)
    mine.filter(customer=given_up).delete()


def _with_plans() -> QuerySet[Merchant]:
    mine = {"merchant": OuterRef("pk")}
    is_complete = ~Exists(_reading(LogSync.objects.filter(**mine)))
    found = Merchant.objects.filter(Exists(Plan.objects.filter(**mine)), is_complete, state=Merchant.State.ACTIVE)
    return found.order_by("pk")


def _reading(syncs: QuerySet[LogSync]) -> QuerySet[LogSync]:
    return syncs.filter(state__in=LogSync.OPEN, is_read=False)


def _true_of(merchant: Merchant, ruleset: Ruleset, held: LifecycleRules, *, at: datetime) -> QuerySet[Plan]:
    """The plan of the outer row's customer, if the ruleset is true of it."""
    return Plan.objects.for_merchant(merchant).filter(ruleset.holds(held, at), customer=OuterRef("customer"))


def _tell_some(merchant: Merchant, ruleset: Ruleset, held: LifecycleRules, *, at: datetime) -> int:
    """The next of them. Plans are locked: one that changes meanwhile waits, or is left to the next tick."""
    told = ToldRuleset.objects.for_merchant(merchant).filter(ruleset=ruleset.key)
    with transaction.atomic():
        true = Plan.objects.for_merchant(merchant).filter(
            ruleset.holds(held, at), _MAY_BE_TOLD, ~Exists(told.filter(customer=OuterRef("customer")))
        )
        true = true.select_for_update(of=("self",), skip_locked=True).select_related("customer").order_by("pk")
        began = [plan.customer for plan in true[:AT_ONCE]]
        gone = told.exclude(Exists(_true_of(merchant, ruleset, held, at=at)))
        gone = gone.select_for_update(of=("self",), skip_locked=True).select_related("customer").order_by("pk")
        ended = [(row, row.customer) for row in gone[: AT_ONCE - len(began)]]
        return _tell(merchant, ruleset, began, ended, at=at)


def _tell(
    merchant: Merchant,
    ruleset: Ruleset,
    began: Sequence[Customer],
    ended: Sequence[tuple[ToldRuleset, Customer]],
    *,
    at: datetime,
) -> int:
    ToldRuleset.objects.bulk_create(
        ToldRuleset(merchant=merchant, customer=each, ruleset=ruleset.key, told_at=at) for each in began
    )
    ToldRuleset.objects.for_merchant(merchant).filter(Among(F("pk"), [row.pk for row, _ in ended])).delete()
    changes = [
        profiles.of(each, ProfileChange.Kind.UPSERT, at=at, current=[ruleset.property.name])
        for each in (*began, *(customer for _, customer in ended))
        if each.may_be_told
    ]
    if changes:
        profiles.request_all(merchant, changes, at=at)
    return len(began) + len(ended)

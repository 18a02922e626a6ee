"""The destinations are told of whom each ruleset is true, when it becomes so and when it ends: the only writer of ToldRuleset.

It becomes true by the clock alone, so a tick looks for it; it ends by what a source tells of a plan, and is taken back with that.
What is told is read when it is sent, as it is then.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from integrations import profiles
from integrations.apart import Apart
from integrations.models import Customer, Merchant, ProfileChange
from integrations.statements import Among
from lifecycle import pack
from lifecycle.models import LifecycleRules, LogSync, Plan, ToldRuleset
from lifecycle.rulesets import RULESETS, Ruleset
from lifecycle.services import rules

AT_ONCE = 500
"""Subscribers of whom it is told in one transaction."""

PAGE = 5_000
"""Subscribers who are looked at by two statements. They name their keys, so that no plan of the database's can go astray."""

_MAY_BE_TOLD = ~Q(customer__status=Customer.Status.ERASED) & (~Q(customer__email="") | ~Q(customer__phone=""))


def tell(*, at: datetime, seconds: float) -> int:
    """Tell what became true and what ended, for `seconds` at most; returns of how many subscribers.

    Not of a merchant whose log is being read from its past: who completed a sign-up is perhaps to come.
    """
    until = time.monotonic() + seconds
    with Apart() as apart:
        return sum(
            apart.do(merchant.pk, partial(_tell_all, merchant, at=at, until=until), 0)
            for merchant in _with_plans().prefetch_related("connections")
            if pack.is_used_by(merchant) and profiles.reaches(merchant, ProfileChange.Kind.UPSERT)
        )


def take_back(merchant: Merchant, customers: Sequence[Customer], *, at: datetime) -> int:
    """Tell of whom of these a ruleset is true no more, in the transaction of what ended it; returns of how many.

    One statement where of none of them anything was told, a few more otherwise.
    """
    told = _told(merchant, [each.pk for each in customers])
    if not told:
        return 0
    held, count = rules.of(merchant), 0
    for ruleset in RULESETS:
        mine = [each for each in customers if (ruleset.key, each.pk) in told]
        still = _true_of(merchant, ruleset, held, [each.pk for each in mine], at=at) if mine else set()
        count += _tell(merchant, ruleset, [], [each for each in mine if each.pk not in still], at=at)
    return count


def waits_for_past(merchant: Merchant) -> bool:
    """Whether nothing is told now, because the log is being read from its past."""
    return _reading(LogSync.objects.for_merchant(merchant)).exists()


def forget(customer: Customer) -> None:
    """Of a shopper with another address nothing was told: what is true of them is told anew, by that one."""
    ToldRuleset.objects.for_merchant(customer.merchant_id).filter(customer=customer).delete()


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


def _tell_all(merchant: Merchant, *, at: datetime, until: float) -> int:
    held, count = rules.of(merchant), 0
    for ruleset in RULESETS:
        for customers in _due(merchant, ruleset, held, at=at):
            if time.monotonic() >= until:
                return count
            count += _tell_some(merchant, ruleset, held, customers, at=at)
    return count


def _reading(syncs: QuerySet[LogSync]) -> QuerySet[LogSync]:
    return syncs.filter(state__in=LogSync.OPEN, is_read=False)


def _due(merchant: Merchant, ruleset: Ruleset, held: LifecycleRules, *, at: datetime) -> Iterator[list[int]]:
    """Customers of whom something is to be told, some hundred at a time: of whom it became true first, then of whom it ended."""
    true = Plan.objects.for_merchant(merchant).filter(ruleset.holds(held, at), _MAY_BE_TOLD)
    for page in _pages(true):
        told = _told(merchant, page)
        yield from _parts([each for each in page if (ruleset.key, each) not in told])
    for page in _pages(ToldRuleset.objects.for_merchant(merchant).filter(ruleset=ruleset.key)):
        still = _true_of(merchant, ruleset, held, page, at=at)
        yield from _parts([each for each in page if each not in still])


def _pages(rows: QuerySet[Any]) -> Iterator[list[int]]:
    """The rows' customers."""
    last, size = 0, PAGE
    while size == PAGE:
        page = list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", "customer_id")[:PAGE])
        yield [customer for _, customer in page]
        last, size = (page[-1][0], len(page)) if page else (last, 0)


def _parts(customers: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(customers), AT_ONCE):
        yield customers[start : start + AT_ONCE]


def _told(merchant: Merchant, customers: Sequence[int]) -> set[tuple[str, int]]:
    """(ruleset, customer) for each that was told of these customers."""
    mine = ToldRuleset.objects.for_merchant(merchant).filter(Among(F("customer_id"), customers))
    return set(mine.values_list("ruleset", "customer_id"))


def _true_of(
    merchant: Merchant, ruleset: Ruleset, held: LifecycleRules, customers: Sequence[int], *, at: datetime
) -> set[int]:
    """Of which of these customers it is true."""
    mine = Plan.objects.for_merchant(merchant).filter(Among(F("customer_id"), customers))
    return set(mine.filter(ruleset.holds(held, at)).values_list("customer_id", flat=True))


def _tell_some(
    merchant: Merchant, ruleset: Ruleset, held: LifecycleRules, customers: Sequence[int], *, at: datetime
) -> int:
    """Tell of these what holds once their plans are locked: whoever changes one waits."""
    with transaction.atomic():
        mine = Plan.objects.for_merchant(merchant).filter(Among(F("customer_id"), customers))
        plans = mine.select_for_update(of=("self",)).select_related("customer").order_by("customer_id")
        whose = [plan.customer for plan in plans]
        told, true = _told(merchant, customers), _true_of(merchant, ruleset, held, customers, at=at)
        known = {customer for key, customer in told if key == ruleset.key}
        began = [each for each in whose if each.pk in true - known and each.may_be_told]
        return _tell(merchant, ruleset, began, [each for each in whose if each.pk in known - true], at=at)


def _tell(
    merchant: Merchant, ruleset: Ruleset, began: Sequence[Customer], ended: Sequence[Customer], *, at: datetime
) -> int:
    rows = [ToldRuleset(merchant=merchant, customer=each, ruleset=ruleset.key, told_at=at) for each in began]
    ToldRuleset.objects.bulk_create(rows)
    if ended:
        mine = ToldRuleset.objects.for_merchant(merchant).filter(Among(F("customer_id"), [each.pk for each in ended]))
        mine.filter(ruleset=ruleset.key).delete()
    kind, names = ProfileChange.Kind.UPSERT, [ruleset.property.name]
    changes = [profiles.of(each, kind, at=at, current=names) for each in (*began, *ended) if each.may_be_told]
    if changes:
        profiles.request_all(merchant, changes, at=at)
    return len(began) + len(ended)

"""Subscriptions as they stand now: the only writer of plans."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from integrations import clean
from integrations.models import Customer, Merchant
from integrations.statements import Among
from lifecycle.inputs import PlanInput
from lifecycle.models import Plan
from lifecycle.models.plan import WORD_LENGTH
from lifecycle.services import lists, suppression, told

WORDS = ("schedule", "box", "status", "is_mailed", "has_filled_out_profile", "signed_up_at")
"""What a source may say of a subscription."""

COLUMNS = (*WORDS, "started_at", "told_at", "recorded_at")


def tell_plan(*, merchant: Merchant, customer: Customer, plan: PlanInput, at: datetime) -> None:
    """Keep what a source says of a customer's subscription; what is older than what is known changes nothing.

    Nothing is kept of a customer who was erased.
    """
    tell_plans(merchant=merchant, plans=[(customer, plan)], at=at)


def tell_plans(*, merchant: Merchant, plans: Sequence[tuple[Customer, PlanInput]], at: datetime) -> None:
    """The same of many customers, in the order in which it is told: a few statements, whatever their number."""
    kept = [
        (customer, plan)
        for customer, plan in plans
        if customer.status != Customer.Status.ERASED and (plan.says_anything or plan.started_at)
    ]
    if not kept:
        return
    earliest: dict[Customer, datetime] = {}
    for customer, plan in kept:
        earliest[customer] = min(plan.told_at, earliest.get(customer, plan.told_at))
    with transaction.atomic():
        # Whoever has none gets an empty one first: then all are locked, and brought up to date alike.
        empty = [
            Plan(merchant=merchant, customer=each, told_at=told, recorded_at=at) for each, told in earliest.items()
        ]
        Plan.objects.bulk_create(sorted(empty, key=lambda row: row.customer_id), ignore_conflicts=True)
        mine = Plan.objects.for_merchant(merchant).filter(Among(F("customer_id"), [each.pk for each in earliest]))
        rows = {row.customer_id: row for row in mine.select_for_update().order_by("customer_id")}
        merged = _merged(merchant, rows)
        if merged:
            # While they were waited for; the plans that they have now are the empty ones.
            mine.filter(customer__in=merged).delete()
            rows = {key: row for key, row in rows.items() if key not in merged}
        before = {key: row.status for key, row in rows.items()}
        for customer, plan in kept:
            if customer.pk in rows:
                _bring_up_to_date(rows[customer.pk], plan, at=at)
        for row in rows.values():
            row.pk = None
        Plan.objects.bulk_create(
            rows.values(), update_conflicts=True, unique_fields=["merchant", "customer"], update_fields=COLUMNS
        )
        locked = [each for each in earliest if each.pk in rows]
        suppression.check(merchant, locked, at=at)
        told.take_back(merchant, locked, at=at)
        moves = [(each, before[each.pk], rows[each.pk].status) for each in locked]
        lists.keep_in_step(merchant, moves, at=at)
        if merged:
            others = [(merged[customer.pk], plan) for customer, plan in kept if customer.pk in merged]
            tell_plans(merchant=merchant, plans=others, at=at)


def _merged(merchant: Merchant, customers: Collection[int]) -> dict[int, Customer]:
    """Those of these who turned out to be others by now, and whom."""
    rows = Customer.objects.for_merchant(merchant).filter(Among(F("pk"), customers), merged_into__isnull=False)
    return {row.pk: row.merged_into for row in rows.select_related("merged_into") if row.merged_into is not None}


def _bring_up_to_date(row: Plan, plan: PlanInput, *, at: datetime) -> None:
    """The newest word holds; the last sign-up that was begun does whoever tells of it, and however late."""
    if plan.says_anything and (plan.told_at >= row.told_at or not row.says_anything):
        for name, value in _said(plan).items():
            setattr(row, name, value)
        row.told_at, row.recorded_at = plan.told_at, at
    if plan.started_at is not None:
        begun = plan.started_at.replace(microsecond=0)
        row.started_at = max(row.started_at or begun, begun)


def _said(plan: PlanInput) -> dict[str, Any]:
    said = {name: value for name in WORDS if (value := getattr(plan, name)) is not None}
    return {name: clean.text(value, WORD_LENGTH) if isinstance(value, str) else value for name, value in said.items()}

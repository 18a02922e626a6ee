"""Subscriptions as they stand now: the only writer of plans."""

from __future__ import annotations

from collections.abc import Sequence
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

WORDS = ("schedule", "box", "status", "is_mailed", "has_filled_out_profile", "signed_up_at")
"""What a source may say of a subscription."""

COLUMNS = (*WORDS, "told_at", "recorded_at")


def tell_plan(*, merchant: Merchant, customer: Customer, plan: PlanInput, at: datetime) -> Plan:
    """Keep what a source says of a customer's subscription; what is older than what is known changes nothing.

    Nothing is kept of a customer who was erased: the plan is then empty, and not saved.
    """
    if customer.status == Customer.Status.ERASED:
        return Plan(merchant=merchant, customer=customer, told_at=plan.told_at, recorded_at=at)
    said = _said(plan)
    with transaction.atomic():
        mine = Plan.objects.for_merchant(merchant).select_for_update()
        row, is_new = mine.get_or_create(
            merchant=merchant, customer=customer, defaults={**said, "told_at": plan.told_at, "recorded_at": at}
        )
        if not is_new and plan.told_at >= row.told_at and said:
            for name, value in said.items():
                setattr(row, name, value)
            row.told_at, row.recorded_at = plan.told_at, at
            row.save(update_fields=[*said, "told_at", "recorded_at"])
    return row


def _said(plan: PlanInput) -> dict[str, Any]:
    said = {name: value for name in WORDS if (value := getattr(plan, name)) is not None}
    return {name: clean.text(value, WORD_LENGTH) if isinstance(value, str) else value for name, value in said.items()}


def tell_plans(*, merchant: Merchant, plans: Sequence[tuple[Customer, PlanInput]], at: datetime) -> None:
    """The same of many customers, in the order in which it is told: three statements, whatever their number."""
    kept = [(customer, plan) for customer, plan in plans if customer.status != Customer.Status.ERASED and _said(plan)]
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
        for customer, plan in kept:
            _bring_up_to_date(rows[customer.pk], plan, at=at)
        for row in rows.values():
            row.pk = None
        Plan.objects.bulk_create(
            rows.values(), update_conflicts=True, unique_fields=["merchant", "customer"], update_fields=COLUMNS
        )


def _bring_up_to_date(row: Plan, plan: PlanInput, *, at: datetime) -> None:
    if plan.told_at >= row.told_at:
        for name, value in _said(plan).items():
            setattr(row, name, value)
        row.told_at, row.recorded_at = plan.told_at, at

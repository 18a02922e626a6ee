"""Subscriptions as they stand now: the only writer of plans."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from integrations import clean
from integrations.models import Customer, Merchant
from lifecycle.inputs import PlanInput
from lifecycle.models import Plan
from lifecycle.models.plan import WORD_LENGTH


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
        if not is_new and said and (plan.told_at >= row.told_at or not row.says_anything):
            for name, value in said.items():
                setattr(row, name, value)
            row.told_at, row.recorded_at = plan.told_at, at
            row.save(update_fields=[*said, "told_at", "recorded_at"])
    return row


def begin_sign_up(*, merchant: Merchant, customer: Customer, started_at: datetime, at: datetime) -> None:
    """Keep when a customer last began to sign up, whoever tells of it: the page or the merchant's log. Whole seconds.

    Nothing is kept of a customer who was erased.
    """
    if customer.status == Customer.Status.ERASED:
        return
    mine = Plan.objects.for_merchant(merchant)
    started_at = started_at.replace(microsecond=0)
    first = {"started_at": started_at, "told_at": started_at, "recorded_at": at}
    with transaction.atomic():
        row, is_new = mine.get_or_create(merchant=merchant, customer=customer, defaults=first)
        if not is_new:
            earlier = mine.filter(pk=row.pk).filter(Q(started_at=None) | Q(started_at__lt=started_at))
            earlier.update(started_at=started_at)


def _said(plan: PlanInput) -> dict[str, Any]:
    said = {name: value for name, value in asdict(plan).items() if value is not None and name != "told_at"}
    return {name: clean.text(value, WORD_LENGTH) if isinstance(value, str) else value for name, value in said.items()}

"""Subscriptions as they stand now: the only writer of plans."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import transaction

from integrations import clean
from integrations.models import Customer, Merchant
from lifecycle.inputs import PlanInput
from lifecycle.models import Plan
from lifecycle.models.plan import WORD_LENGTH
from lifecycle.services import lists, suppression


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
        before = "" if is_new else row.status
        if not is_new and plan.told_at >= row.told_at and said:
            for name, value in said.items():
                setattr(row, name, value)
            row.told_at, row.recorded_at = plan.told_at, at
            row.save(update_fields=[*said, "told_at", "recorded_at"])
        suppression.check(merchant, [customer], at=at)
        lists.keep_in_step(merchant, [(customer, before, row.status)], at=at)
    return row  # type: ignore[no-any-return]


def _said(plan: PlanInput) -> dict[str, Any]:
    said = {name: value for name, value in asdict(plan).items() if value is not None and name != "told_at"}
    return {name: clean.text(value, WORD_LENGTH) if isinstance(value, str) else value for name, value in said.items()}

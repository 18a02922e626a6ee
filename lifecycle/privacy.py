"""What is held of a subscriber, and how it is emptied."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from integrations.disclosure import told
from integrations.models import Merchant
from integrations.privacy import Holding, register
from lifecycle.models import Activity, Plan, ToldRuleset


def _plans(merchant: Merchant, customers: Sequence[int]) -> Any:
    return Plan.objects.for_merchant(merchant).filter(customer__in=customers)


def _empty_plans(merchant: Merchant, customers: Sequence[int]) -> int:
    return int(
        _plans(merchant, customers).update(
            schedule="",
            box="",
            status="",
            is_mailed=None,
            has_filled_out_profile=None,
            signed_up_at=None,
            started_at=None,
        )
    )


def _tell_plans(merchant: Merchant, customers: Sequence[int]) -> Iterator[dict[str, Any]]:
    columns = ("told_at", "schedule", "box", "status", "is_mailed", "has_filled_out_profile", "signed_up_at")
    return told(_plans(merchant, customers), *columns, "started_at")


def _rulesets(merchant: Merchant, customers: Sequence[int]) -> Any:
    return ToldRuleset.objects.for_merchant(merchant).filter(customer__in=customers)


def _forget_rulesets(merchant: Merchant, customers: Sequence[int]) -> int:
    return int(_rulesets(merchant, customers).delete()[0])


def _tell_rulesets(merchant: Merchant, customers: Sequence[int]) -> Iterator[dict[str, Any]]:
    return told(_rulesets(merchant, customers), "ruleset", "told_at")


def _activities(merchant: Merchant, customers: Sequence[int]) -> Any:
    return Activity.objects.for_merchant(merchant).filter(customer__in=customers)


def _entry_ids(merchant: Merchant, customers: Sequence[int]) -> Iterator[str]:
    yield from _activities(merchant, customers).values_list("entry_id", flat=True).iterator()


def _empty_activities(merchant: Merchant, customers: Sequence[int]) -> int:
    """That something of the kind happened stays, and counts."""
    return int(_activities(merchant, customers).update(data={}))


def _tell_activities(merchant: Merchant, customers: Sequence[int]) -> Iterator[dict[str, Any]]:
    return told(_activities(merchant, customers), "occurred_at", "kind", "entry_id", "data", "recorded_at", "note")


register(
    Holding("plans", _empty_plans, _tell_plans),
    Holding("told_rulesets", _forget_rulesets, _tell_rulesets),
    Holding("activities", _empty_activities, _tell_activities, references=_entry_ids),
)

"""What is held of a subscriber, and how it is emptied."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from integrations.disclosure import told
from integrations.models import Merchant
from integrations.privacy import Holding, register
from lifecycle.models import Plan


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


register(Holding("plans", _empty_plans, _tell_plans))

"""Placing everybody anew: foreseen, worked at step by step, and gone on with."""

from __future__ import annotations

import pytest
from time_machine import travel

from integrations.models import Merchant
from integrations.people import PersonInput
from loyalty import recomputation, tasks
from loyalty.models import LoyaltyClock, TierTransition
from loyalty.services import tier_rules
from tests.loyalty.telling import MAY, merchant_with_programme, order
from tests.tracking.telling import AT, HOUR


@pytest.fixture
def merchant(db: None) -> Merchant:
    """With three members, of whom two belong into a tier that came later."""
    made = merchant_with_programme()
    for number, spent in enumerate(("120", "90", "300")):
        order(made, f"b{number}", spent, person=PersonInput(email=f"{number}@shopper.example"))
    tier_rules.save(made, "silver", by=MAY, at=AT, name="Silver", entry_minor=10_000)
    return made


def test_what_it_would_do_is_what_it_does(merchant: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
    (way,) = recomputation.foresee(merchant, at=AT + HOUR) or []
    assert (way.before, way.after and way.after.key, way.members) == (None, "silver", 2)
    assert not TierTransition.objects.exists()

    assert recomputation.recompute(merchant, by=MAY, at=AT + HOUR) == 2
    assert recomputation.foresee(merchant, at=AT + HOUR) == []
    monkeypatch.setattr(recomputation, "MOST_FORESEEN", 2)
    assert recomputation.foresee(merchant, at=AT + HOUR) is None


def test_a_worker_goes_on_where_it_was(merchant: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recomputation, "BATCH", 1)
    assert recomputation.recompute(merchant, by=MAY, at=AT + HOUR, seconds=0) is None
    assert TierTransition.objects.count() == 1

    with travel(AT + 2 * HOUR, tick=False):
        tasks.do_nights()

    clock = LoyaltyClock.objects.get()
    assert (TierTransition.objects.count(), clock.placing_at, clock.placing_moved) == (2, None, 2)

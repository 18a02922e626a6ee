"""Tiers: what may be said of them, what the profile says, whose they are, and what they cost in statements."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from integrations import privacy
from integrations.catalog import catalog
from integrations.models import AuditEntry, Merchant
from integrations.people import PersonInput
from loyalty.models import LoyaltyClock, Member, Tier, TierTransition
from loyalty.services import tier_rules
from tests.loyalty.telling import MAY, ann, member, merchant_with_programme, order
from tests.loyalty.telling_tiers import (
    TODAY,
    adding_up,
    assign,
    merchant_with_tiers,
    midnight,
    sleep_until,
    transitions,
)
from tests.tracking.telling import AT, DAY, HOUR


@pytest.fixture
def merchant(db: None) -> Any:
    """A merchant with tiers, whose ledger and tiers add up in the end."""
    yield from adding_up()


def test_wrong_tiers_are_refused_by_the_field(merchant: Merchant) -> None:
    wrong: list[tuple[str, dict[str, Any], str]] = [
        ("Gold!", {"name": "Gold"}, "key"),
        ("new", {}, "name"),
        ("new", {"name": "New", "entry_minor": -1}, "entry_minor"),
        ("new", {"name": "New", "entry_minor": 50_000}, "entry_minor"),
        ("new", {"name": "New", "entry_minor": 5, "maintain_minor": 6}, "maintain_minor"),
        ("new", {"name": "New", "kind": "custom", "entry_minor": 5}, "entry_minor"),
        ("new", {"name": "New", "entry_minor": 5, "period_days": 0}, "period_days"),
        ("new", {"name": "New", "entry_minor": 5, "names": {"German": "Neu"}}, "names"),
        ("new", {"name": "New", "entry_minor": 5, "names": {"de": " "}}, "names"),
        ("new", {"name": "New", "entry_minor": 5, "names": ["de"]}, "names"),
        ("gold", {"kind": "custom"}, "kind"),
    ]
    for key, values, name in wrong:
        with pytest.raises(ValidationError) as refused:
            tier_rules.save(merchant, key, by=MAY, at=AT, **values)
        assert name in refused.value.message_dict, (key, values)
    with pytest.raises(TypeError, match="no rule of a tier: colour"):
        tier_rules.save(merchant, "gold", by=MAY, at=AT, colour="gold")
    with pytest.raises(LookupError, match="there is no tier 'new'"):
        tier_rules.retire(merchant, "new", by=MAY, at=AT)
    assert Tier.objects.count() == 4

    tier_rules.save(merchant, "gold", by=MAY, at=AT, bonus_points=7)
    tier_rules.save(merchant, "gold", by=MAY, at=AT, bonus_points=7)
    assert [(each.what, each.details) for each in AuditEntry.objects.all()] == [
        ("changed the tier gold", ["Bonus points: 7"])
    ]


def test_the_database_refuses_a_second_transition_of_one_cause_and_a_change(merchant: Merchant) -> None:
    order(merchant, "1", "120")
    first = TierTransition.objects.get()
    with pytest.raises(TypeError, match="never changed"):
        first.save()
    first.pk, first._state.adding = None, True
    with pytest.raises(IntegrityError), transaction.atomic():
        first.save()


def test_the_profile_has_the_tier_as_it_is_now(
    merchant: Merchant, django_assert_num_queries: Any, time_machine: Any
) -> None:
    order(merchant, "1", "120")
    key, names = ann().pk, catalog["tiers_updated"].profile_names
    time_machine.move_to(AT + DAY)
    with django_assert_num_queries(3):
        read = catalog.profile_properties(merchant.pk, {key: names, 0: names})

    assert read == {
        key: {
            "loyalty_member_tier": "silver",
            "loyalty_member_tier_name": "Silver",
            "loyalty_member_tier_name_{locale}": {"de": "Silber", "fr": "Silver"},
            "loyalty_member_tier_expired_at": midnight(366).isoformat(),
            "loyalty_member_tier_updated_at": AT.isoformat(),
            "loyalty_next_tier_name": "Gold",
            "loyalty_next_tier_spend_needed": 380.0,
        },
        0: {},
    }
    sent = catalog["tiers_updated"].spelled_out(read[key], merchant)
    assert {"loyalty_member_tier_name_de": "Silber", "loyalty_member_tier_name_fr": "Silver"}.items() <= sent.items()
    assert len(sent) == 8
    time_machine.move_to(midnight(366) + HOUR)
    read = catalog.profile_properties(merchant.pk, {key: names})
    assert read[key]["loyalty_next_tier_spend_needed"] == 500.0
    with django_assert_num_queries(1):
        catalog.profile_properties(merchant.pk, {key: {"loyalty_member_tier", "loyalty_member_tier_name"}})


def test_what_names_a_shopper_is_emptied_and_told(merchant: Merchant) -> None:
    member(merchant)
    assign(merchant, "silver", reason="Ann asked for it")
    (holding,) = (each for each in privacy.holdings() if each.name == "tiers")
    (row,) = holding.tell(merchant, [ann().pk])
    assert (row["to_tier__name"], row["reason"]) == ("Silver", "Ann asked for it")

    assert holding.empty(merchant, [ann().pk]) == 1
    assert TierTransition.objects.get().reason == ""


def counted(merchant: Merchant, key: str, **more: Any) -> int:
    """Statements that an order costs."""
    with CaptureQueriesContext(connection) as queries:
        order(merchant, key, **more)
    return len(queries)


@pytest.mark.postgres
def test_an_order_costs_three_statements_more_where_there_are_tiers_and_none_elsewhere(db: None) -> None:
    without = merchant_with_programme()
    counts = []
    for made in (without, merchant_with_tiers()):
        for number in range(2):
            order(made, str(number), "1")
        counts.append((counted(made, "2", net="1", hours=1), counted(made, "2", net="1", hours=2)))

    # The lock is there already; the tiers, what was spent.
    assert counts[1][0] - counts[0][0] == 3
    assert counts[1][1] == counts[0][1]


@pytest.mark.postgres
def test_the_statements_of_a_night_do_not_grow_with_the_members(merchant: Merchant) -> None:
    counts = []
    for members, end in ((3, 366), (30, 800)):
        for number in range(members):
            person = PersonInput(email=f"{members}-{number}@shopper.example")
            since = midnight(end - 366) + HOUR
            order(merchant, f"{members}-{number}", "600", person=person, created_at=since, hours=(since - AT) / HOUR)
        LoyaltyClock.objects.update(done_on=TODAY + timedelta(days=end - 1))
        with CaptureQueriesContext(connection) as queries:
            sleep_until(midnight(end))
        counts.append(len(queries))
        LoyaltyClock.objects.update(done_on=TODAY)

    assert TierTransition.objects.filter(type="spending_downgrade").count() == 33
    assert counts[0] == counts[1]


def test_the_tiers_of_one_merchant_are_not_anothers(merchant: Merchant) -> None:
    other = merchant_with_programme()
    order(other, "1", "600", person=PersonInput(email="other@shopper.example"))
    assert transitions() == []

    with transaction.atomic():
        Member.objects.for_merchant(other).update(tier=Tier.objects.get(key="gold"))
        with pytest.raises(IntegrityError), transaction.atomic():
            connection.check_constraints()
        transaction.set_rollback(True)

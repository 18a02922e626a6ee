"""Tiers of members: what orders raise, what the end of a period changes, what people assign, and what a recomputation places."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from integrations import privacy
from integrations.catalog import catalog
from integrations.models import AuditEntry, Customer, Merchant
from integrations.people import PersonInput
from loyalty import services
from loyalty.models import Grant, LoyaltyClock, Member, Tier, TierTransition
from loyalty.recomputation import recompute
from loyalty.services import programmes, tier_rules
from loyalty.verification import verify
from tests.loyalty.telling import MAY, ann, balance, member, merchant_with_programme, order, told
from tests.loyalty.telling_tiers import (
    assign,
    merchant_with_tiers,
    sleep_until,
    tier_of,
    told_times,
    transitions,
)
from tests.tracking.telling import ANN, AT, DAY, HOUR
from tracking.business_time import begin_of

TODAY = date(2026, 11, 20)


def midnight(days: int) -> Any:
    """The one that begins the day so many days after the first order's."""
    return begin_of(TODAY + timedelta(days=days), "Europe/Berlin")


@pytest.fixture
def merchant(db: None) -> Any:
    """A merchant with tiers; in the end its ledger adds up, and every member holds what the last transition led to."""
    made = merchant_with_tiers()
    LoyaltyClock.objects.update(done_on=TODAY)
    yield made
    assert verify(made) == []
    for each in Member.objects.all():
        last = TierTransition.objects.filter(member=each).order_by("id").last()
        held = (each.tier_id, each.tier_since, each.tier_expires_at)
        assert held == ((last.to_tier_id, last.effective_at, last.expires_at) if last else (None, None, None))


def test_an_order_places_its_shopper_and_the_next_one_raises_them_at_once(merchant: Merchant) -> None:
    order(merchant, "1", "99.99")
    assert transitions() == [("spending_assign", "", "bronze")]
    order(merchant, "2", "0.01", hours=1)
    assert transitions()[1:] == [("spending_upgrade", "bronze", "silver")]
    order(merchant, "3", "1000", hours=2)

    assert [(each["Type"], each["TierId"]) for each in told("tiers_updated")] == [
        ("spending_assign", "bronze"),
        ("spending_upgrade", "silver"),
        ("spending_upgrade", "gold"),
    ]
    assert told("tiers_updated")[1] == {
        "Type": "spending_upgrade",
        "TierId": "silver",
        "TierName": "Silver",
        "PreviousTierId": "bronze",
        "PreviousTierName": "Bronze",
        "TierExpiresAt": midnight(366).isoformat(),
        "Spend365": 100.0,
        "MaintainSpend": 80.0,
        "NextTierName": "Gold",
        "NextTierSpendNeeded": 400.0,
    }
    assert told_times() == [AT, AT + HOUR, AT + 2 * HOUR]


def test_the_same_news_again_changes_nothing(merchant: Merchant) -> None:
    for hours in range(3):
        order(merchant, "1", "500", hours=hours)
    programmes.change(merchant, by=MAY, at=AT + HOUR, points_per_unit=Decimal(0))
    for hours in range(3, 6):
        order(merchant, "2", "500", hours=hours, created_at=AT + 2 * HOUR)

    assert transitions() == [("spending_assign", "", "gold")]


def test_what_does_not_count(merchant: Merchant) -> None:
    order(merchant, "1", "10")
    order(merchant, "2", "600", currency="USD")
    order(merchant, "3", "600", is_paid=False)
    order(merchant, "4", "600", cancelled_at=AT + HOUR)
    order(merchant, "5", "600", is_test=True)
    order(merchant, "6", "600", created_at=midnight(-365) - HOUR)
    order(merchant, "7", "600", refunded="550")
    order(merchant, "8", net_value=None)

    assert tier_of(merchant) == "bronze"
    order(merchant, "9", "40", created_at=midnight(-365), hours=1)
    # That order came from before the programme, which looks at it with the next one.
    assert tier_of(merchant) == "bronze"
    order(merchant, "10", "1", currency="", hours=2)
    assert (tier_of(merchant), told("tiers_updated")[-1]["Spend365"]) == ("silver", 101.0)


def test_a_refund_never_takes_a_tier_but_counts_when_the_period_is_over(merchant: Merchant) -> None:
    order(merchant, "1", "600")
    order(merchant, "2", "390", created_at=AT + 30 * DAY, hours=30 * 24)
    order(merchant, "2", "390", created_at=AT + 30 * DAY, refunded="311", hours=31 * 24)
    assert tier_of(merchant) == "gold"

    sleep_until(midnight(366) - HOUR)
    assert tier_of(merchant) == "gold"
    sleep_until(midnight(366))

    assert transitions()[1:] == [("spending_downgrade", "gold", "bronze")]
    assert "TierExpiresAt" not in told("tiers_updated")[-1]
    assert (told("tiers_updated")[-1]["Spend365"], told_times()[-1]) == (79.0, midnight(366))


@pytest.mark.parametrize(
    ("spent", "expected"),
    [
        ("400", ("spending_extend", "gold")),
        ("399.99", ("spending_downgrade", "silver")),
        ("100", ("spending_downgrade", "silver")),
        ("99.99", ("spending_downgrade", "bronze")),
    ],
)
def test_at_the_end_of_a_period_maintaining_decides_and_below_it_entering(
    merchant: Merchant, spent: str, expected: tuple[str, str]
) -> None:
    order(merchant, "1", "500")
    order(merchant, "2", spent, created_at=midnight(1), hours=14)
    order(merchant, "3", "1000", created_at=midnight(366), is_paid=False, hours=366 * 24)

    sleep_until(midnight(366))

    assert [(type, after) for type, _, after in transitions()[1:]] == [expected]
    if expected[0] == "spending_extend":
        assert Member.objects.get().tier_expires_at == midnight(366 + 365)


def test_nights_that_were_missed_are_made_up_for_and_done_once(merchant: Merchant) -> None:
    order(merchant, "1", "600")
    order(merchant, "2", "450", created_at=AT + 200 * DAY, hours=200 * 24)
    sleep_until(midnight(366 + 365 + 40))
    sleep_until(midnight(366 + 365 + 41))

    assert transitions()[1:] == [("spending_extend", "gold", "gold"), ("spending_downgrade", "gold", "bronze")]
    assert told_times()[1:] == [midnight(366), midnight(366 + 365)]


def test_an_order_after_a_midnight_that_was_not_worked_through_ends_the_period_first(merchant: Merchant) -> None:
    order(merchant, "1", "600")
    # What is bought at that very midnight is of the next period.
    order(merchant, "2", "450", created_at=midnight(366), hours=(midnight(366) - AT) / HOUR)

    assert transitions()[1:] == [("spending_downgrade", "gold", "bronze"), ("spending_upgrade", "bronze", "silver")]
    sleep_until(midnight(367))
    assert len(transitions()) == 3


def test_a_period_has_its_days_in_a_leap_year_too(merchant: Merchant) -> None:
    order(merchant, "1", "600", created_at=AT + 400 * DAY, hours=400 * 24)

    # 25 December 2027 and 365 whole days, of which one is 29 February 2028.
    assert Member.objects.get().tier_expires_at == begin_of(date(2028, 12, 25), "Europe/Berlin")


def test_a_custom_tier_stays_until_its_day_and_then_spending_decides(merchant: Merchant) -> None:
    order(merchant, "1", "120")
    assign(merchant, "friends", until=TODAY + 10 * DAY, at=AT + HOUR)
    order(merchant, "2", "600", hours=2)
    sleep_until(midnight(11) - HOUR)
    assert tier_of(merchant) == "friends"
    sleep_until(midnight(11))

    assert transitions()[1:] == [("manual_assign", "silver", "friends"), ("spending_assign", "friends", "gold")]
    assert told("tiers_updated")[1] == {
        "Type": "manual_assign",
        "TierId": "friends",
        "TierName": "Friends",
        "PreviousTierId": "silver",
        "PreviousTierName": "Silver",
        "TierExpiresAt": midnight(11).isoformat(),
        "Spend365": 120.0,
    }
    assert told_times()[-1] == midnight(11)


def test_a_custom_tier_for_good_has_no_end(merchant: Merchant) -> None:
    member(merchant)
    assign(merchant, "friends")
    sleep_until(midnight(800))
    assert recompute(merchant, by=MAY, at=midnight(800)) == 0

    assert tier_of(merchant) == "friends"
    assign(merchant, "gold", at=midnight(800))
    sleep_until(midnight(800 + 365))
    assert transitions()[1:] == [("manual_assign", "friends", "gold"), ("spending_downgrade", "gold", "bronze")]


def test_a_tier_by_hand_says_who_and_why_once(merchant: Merchant) -> None:
    member(merchant)
    first = assign(merchant, "silver", reason=" came\tlate ", cause="form:1")
    again = assign(merchant, "gold", cause="form:1")

    assert (again.pk, first.reason, first.actor) == (first.pk, "came late", "May")
    assert transitions() == [("manual_assign", "", "silver")]
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"tier": "platinum"}, "tier"),
        ({"tier": "gold", "reason": "\n"}, "reason"),
        ({"tier": "gold", "until": TODAY - DAY}, "until"),
        ({"tier": "gold", "until": date(9999, 12, 31)}, "until"),
        ({"tier": "gold", "cause": "x" * 101}, "cause"),
    ]
    for given, name in wrong:
        with pytest.raises(ValidationError) as refused:
            assign(merchant, **given)
        assert list(refused.value.message_dict) == [name]
    stranger = Customer.objects.create(merchant=merchant, email="stranger@shopper.example")
    with pytest.raises(services.NoMember):
        assign(merchant, "gold", customer=stranger)


def test_a_lower_tier_by_hand_holds_until_the_next_order(merchant: Merchant) -> None:
    programmes.change(merchant, by=MAY, at=AT - HOUR, points_per_unit=Decimal(0))
    order(merchant, "1", "600")
    assign(merchant, "silver", at=AT + HOUR)
    order(merchant, "1", "600", hours=2)
    assert tier_of(merchant) == "silver"

    order(merchant, "2", "1", hours=3)
    assert tier_of(merchant) == "gold"


def test_a_rise_gives_its_points_once_for_each_tier(merchant: Merchant) -> None:
    for key, points in (("silver", 50), ("gold", 200), ("friends", 30)):
        tier_rules.save(merchant, key, by=None, at=AT, bonus_points=points)
    order(merchant, "1", "100")
    assign(merchant, "bronze", at=AT + HOUR)
    order(merchant, "2", "1", hours=2)
    assign(merchant, "friends", at=AT + 3 * HOUR)
    assign(merchant, "friends", at=AT + 4 * HOUR)
    assign(merchant, "silver", at=AT + 5 * HOUR)

    bonuses = [each for each in told("points_added") if each["Source"] == "tier_bonus"]
    assert [(each["Points"], each["BalanceAfter"]) for each in bonuses] == [(50, 150), (30, 181)]
    assert balance(merchant) == 181


def test_an_order_earns_by_the_tier_that_was_held_before_it(merchant: Merchant) -> None:
    tier_rules.save(merchant, "gold", by=None, at=AT, points_per_unit=Decimal("2.5"))
    order(merchant, "1", "500")
    order(merchant, "2", "10", hours=1)
    order(merchant, "2", "10", refunded="5", hours=2)

    assert list(Grant.objects.order_by("pk").values_list("points", "reversed_points")) == [(500, 0), (25, 12)]


def test_a_change_of_rules_moves_nobody_until_it_is_asked_for(merchant: Merchant) -> None:
    order(merchant, "1", "120")
    for number, spent in enumerate(("30", "60", "600")):
        order(merchant, f"b{number}", spent, person=PersonInput(email=f"{number}@shopper.example"))
    member(merchant)
    assign(merchant, "friends", customer=Customer.objects.get(email="0@shopper.example"))
    written = len(transitions())
    tier_rules.save(merchant, "silver", by=MAY, at=AT, entry_minor=5_000, maintain_minor=5_000)
    tier_rules.save(merchant, "gold", by=MAY, at=AT, entry_minor=70_000, maintain_minor=70_000)
    sleep_until(midnight(5))
    assert len(transitions()) == written

    assert recompute(merchant, by=MAY, at=midnight(5)) == 2
    assert recompute(merchant, by=MAY, at=midnight(6)) == 0

    assert transitions()[written:] == [("spending_assign", "bronze", "silver"), ("spending_assign", "gold", "silver")]
    assert AuditEntry.objects.filter(what__startswith="had the tiers of all members").count() == 2


def test_tiers_that_come_later_place_who_is_there(db: None) -> None:
    merchant = merchant_with_programme()
    order(merchant, "1", "120")
    tier_rules.save(merchant, "silver", by=None, at=AT, name="Silver", entry_minor=10_000)
    assert recompute(merchant, by=MAY, at=AT + HOUR) == 1
    tier_rules.retire(merchant, "silver", by=MAY, at=AT)
    assert tier_of(merchant) == "silver"

    assert recompute(merchant, by=MAY, at=AT + 2 * HOUR) == 1
    tier_rules.save(merchant, "silver", by=MAY, at=AT)
    order(merchant, "2", "1", hours=3)

    assert transitions() == [
        ("spending_assign", "", "silver"),
        ("spending_assign", "silver", ""),
        ("spending_upgrade", "", "silver"),
    ]
    assert told("tiers_updated")[1] == {
        "Type": "spending_assign",
        "PreviousTierId": "silver",
        "PreviousTierName": "Silver",
        "Spend365": 120.0,
    }


def test_a_retired_tier_is_kept_until_the_period_is_over(merchant: Merchant) -> None:
    order(merchant, "1", "600")
    order(merchant, "2", "600", created_at=AT + 100 * DAY, hours=2400)
    tier_rules.retire(merchant, "gold", by=MAY, at=AT)
    tier_rules.save(merchant, "ruby", by=MAY, at=AT, name="Ruby", entry_minor=50_000)
    with pytest.raises(ValidationError, match="there are: bronze, silver, friends, ruby"):
        assign(merchant, "gold")
    assert tier_of(merchant) == "gold"
    sleep_until(midnight(366))

    assert transitions()[1:] == [("spending_assign", "gold", "ruby")]


def test_who_joins_without_an_order_is_placed_too(merchant: Merchant) -> None:
    for _ in range(2):
        with transaction.atomic():
            services.told_of_customer(merchant=merchant, person=ANN, at=AT)

    assert transitions() == [("spending_assign", "", "bronze")]
    properties = catalog.profile_properties(merchant.pk, {ann().pk: catalog["member_activated"].profile_names})
    assert properties[ann().pk]["loyalty_member_tier"] == "bronze"


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
    sent = catalog["tiers_updated"].spelled_out(read[key])
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

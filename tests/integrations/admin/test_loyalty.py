"""Loyalty as a CSM sees it: members with their ledger, points by hand, rules, tiers and rewards, each by one service call."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from integrations.models import AuditEntry, Customer, Merchant
from loyalty import services
from loyalty.models import IssuedReward, LedgerEntry, Member, PointSource, Programme, Reward, RewardCode, Tier
from loyalty.services import programmes
from tests.loyalty.rewarding import five_off, issue, pooled
from tests.loyalty.telling import add, member
from tests.loyalty.telling_tiers import assign, merchant_with_tiers
from tests.tracking.telling import AT

NEWCOMER = {"email": "ben@example.com", "created_at": AT}
PAGES = ("member", "ledgerentry", "programme", "tier", "reward", "issuedreward")


@pytest.fixture
def merchant(db: Any) -> Merchant:
    """Who has a programme with tiers, and one member with 300 points, a reward and a tier."""
    merchant = merchant_with_tiers()
    member(merchant)
    add(merchant, 300)
    issue(merchant, five_off(merchant))
    assign(merchant, "gold")
    return merchant


def address(name: str, *args: object, **query: object) -> str:
    """Of a page of loyalty."""
    return reverse(f"admin:loyalty_{name}", args=args, query={key: str(each) for key, each in query.items()} or None)


def shown(client: Client, page: str) -> dict[str, Any]:
    """A form as the page shows it."""
    form = client.get(page).context["form"]
    said = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in said.items() if value is not None and value is not False}


def send(client: Client, page: str, **values: Any) -> Any:
    """Send the form of a page in which only `values` were touched."""
    return client.post(page, shown(client, page) | values, follow=True)


def trail() -> list[tuple[str, bool]]:
    """What the merchant's trail says of staff."""
    return list(AuditEntry.objects.filter(as_staff=True).order_by("pk").values_list("what", "as_staff"))


def test_a_member_is_found_with_all_that_they_have(csm: Client, merchant: Merchant) -> None:
    other = Customer.objects.create(merchant=merchant, **NEWCOMER)
    services.enrol(merchant, other, Member.Source.SHOP, at=AT)
    row = Member.objects.exclude(customer=other).get()
    found = csm.get(address("member_changelist"), {"q": row.customer.email})
    page = csm.get(address("member_change", row.pk)).content.decode()

    assert list(found.context["cl"].result_list) == [row]
    assert [word in page for word in ("250", "Redemption", "5 € off", "Gold", "as promised")] == [True] * 5
    assert re.search(r"TEA-\w{8}", page)


def test_the_ledger_on_the_page_is_read_a_page_at_a_time(csm: Client, merchant: Merchant) -> None:
    for number in range(25):
        add(merchant, 1, note=f"note {number:02}")
    page = address("member_change", Member.objects.get().pk)
    first, last = (csm.get(page, {"entries-page": each}).content.decode() for each in (1, 3))

    assert [f"note {number}" in first for number in ("24", "00")] == [True, False]
    assert [f"note {number}" in last for number in ("24", "00")] == [False, True]


def test_points_by_hand_are_posted_once_with_the_reason_and_stand_in_the_trail(csm: Client, merchant: Merchant) -> None:
    page = address("member_adjust", Member.objects.get().pk)
    once = shown(csm, page) | {"points": "-40", "reason": "Counted twice"}
    answers = [csm.post(page, once, follow=True) for _ in range(2)]
    entry = LedgerEntry.objects.get(source="manual", points__lt=0)

    assert (entry.points, entry.note, entry.actor) == (-40, "Counted twice", "carla")
    assert (Member.objects.get().balance, trail()) == (210, [("adjusted points", True)])
    assert all("The balance is 210 now." in each.content.decode() for each in answers)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"points": "-251", "reason": "Too many"}, "points"),
        ({"points": "0", "reason": "None"}, "points"),
        ({"points": "5", "reason": " "}, "reason"),
        ({"points": "5", "reason": "Twice", "once": "no"}, "once"),
    ],
)
def test_points_that_cannot_be_posted_are_an_error_of_the_form(
    csm: Client, merchant: Merchant, values: dict[str, str], field: str
) -> None:
    answer = send(csm, address("member_adjust", Member.objects.get().pk), **values)

    assert list(answer.context["form"].errors) == [field]
    assert (Member.objects.get().balance, trail()) == (250, [])


def test_an_entry_says_from_which_lots_it_took(csm: Client, merchant: Merchant) -> None:
    paid = LedgerEntry.objects.get(source="reward_redemption")
    page = csm.get(address("ledgerentry_change", paid.pk)).content.decode()

    assert "50 from those of 2026-11-20" in page


def test_new_rules_are_a_new_version(csm: Client, merchant: Merchant) -> None:
    answer = send(csm, address("programme_add", merchant=merchant.pk), points_per_unit="2", expiring_windows="30, 7")
    newest = programmes.newest(merchant)

    assert newest is not None
    assert (newest.version, int(newest.points_per_unit), newest.expiring_windows) == (2, 2, [30, 7])
    assert "1.00 → 2.00" in answer.content.decode()
    assert trail() == [("changed the loyalty programme", True)]


def test_rules_that_somebody_changed_meanwhile_are_not_taken_back_unseen(csm: Client, merchant: Merchant) -> None:
    page = address("programme_add", merchant=merchant.pk)
    before = shown(csm, page)
    programmes.change(merchant, by=None, at=AT, points_per_unit=5)
    answer = csm.post(page, before | {"points_per_unit": "2"})

    assert "Somebody made version 2 meanwhile" in answer.content.decode()
    assert Programme.objects.count() == 2


def test_a_tier_is_made_and_changed_in_the_merchants_currency(csm: Client, merchant: Merchant) -> None:
    made = {"key": "ruby", "kind": "spending", "name": "Ruby", "entry": "1000", "maintain": "900.50"}
    send(csm, address("tier_add", merchant=merchant.pk), **made, names="de: Rubin\npt-BR: Rubi")
    ruby = Tier.objects.get(key="ruby")
    page = address("tier_rules", ruby.pk)
    before = shown(csm, page)
    send(csm, page, bonus_points="50")
    refused = send(csm, page, maintain="2000")
    same = send(csm, page, entry="500", maintain="1")

    assert (ruby.entry_minor, ruby.maintain_minor, ruby.names) == (100_000, 90_050, {"de": "Rubin", "pt-BR": "Rubi"})
    assert (str(before["maintain"]), before["names"]) == ("900.50", "de: Rubin\npt-BR: Rubi")
    assert Tier.objects.get(key="ruby").bonus_points == 50
    assert list(refused.context["form"].errors) == ["maintain"]
    assert "The tier gold asks for the same" in same.content.decode()
    assert trail() == [("made the tier ruby", True), ("changed the tier ruby", True)]


def test_the_key_of_a_tier_that_there_is_is_refused(csm: Client, merchant: Merchant) -> None:
    given = {"key": "gold", "kind": "spending", "name": "Mine", "entry": "1", "maintain": "1"}
    answer = send(csm, address("tier_add", merchant=merchant.pk), **given)

    assert list(answer.context["form"].errors) == ["key"]
    assert Tier.objects.get(key="gold").name == "Gold"


def test_a_tier_is_retired_after_a_second_thought(csm: Client, merchant: Merchant) -> None:
    tier = Tier.objects.get(key="silver")
    page = address("tier_deed", tier.pk, "retire")
    asked = csm.post(page).content.decode()
    before = Tier.objects.get(key="silver").retired_at
    csm.post(page, {"confirmed": "yes"})

    assert ("Who holds it keeps it" in asked, before) == (True, None)
    assert Tier.objects.get(key="silver").retired_at is not None
    assert trail() == [("retired the tier silver", True)]


def test_a_reward_is_offered_gets_codes_and_is_retired(csm: Client, merchant: Merchant) -> None:
    given = {"kind": "Discount_code", "name": "Tea", "discount": "5", "codes": "pool", "points_cost": "10"}
    send(csm, address("reward_add", merchant=merchant.pk), **given)
    tea = Reward.objects.get(name="Tea")
    answer = send(csm, address("reward_codes", tea.pk), codes="A-1\n\n A-2 \nA-1\n")
    csm.post(address("reward_deed", tea.pk, "retire"), {"confirmed": "yes"})

    assert sorted(RewardCode.objects.filter(reward=tea).values_list("code", flat=True)) == ["A-1", "A-2"]
    assert "2 codes were added." in answer.content.decode()
    assert Reward.objects.get(name="Tea").retired_at is not None
    assert [what for what, _ in trail()] == ["offered a reward", "added 2 codes", "retired a reward"]


@pytest.mark.parametrize(
    ("values", "field"),
    [({"kind": "Free_product"}, "product_id"), ({"kind": "Custom", "code_pattern": "A-##"}, "code_pattern")],
)
def test_a_reward_that_makes_no_sense_is_told_at_its_field(
    csm: Client, merchant: Merchant, values: dict[str, str], field: str
) -> None:
    answer = send(csm, address("reward_add", merchant=merchant.pk), name="Odd", **values)

    assert (list(answer.context["form"].errors), Reward.objects.filter(name="Odd").count()) == ([field], 0)


def test_a_reward_that_the_programme_gives_is_not_retired(csm: Client, merchant: Merchant) -> None:
    gift = pooled(merchant, "A-1", name="Gift")
    programmes.change(merchant, by=None, at=AT, welcome_reward=gift)
    answer = csm.post(address("reward_deed", gift.pk, "retire"), {"confirmed": "yes"}, follow=True)

    assert "The programme gives it" in answer.content.decode()
    assert Reward.objects.get(pk=gift.pk).retired_at is None


def test_an_issued_reward_is_taken_back_and_its_points_return(csm: Client, merchant: Merchant) -> None:
    issued = IssuedReward.objects.get()
    found = csm.get(address("issuedreward_changelist"), {"q": issued.code.code if issued.code else ""})
    page = address("issuedreward_deed", issued.pk, "deactivate")
    csm.post(page, {"confirmed": "yes"})
    reverted = LedgerEntry.objects.get(source="reward_redemption_reverted")

    assert list(found.context["cl"].result_list) == [issued]
    assert (Member.objects.get().balance, reverted.actor) == (300, "carla")
    assert IssuedReward.objects.get().deactivated_at is not None


def test_a_used_reward_is_not_taken_back(csm: Client, merchant: Merchant) -> None:
    issued = IssuedReward.objects.get()
    services.use_reward(merchant=merchant, key=issued.pk, at=AT)
    page = address("issuedreward_deed", issued.pk, "deactivate")
    answer = csm.post(page, {"confirmed": "yes"}, follow=True)

    assert "Nothing was done: the reward was used" in answer.content.decode()
    assert Member.objects.get().balance == 250


@pytest.mark.parametrize("name", PAGES)
def test_lists_ask_no_more_for_more_rows(csm: Client, merchant: Merchant, name: str) -> None:
    counts = []
    for number in range(2):
        for each in range(3):
            customer = Customer.objects.create(merchant=merchant, **NEWCOMER | {"email": f"{number}{each}@example.com"})
            services.enrol(merchant, customer, Member.Source.SHOP, at=AT)
            services.add_points(
                merchant=merchant,
                customer=customer,
                points=100,
                source=PointSource.PURCHASE,
                cause=f"c{number}{each}",
                at=AT,
            )
            issue_to(merchant, customer, f"{number}{each}")
        csm.get(address(f"{name}_changelist"))
        with CaptureQueriesContext(connection) as queries:
            assert csm.get(address(f"{name}_changelist")).status_code == 200
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_the_page_of_a_member_costs_the_same_however_much_they_did(csm: Client, merchant: Merchant) -> None:
    page, counts = address("member_change", Member.objects.get().pk), []
    for _ in range(2):
        for _ in range(3):
            add(merchant, 100)
            issue(merchant, five_off(merchant))
            assign(merchant, "friends")
            assign(merchant, "gold")
        csm.get(page)
        with CaptureQueriesContext(connection) as queries:
            assert csm.get(page).status_code == 200
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_who_may_only_look_changes_nothing(db: Any, merchant: Merchant) -> None:
    client = Client()
    client.force_login(User.objects.create_user("eve", is_staff=True))
    row, reward, issued = Member.objects.get(), Reward.objects.get(), IssuedReward.objects.get()
    pages = [
        address("member_adjust", row.pk),
        address("programme_add", merchant=merchant.pk),
        address("tier_add", merchant=merchant.pk),
        address("tier_rules", Tier.objects.get(key="gold").pk),
        address("reward_add", merchant=merchant.pk),
        address("reward_codes", reward.pk),
        address("issuedreward_deed", issued.pk, "deactivate"),
    ]
    values = {"confirmed": "yes", "once": uuid.uuid4(), "points": 5, "reason": "Mine", "codes": "A-1"}

    assert [client.post(page, values).status_code for page in pages] == [403] * 7
    assert (Member.objects.get().balance, trail()) == (250, [])


def issue_to(merchant: Merchant, customer: Customer, cause: str) -> None:
    """A shopper gets the reward that is offered."""
    services.issue_reward(
        merchant=merchant,
        customer=customer,
        reward=Reward.objects.get(),
        source=IssuedReward.Source.POINTS_REDEMPTION,
        cause=cause,
        at=AT,
    )

"""One-time campaigns: each recipient gets it once, whatever breaks off, is started twice, merged, cancelled or runs out."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from integrations import erasure, leases, merging
from integrations.models import AuditEntry, Customer, Event, Merchant
from loyalty import campaign_preview, campaigns, services
from loyalty.models import CampaignRecipient, IssuedReward, LedgerEntry
from loyalty.services import campaigns as rules
from loyalty.services import posting
from loyalty.services.campaigns import NotNow
from loyalty.verification import verify
from tests.loyalty.campaigning import balances, counts, draft, join, run, sheet, start
from tests.loyalty.rewarding import five_off, pooled
from tests.loyalty.telling import MAY, merchant_with_programme, told
from tests.loyalty.test_at_once import at_once
from tests.support.waiting import wait_until_a_lock_is_waited_for
from tests.tracking.telling import AT


@pytest.fixture
def merchant(db: None) -> Merchant:
    return merchant_with_programme()


@pytest.fixture
def by_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of two."""
    monkeypatch.setattr(rules, "BATCH", 2)


def test_each_gets_it_once_however_often_it_runs(merchant: Merchant, by_two: None) -> None:
    for name in ("ann", "bob", "cid"):
        join(merchant, name)
    campaign = draft(merchant, note="Thank you")
    start(merchant, campaign)
    for _ in range(2):
        run()
    with pytest.raises(NotNow, match="done"):
        start(merchant, campaign)

    assert balances() == {"ann": 10, "bob": 10, "cid": 10}
    assert counts(campaign) == ("done", 3, 3, 0)
    entry = LedgerEntry.objects.latest("pk")
    assert (entry.source, entry.note, entry.cause) == (
        "one_time_campaign",
        "Thank you",
        f"campaign:{campaign.pk}:{entry.member_id}",
    )
    assert [each["Source"] for each in told("points_added")] == ["one_time_campaign"] * 3
    assert list(AuditEntry.objects.order_by("pk").values_list("what", flat=True)) == [
        "drafted a campaign",
        "started a campaign",
    ]
    assert verify(merchant) == []


def test_who_joins_after_it_has_started_gets_nothing(merchant: Merchant) -> None:
    join(merchant, "ann")
    campaign = start(merchant, draft(merchant))
    join(merchant, "bob")
    run()

    assert balances() == {"ann": 10, "bob": 0}
    assert counts(campaign) == ("done", 1, 1, 0)


def test_one_that_breaks_off_goes_on_where_it_was(
    merchant: Merchant, by_two: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        join(merchant, f"m{number}")
    campaign = start(merchant, draft(merchant))
    real, posts = posting.post, []

    def killed_in_the_second(*given: Any, **more: Any) -> Any:
        posts.append(real(*given, **more))
        if len(posts) == 2:
            raise SystemExit("killed")
        return posts[-1]

    with monkeypatch.context() as patch:
        patch.setattr(posting, "post", killed_in_the_second)
        with pytest.raises(SystemExit):
            run()
    assert (counts(campaign), LedgerEntry.objects.count()) == (("running", 5, 2, 0), 2)
    run()

    assert (counts(campaign), set(balances().values())) == (("done", 5, 5, 0), {10})
    assert verify(merchant) == []


def test_who_comes_second_leaves_it_to_the_first(merchant: Merchant) -> None:
    join(merchant, "ann")
    campaign = start(merchant, draft(merchant))
    with leases.holding(f"campaign:{campaign.pk}", 60):
        assert campaigns.work(at=AT, seconds=20)
    assert counts(campaign) == ("running", 1, 0, 0)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_twenty_workers_at_once_give_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    merchant = merchant_with_programme()
    for number in range(30):
        join(merchant, f"m{number}")
    monkeypatch.setattr(rules, "BATCH", 7)
    campaign = draft(merchant)

    def start_and_work() -> None:
        """As if no lease kept workers apart."""
        with suppress(NotNow):
            start(merchant, campaign)
        done = 1
        while done:
            with transaction.atomic():
                done = services.give_campaign(merchant, campaign.pk, at=AT)

    at_once(*[start_and_work] * 20)

    assert (counts(campaign), LedgerEntry.objects.count()) == (("done", 30, 30, 0), 30)
    assert set(balances().values()) == {10}
    assert verify(merchant) == []


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_merge_waits_until_it_is_written_down_who_gets_something() -> None:
    merchant = merchant_with_programme()
    for name in ("ann", "bob"):
        join(merchant, name)
    campaign, started = draft(merchant), threading.Event()

    def begin() -> None:
        with transaction.atomic():
            start(merchant, campaign)
            started.set()
            wait_until_a_lock_is_waited_for("the merge")

    def merge_meanwhile() -> None:
        assert started.wait(30)
        merge(merchant, "ann", "bob")

    at_once(begin, merge_meanwhile)
    run()

    assert (balances(), counts(campaign)) == ({"bob": 10}, ("done", 2, 1, 1))


def merge(merchant: Merchant, given_up: str, kept: str) -> None:
    one, other = (Customer.objects.get(email=f"{each}@shopper.example") for each in (given_up, kept))
    with transaction.atomic():
        merging.merge_customers(merchant=merchant, given_up=one, kept=other, merged_at=AT, at=AT)


@pytest.mark.parametrize("kept", ["ann", "bob"])
@pytest.mark.parametrize("before", ["started", "half", "given"])
def test_two_who_are_one_get_it_once(
    merchant: Merchant, kept: str, before: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ann", "bob", "cid"):
        join(merchant, name)
    monkeypatch.setattr(rules, "BATCH", 1)
    campaign = draft(merchant)
    if before != "started":
        start(merchant, campaign)
        with transaction.atomic():
            services.give_campaign(merchant, campaign.pk, at=AT)
    if before == "given":
        run()
    merge(merchant, "bob" if kept == "ann" else "ann", kept)
    if before == "started":
        start(merchant, campaign)
    run()

    # Who got it as both before keeps it.
    assert balances()[kept] == (20 if before == "given" else 10)
    assert (
        counts(campaign)
        == {
            "started": ("done", 2, 2, 0),
            "half": ("done", 3, 2, 1),
            "given": ("done", 3, 3, 0),
        }[before]
    )
    assert verify(merchant) == []


def test_a_draft_by_file_follows_a_merge(merchant: Merchant) -> None:
    for name in ("ann", "bob"):
        join(merchant, name)
    campaign = draft(merchant, sheet("email", "ann@shopper.example", "bob@shopper.example"))
    merge(merchant, "ann", "bob")
    start(merchant, campaign)
    run()

    assert counts(campaign) == ("done", 1, 1, 0)
    assert balances() == {"bob": 10}


def test_it_stops_when_it_is_cancelled_and_goes_on_when_resumed(merchant: Merchant, by_two: None) -> None:
    for number in range(5):
        join(merchant, f"m{number}")
    campaign = start(merchant, draft(merchant))
    assert not campaigns.work(at=AT, seconds=0)
    with transaction.atomic():
        services.give_campaign(merchant, campaign.pk, at=AT)
    services.cancel_campaign(merchant, campaign.pk, by=MAY, at=AT)
    # The worker that was at it comes for its next batch.
    assert services.give_campaign(merchant, campaign.pk, at=AT) == 0
    run()
    assert (counts(campaign), sum(balances().values())) == (("cancelled", 5, 2, 0), 20)
    with pytest.raises(NotNow, match="cancelled"):
        services.cancel_campaign(merchant, campaign.pk, by=MAY, at=AT)

    services.resume_campaign(merchant, campaign.pk, by=MAY, at=AT)
    run()
    assert (counts(campaign), set(balances().values())) == (("done", 5, 5, 0), {10})
    with pytest.raises(NotNow, match="Nobody is left"):
        services.resume_campaign(merchant, campaign.pk, by=MAY, at=AT)


def test_a_reward_is_given_as_long_as_there_are_codes(merchant: Merchant) -> None:
    for name in ("ann", "bob", "cid"):
        join(merchant, name)
    reward = pooled(merchant, "A", "B")
    campaign = draft(merchant, reward=reward)
    preview = campaign_preview.of(campaign, at=AT)
    assert (preview.members, preview.codes_left, preview.codes_missing) == (3, 2, 1)
    start(merchant, campaign)
    run()

    assert counts(campaign) == ("done", 3, 2, 1)
    assert CampaignRecipient.objects.get(reason="no_code").member.customer.email.startswith("cid")
    assert [each["Source"] for each in told("reward_issued")] == ["one_time_campaign"] * 2

    services.add_codes(reward, ["C", "D"], by=MAY, at=AT)
    services.resume_campaign(merchant, campaign.pk, by=MAY, at=AT)
    run()
    assert counts(campaign) == ("done", 3, 3, 0)
    given = IssuedReward.objects.order_by("pk").values_list("member__customer__email", "code__code", "source")
    assert [(email[:3], code) for email, code, _ in given] == [("ann", "A"), ("bob", "B"), ("cid", "C")]
    assert {source for _, _, source in given} == {"one_time_campaign"}


def test_who_was_erased_is_passed_over_and_a_retired_reward_is_given_to_nobody(merchant: Merchant) -> None:
    ann, _ = join(merchant, "ann"), join(merchant, "bob")
    reward = five_off(merchant)
    first, second = draft(merchant), draft(merchant, reward=reward)
    for each in (first, second):
        start(merchant, each)
    erasure.erase(merchant, [ann.customer], by=MAY, at=AT)
    services.retire_reward(reward, by=MAY, at=AT)
    run()

    assert (counts(first), counts(second)) == (("done", 2, 1, 1), ("done", 2, 0, 2))
    reasons = CampaignRecipient.objects.order_by("campaign", "member").values_list("reason", flat=True)
    assert list(reasons) == ["erased", "", "erased", "retired"]
    with pytest.raises(ValidationError, match="It is retired"):
        draft(merchant, reward=reward)


def test_a_batch_costs_the_same_for_any_number(merchant: Merchant) -> None:
    costs = []
    for first, last in ((0, 3), (3, 40)):
        for number in range(first, last):
            join(merchant, f"m{number}")
        campaign = start(merchant, draft(merchant))
        fresh = Merchant.objects.prefetch_related("connections").get(pk=merchant.pk)
        with CaptureQueriesContext(connection) as queries, transaction.atomic():
            services.give_campaign(fresh, campaign.pk, at=AT)
        costs.append(len(queries))
    assert costs[0] == costs[1] <= 16
    assert Event.objects.filter(metric="points_added").count() == 43

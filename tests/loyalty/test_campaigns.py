"""One-time campaigns: each recipient gets it once, whatever breaks off, is started twice, merged, cancelled or runs out."""

from __future__ import annotations

import threading
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from integrations import erasure, leases, merging
from integrations.models import AuditEntry, Customer, Event, Merchant
from loyalty import campaign_file, campaign_preview, campaigns, services
from loyalty.models import Campaign, CampaignRecipient, IssuedReward, LedgerEntry, Member
from loyalty.services import audiences, posting, tier_rules
from loyalty.services import campaigns as rules
from loyalty.services.audiences import Wanted
from loyalty.services.campaigns import NotNow
from loyalty.verification import verify
from tests.loyalty.campaigning import counts, draft, join, run, sheet, start
from tests.loyalty.rewarding import five_off, pooled
from tests.loyalty.telling import MAY, merchant_with_programme, order, told
from tests.loyalty.test_at_once import at_once
from tests.support.waiting import wait_until_a_lock_is_waited_for
from tests.tracking.telling import ANN, AT, DAY, HOUR


@pytest.fixture
def merchant(db: None) -> Merchant:
    return merchant_with_programme()


def balances() -> dict[str, int]:
    """First part of the address -> points."""
    rows = Member.objects.select_related("customer").order_by("pk")
    return {each.customer.email.partition("@")[0]: each.balance for each in rows}


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


def test_a_file_gives_what_its_lines_say(merchant: Merchant) -> None:
    ann = join(merchant, "ann", external_id="4711", phone="+4930123456")
    bob = join(merchant, "bob", external_id="4712", phone="+4930123457")
    Customer.objects.create(merchant=merchant, email="guest@shopper.example", created_at=AT)
    audience = sheet(
        "\ufeffName;E-Mail;email;points",
        "Ann;x; ANN@Shopper.example ;25",
        "",
        "Bob;x;bob@shopper.example;",
        "Nobody;x;nobody@shopper.example;5",
        "Guest;x;guest@shopper.example;5",
        "Ann;x;ann@shopper.example;99",
    )
    campaign = draft(merchant, audience)
    assert campaign.left_out == {
        "unknown": {"count": 1, "lines": [5]},
        "no_member": {"count": 1, "lines": [6]},
        "repeated": {"count": 1, "lines": [7]},
    }
    preview = campaign_preview.of(campaign, at=AT)
    assert (preview.members, preview.points, preview.first) == (2, 35, [ann, bob])
    start(merchant, campaign)
    run()
    assert balances() == {"ann": 25, "bob": 10}
    assert Customer.objects.count() == 3

    for lines in (("customer_id", "4711"), ("phone", "+49 30 123456")):
        start(merchant, draft(merchant, sheet(*lines)))
        run()
    assert balances() == {"ann": 45, "bob": 10}


@pytest.mark.parametrize(
    ("content", "complaints"),
    [
        (b"", ["Line 1: it must name one column email, phone or customer_id, and it names none of them."]),
        (b"email,phone\na@b.co,1", ["Line 1: it must name one column", "and it names email and phone."]),
        (b"email\n", ["The file has no line but the first."]),
        (b"email\n\xff", ["The file is not in UTF-8"]),
        (b'email\n"a@b.co', ["Line 2: this is no CSV"]),
        (b"x" * (5 * 1024 * 1024 + 1), ["The file is too large: at most 5 MB."]),
        (b"email\n" + b"a@b.co\n" * 31, ["The file has too many lines: at most 30."]),
        (
            b"email,points\nann,5\n\nb@b.co,0\n,5\nc@b.co,1.5\nd@b.co,1000001",
            [
                "Line 2: 'ann' is no e-mail address.",
                "Line 4: points must be a whole number from 1 to 1000000, not '0'.",
                "Line 5: email is empty.",
                "Line 6: points must be a whole number from 1 to 1000000, not '1.5'.",
                "Line 7: points must be a whole number from 1 to 1000000, not '1000001'.",
            ],
        ),
        (b"phone\n030 123456", ["Line 2: '030 123456' is no phone number with its country, such as +49 30 123456."]),
        (
            b"customer_id\n" + b"1" * 65 + b"\n\0",
            ["Line 2: an id has 1 to 64", "Line 3: an id has 1 to 64 characters."],
        ),
        (b"email\n" + b"x\n" * 22, ["Line 21: 'x' is no e-mail address.", "And 2 more lines."]),
    ],
)
def test_each_bad_line_is_named(content: bytes, complaints: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaign_file, "MOST_LINES", 30)
    with pytest.raises(ValidationError) as caught:
        campaign_file.read(content)
    texts = " ".join(caught.value.message_dict["file"])
    for each in complaints:
        assert each in texts


def test_a_campaign_gives_one_thing(merchant: Merchant) -> None:
    join(merchant, "ann")
    reward, with_points = five_off(merchant), sheet("email,points", "ann@shopper.example,5")
    for values, complaint in (
        ({"points": None}, "Say how many points, or choose a reward."),
        ({"points": 5, "reward": reward}, "A campaign gives points or a reward"),
        ({"audience": with_points, "reward": reward}, "Line 2: it says points, and the campaign gives a reward."),
        ({"audience": sheet("email", "a@b.co"), "points": None}, "line 2 of the file says none"),
        ({"points": 1_000_001}, "less than or equal to 1000000"),
        ({"name": " "}, "This field cannot be blank"),
    ):
        with pytest.raises(ValidationError, match=complaint):
            draft(merchant, **values)
    assert not Campaign.objects.exists()
    start(merchant, draft(merchant, with_points, points=None))


def test_nothing_begins_where_nobody_would_get_anything(merchant: Merchant) -> None:
    campaign = draft(merchant)
    with pytest.raises(ValidationError, match="Nobody would get anything"):
        start(merchant, campaign)
    other = Merchant.objects.create(name="Birch")
    with pytest.raises(ValidationError, match="no loyalty programme in force"):
        start(other, draft(other))
    with pytest.raises(Campaign.DoesNotExist):
        start(other, campaign)
    services.discard_campaign(merchant, campaign.pk, by=MAY, at=AT)
    assert list(Campaign.objects.values_list("merchant", flat=True)) == [other.pk]


def test_a_filter_chooses_who_fits(merchant: Merchant) -> None:
    tier_rules.save(merchant, "gold", by=None, at=AT, name="Gold", entry_minor=10_000)
    gold = tier_rules.save(merchant, "vip", by=None, at=AT, name="Friends", kind="custom")
    order(merchant, "1", "80", created_at=AT - 2 * HOUR)
    ann = Member.objects.get(customer__email=ANN.email)
    bob = join(merchant, "bob", at=AT - 30 * DAY)
    with transaction.atomic():
        services.assign_tier(
            merchant=merchant, customer=bob.customer, tier="vip", reason="Kind", by=MAY, cause="1", at=AT
        )
        services.capture_birth_month(merchant=merchant, customer=bob.customer, month=5, at=AT - DAY)
    Member.objects.filter(pk=bob.pk).update(status="registered")
    today = AT.date()

    for expected, wanted in (
        ({ann, bob}, Wanted()),
        ({bob}, Wanted(tiers=(gold.pk,))),
        ({bob}, Wanted(status="registered")),
        ({ann}, Wanted(joined_since=today - 5 * DAY)),
        ({bob}, Wanted(joined_before=today - 5 * DAY)),
        ({ann}, Wanted(balance_least=80)),
        ({bob}, Wanted(balance_most=79)),
        ({ann}, Wanted(bought_since=today - DAY)),
        ({bob}, Wanted(not_bought_since=today - DAY)),
        ({bob}, Wanted(birth_month=5)),
        ({ann}, Wanted(spent_least=Decimal("80"))),
        (set(), Wanted(spent_least=Decimal("80.01"))),
        (set(), Wanted(birth_month=5, balance_least=80)),
    ):
        read = Wanted.read(wanted.stored())
        assert set(audiences.chosen(merchant, read, at=AT)) == expected, wanted
        assert len(audiences.described(merchant, read)) == len(wanted.stored())
        campaign = draft(merchant, wanted)
        if expected:
            start(merchant, campaign)
            found = CampaignRecipient.objects.filter(campaign=campaign).values_list("member", flat=True)
            assert set(found) == {each.pk for each in expected}


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

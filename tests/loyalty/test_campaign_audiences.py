"""Whom a campaign is for: the customers of a file, whose bad lines are named, or the members who fit a filter."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from integrations.models import Customer, Merchant
from loyalty import campaign_file, campaign_preview, services
from loyalty.models import Campaign, CampaignRecipient, Member
from loyalty.services import audiences, tier_rules
from loyalty.services.audiences import Wanted
from tests.loyalty.campaigning import balances, draft, join, run, sheet, start
from tests.loyalty.rewarding import five_off
from tests.loyalty.telling import MAY, merchant_with_programme, order
from tests.tracking.telling import ANN, AT, DAY, HOUR


@pytest.fixture
def merchant(db: None) -> Merchant:
    return merchant_with_programme()


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

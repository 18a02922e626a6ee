"""The loyalty programme as merchants see it: its figures, its rules with what an order would earn, members and their points."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from time_machine import travel

from integrations.models import AuditEntry, Customer, Merchant
from loyalty import services
from loyalty.models import LedgerEntry, Member, PointSource, Programme, Reward
from loyalty.programme_form import ProgrammeForm
from loyalty.services import programmes, tier_rules

from .conftest import SignIn

AT = datetime.fromisoformat("2026-11-20T10:00:00+00:00")
DAY = timedelta(days=1)


@pytest.fixture
def running(merchant: Merchant) -> Merchant:
    """With a programme since a year ago."""
    Merchant.objects.filter(pk=merchant.pk).update(currency="EUR")
    merchant.currency = "EUR"
    programmes.change(merchant, by=None, at=AT - 365 * DAY, points_per_unit=2)
    return merchant


def member(merchant: Merchant, name: str = "ann") -> Member:
    with transaction.atomic():
        customer, _ = Customer.objects.get_or_create(
            merchant=merchant, email=f"{name}@shopper.example", defaults={"first_name": name.capitalize()}
        )
        return services.enrol(merchant, customer, Member.Source.ORDER, at=AT - 20 * DAY)[0]


def give(merchant: Merchant, points: int, *, name: str = "ann", at: datetime = AT) -> LedgerEntry:
    found = member(merchant, name)
    with transaction.atomic():
        return services.add_points(
            merchant=merchant,
            customer=found.customer,
            points=points,
            source=PointSource.ONE_TIME_CAMPAIGN,
            cause=f"campaign:{name}:{at.isoformat()}",
            at=at,
        )


def said(merchant: Merchant, **values: Any) -> dict[str, Any]:
    """What a browser sends of the rules as they stand, but for `values`."""
    form = ProgrammeForm(merchant, programmes.newest(merchant))
    shown = {name: form[name].value() for name in form.fields}
    return {name: "" if value is None or value is False else value for name, value in shown.items()} | values


def set_rules(client: Client, merchant: Merchant, *, htmx: bool = False, **values: Any) -> str:
    headers = {"HX-Request": "true"} if htmx else {}
    path = f"/m/{merchant.public_id}/loyalty/programme/"
    return client.post(path, said(merchant, **values), follow=True, headers=headers).content.decode()


def test_a_merchant_without_a_programme_is_led_to_its_rules(merchant: Merchant, sign_in: SignIn) -> None:
    client = sign_in("editor")
    assert "There is no programme yet" in client.get(f"/m/{merchant.public_id}/loyalty/").content.decode()

    page = set_rules(client, merchant, points_per_unit="1.5", expiry_days="180")

    assert "Version 1 of the rules is saved." in page
    made = Programme.objects.get()
    assert (made.points_per_unit, made.expiry_days, made.merchant) == (Decimal("1.5"), 180, merchant)
    assert AuditEntry.objects.get().what == "changed the loyalty programme"


@travel(AT, tick=False)
def test_what_an_order_would_earn_is_shown_before_anything_is_saved(running: Merchant, sign_in: SignIn) -> None:
    client = sign_in("viewer")
    fragment = set_rules(client, running, htmx=True, points_per_unit="2.5", pending_days="14", example="1")

    assert fragment.strip().startswith('<div class="form stays" id="example"')
    for text in ("An order of 80.00 EUR", "earns 200 points", "count from 5 December 2026, 00:00", "Nothing is saved"):
        assert text in fragment
    assert "run out on 6 December 2027, 00:00" in fragment
    set_rules(client, running, points_per_unit="9")
    assert Programme.objects.count() == 1


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"points_per_unit": "-1"}, "greater than or equal to 0"),
        ({"expiry_days": "0"}, "greater than or equal to 1"),
        ({"pending_days": "soon"}, "Enter a whole number"),
        ({"effective_at": "2020-01-01T00:00"}, "It must not be in the past"),
        ({"based_on": "7"}, "Somebody made version 1 meanwhile"),
        ({"expiring_windows": "30, soon"}, "Whole numbers with commas between them, such as 30, 7."),
        ({"expiring_windows": "30, 30"}, "At most 5 different numbers from 1 to 365."),
        ({"expiring_windows": "400"}, "At most 5 different numbers from 1 to 365."),
        ({"welcome_points": "-5"}, "greater than or equal to 0"),
        ({"birthday_reward": "999"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_saved(
    running: Merchant, sign_in: SignIn, values: dict[str, Any], complaint: str
) -> None:
    page = set_rules(sign_in("editor"), running, **values)

    assert complaint in page
    assert Programme.objects.count() == 1


def offer(merchant: Merchant, name: str = "A pot of honey", **more: Any) -> Reward:
    values: dict[str, Any] = {"kind": Reward.Kind.CUSTOM, "name": name, "points_cost": 50}
    return services.offer_reward(merchant, by=None, at=AT - DAY, **(values | more))


def test_presents_are_chosen_of_the_merchants_own_rewards(running: Merchant, sign_in: SignIn) -> None:
    other = Merchant.objects.create(name="Birch")
    honey, retired, theirs = offer(running), offer(running, "A retired mug"), offer(other, "A reward of Birch")
    services.retire_reward(retired, by=None, at=AT)
    client = sign_in("editor")

    page = client.get(f"/m/{running.public_id}/loyalty/programme/").content.decode()
    assert ("A pot of honey" in page, "A retired mug" in page, "A reward of Birch" in page) == (True, False, False)
    for wrong in (theirs, retired):
        assert "Select a valid choice" in set_rules(client, running, welcome_reward=str(wrong.pk))

    set_rules(client, running, welcome_reward=str(honey.pk), birthday_points="100", expiring_windows="7 30")
    made = Programme.objects.latest("version")
    assert (made.welcome_reward, made.birthday_points, made.expiring_windows) == (honey, 100, [30, 7])


def test_the_example_tells_what_tiers_earn(running: Merchant, sign_in: SignIn) -> None:
    for key, entry, rate in (("gold", 50_000, Decimal("3.5")), ("silver", 10_000, Decimal(3)), ("basic", 0, None)):
        tier_rules.save(running, key, by=None, at=AT, name=key.capitalize(), entry_minor=entry, points_per_unit=rate)
    page = sign_in("viewer").get(f"/m/{running.public_id}/loyalty/programme/").content.decode()

    assert "earns 160 points" in page
    text = " ".join(re.sub("<[^>]*>", "", page).split())
    assert "240 as Silver and 280 as Gold." in text


def test_rules_may_come_into_force_later_in_the_merchants_time(running: Merchant, sign_in: SignIn) -> None:
    tomorrow = (timezone.now() + DAY).astimezone(running.tz).replace(hour=0, minute=0)
    page = set_rules(sign_in("editor"), running, points_per_unit="3", effective_at=f"{tomorrow:%Y-%m-%dT%H:%M}")

    assert "Version 1 is in force. Version 2 follows on" in page
    assert programmes.newest(running).effective_at.astimezone(running.tz).strftime("%H:%M") == "00:00"  # type: ignore[union-attr]


def test_the_figures_add_up_day_by_day(running: Merchant, sign_in: SignIn) -> None:
    give(running, 100, at=AT - 2 * DAY)
    give(running, 50, name="bob", at=AT)
    with transaction.atomic():
        customer = Customer.objects.get(email="ann@shopper.example")
        services.redeem(merchant=running, customer=customer, points=30, cause="r", at=AT)
    with travel(AT, tick=False):
        context = sign_in("viewer").get(f"/m/{running.public_id}/loyalty/").context

    found = context["figures"]
    assert (found.members, found.outstanding, found.owed, found.totals) == (
        2,
        120,
        0,
        [("Added", 150), ("Spent or taken back", 30), ("Ran out", 0)],
    )
    assert [(day.points.get("points_added", 0), day.outstanding) for day in found.days[-4:]] == [
        (0, 0),
        (100, 100),
        (0, 100),
        (50, 120),
    ]


def test_members_are_found_by_address_and_listed_page_by_page(running: Merchant, sign_in: SignIn) -> None:
    for number in range(55):
        member(running, f"ann{number}")
    client, path = sign_in("viewer"), f"/m/{running.public_id}/loyalty/members/"
    with CaptureQueriesContext(connection) as queries:
        first = client.get(path)
    second = client.get(f"{path}?{first.context['older']}")

    names = [each.customer.email for page in (first, second) for each in page.context["members"]]
    assert (len(names), len(set(names)), len(queries) <= 7) == (55, 55, True)
    found = client.get(path, {"q": "ANN7@shopper.example"}).context["members"]
    assert [each.customer.email for each in found] == ["ann7@shopper.example"]
    assert "No member has that address" in client.get(path, {"q": "nobody@shopper.example"}).content.decode()


def test_a_member_shows_points_with_their_dates_and_how_they_came_about(running: Merchant, sign_in: SignIn) -> None:
    give(running, 100, at=AT)
    key = Customer.objects.get().pk
    page = sign_in("viewer").get(f"/m/{running.public_id}/loyalty/members/{key}/").content.decode()

    for text in ("One-time campaign", "+100", "2027-11-21 00:00:00", "Member since"):
        assert text in page
    assert "Add or take points" not in page


def post_points(client: Client, merchant: Merchant, **values: Any) -> str:
    path = f"/m/{merchant.public_id}/loyalty/members/{Customer.objects.get().pk}/"
    once = client.get(path).context["forms"]["points"]["once"].value()
    sent = {"once": str(once), "points": "25", "reason": "A parcel came late.", **values}
    return client.post(path, sent, follow=True).content.decode()


def test_an_editor_adds_points_once_however_often_the_form_is_sent(running: Merchant, sign_in: SignIn) -> None:
    member(running)
    client, once = sign_in("editor"), "0b0c6d54-9a6a-4a4e-8d0c-1f1f3f6a2c11"
    for _ in range(2):
        assert "+25 points. The balance is 25 now." in post_points(client, running, once=once)

    entry = LedgerEntry.objects.get()
    assert (entry.points, entry.note, entry.actor) == (25, "A parcel came late.", "editor@alba.example")


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"points": "-26"}, "There are 0 points to spend, not 26"),
        ({"points": "0"}, "A whole number from 1"),
        ({"points": "many"}, "Enter a whole number"),
        ({"reason": ""}, "This field is required"),
    ],
)
def test_points_that_cannot_be_are_refused_with_the_reason(
    running: Merchant, sign_in: SignIn, values: dict[str, Any], complaint: str
) -> None:
    member(running)
    assert complaint in post_points(sign_in("editor"), running, **values)
    assert not LedgerEntry.objects.exists()


def test_a_viewer_posts_nothing_and_another_merchants_member_does_not_exist(running: Merchant, sign_in: SignIn) -> None:
    member(running)
    client = sign_in("viewer")
    key = Customer.objects.get().pk
    path = f"/m/{running.public_id}/loyalty/members/{key}/"
    once = "0b0c6d54-9a6a-4a4e-8d0c-1f1f3f6a2c11"
    client.post(path, {"once": once, "points": "25", "reason": "Because."})
    assert not LedgerEntry.objects.exists()

    other = Merchant.objects.create(name="Birch")
    programmes.change(other, by=None, at=AT - 365 * DAY)
    theirs = member(other, "eve").customer_id
    assert client.get(f"/m/{running.public_id}/loyalty/members/{theirs}/").status_code == 404

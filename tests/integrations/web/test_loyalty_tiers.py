"""Tiers on merchants' pages: making one, placing everybody anew, and a member's tier and birth month."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from time_machine import travel

from integrations.models import AuditEntry, Merchant
from loyalty import recomputation
from loyalty.models import Member, Tier, TierTransition
from loyalty.services import tier_rules
from tracking.models import Order

from .conftest import SignIn
from .test_loyalty import AT, DAY, member, running
from .test_loyalty_rewards import ONCE, at, post

__all__ = ["running"]

SILVER = {
    "key": "silver",
    "kind": "spending",
    "name": "Silver",
    "names": "de: Silber\nfr: Argent",
    "entry": "100",
    "maintain": "80.50",
    "period_days": "365",
    "points_per_unit": "3",
    "bonus_points": "100",
    "position": "0",
}


def make(merchant: Merchant, key: str, entry: int = 0, **more: Any) -> Tier:
    return tier_rules.save(merchant, key, by=None, at=AT - DAY, name=key.capitalize(), entry_minor=entry, **more)


def spend(merchant: Merchant, ann: Member, amount: int) -> None:
    """An order of which only the tiers know."""
    Order.objects.create(
        merchant=merchant,
        external_id="1",
        number="#1",
        customer=ann.customer,
        net_value=amount,
        currency="EUR",
        placed_at=AT - 3 * DAY,
        processing_at=AT - 3 * DAY,
        source_updated_at=AT,
        recorded_at=AT,
    )


def test_an_editor_makes_a_tier_and_changes_it(running: Merchant, sign_in: SignIn) -> None:
    client = sign_in("editor")
    assert "Silver is saved." in post(client, running, "tiers/new/", **SILVER)
    assert "There is a tier silver" in post(client, running, "tiers/new/", **SILVER)
    made = Tier.objects.get()
    assert (made.entry_minor, made.maintain_minor, made.names) == (10_000, 8_050, {"de": "Silber", "fr": "Argent"})

    shown = client.get(at(running, f"tiers/{made.pk}/")).context["form"]
    said = {name: shown[name].value() for name in shown.fields}
    assert (said["entry"], said["names"]) == (Decimal(100), "de: Silber\nfr: Argent")
    post(client, running, f"tiers/{made.pk}/", **said | {"names": "", "entry": "120", "points_per_unit": ""})
    made.refresh_from_db()
    assert (made.entry_minor, made.maintain_minor, made.names, made.points_per_unit) == (12_000, 8_050, {}, None)
    assert [each.what for each in AuditEntry.objects.order_by("pk")] == [
        "made the tier silver",
        "changed the tier silver",
    ]


@pytest.mark.parametrize(
    ("values", "field", "complaint"),
    [
        ({"key": "Silver Tier"}, "key", "Small letters, digits, - and _"),
        ({"name": ""}, "name", "This field is required"),
        ({"names": "Silber"}, "names", "A line for each language"),
        ({"names": "german: Silber"}, "names", "is not a locale"),
        ({"entry": "50.00", "maintain": ""}, "entry", "The tier basic asks for the same"),
        ({"maintain": "200"}, "maintain", "It must not be more than the spend to enter."),
        ({"entry": "1.005"}, "entry", "no more than 2 decimal places"),
        ({"kind": "custom"}, "entry", "it asks for no spend"),
        ({"period_days": "0"}, "period_days", "greater than or equal to 1"),
        ({"points_per_unit": "-1"}, "points_per_unit", "greater than or equal to 0"),
        ({"bonus_points": "-1"}, "bonus_points", "greater than or equal to 0"),
        ({"position": "many"}, "position", "Enter a whole number"),
    ],
)
def test_what_a_tier_cannot_be_is_said_at_the_field(
    running: Merchant, sign_in: SignIn, values: dict[str, str], field: str, complaint: str
) -> None:
    make(running, "basic", 5_000)
    answer = sign_in("editor").post(at(running, "tiers/new/"), SILVER | values)

    assert complaint in " ".join(answer.context["form"].errors[field])
    assert Tier.objects.count() == 1


@travel(AT, tick=False)
def test_placing_everybody_is_foreseen_and_done(running: Merchant, sign_in: SignIn) -> None:
    make(running, "basic")
    ann = member(running)
    spend(running, ann, 120)
    make(running, "silver", 10_000)
    client = sign_in("editor")
    page = client.get(at(running, "tiers/place/")).content.decode()
    assert "1 member would move" in page
    assert '<td data-label="From">no tier</td><td data-label="To">Silver</td>' in page

    assert "1 member was placed in another tier." in post(client, running, "tiers/place/")
    with CaptureQueriesContext(connection) as queries:
        rows = client.get(at(running, "tiers/")).context["rows"]
    assert [(row["tier"].key, row["entry"], row["members"]) for row in rows] == [
        ("basic", "0.00 EUR", 0),
        ("silver", "100.00 EUR", 1),
    ]
    assert len(queries) <= 7
    assert "Nobody would move" in client.get(at(running, "tiers/place/")).content.decode()


def test_what_is_not_done_at_once_goes_on_in_the_background(
    running: Merchant, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(running, "silver", 10_000)
    member(running)
    monkeypatch.setattr("loyalty.web.tiers.SECONDS", 0)
    monkeypatch.setattr(recomputation, "MOST_FORESEEN", 0)
    client = sign_in("editor")
    assert "There are many members" in client.get(at(running, "tiers/place/")).content.decode()

    page = post(client, running, "tiers/place/")
    assert "It has begun, and goes on in the background." in page
    assert "Everybody is being placed anew" in page


@travel(AT, tick=False)
def test_a_member_shows_the_tier_and_the_way_to_the_next(running: Merchant, sign_in: SignIn) -> None:
    ann = member(running)
    spend(running, ann, 120)
    for key, entry in (("basic", 0), ("silver", 10_000), ("gold", 30_000)):
        make(running, key, entry, maintain_minor=entry)
    client, editor = sign_in("viewer"), sign_in("editor")
    post(editor, running, "tiers/place/")
    with CaptureQueriesContext(connection) as queries:
        page = client.get(at(running, f"members/{ann.customer_id}/")).content.decode()

    for text in (
        "Tier: Silver",
        "120.00 EUR of 300.00 EUR in the last 365 days: 180.00 EUR more lead to Gold",
        "100.00 EUR in 365 days",
        "2027-11-21 00:00:00",
    ):
        assert text in page
    assert ("Assign a tier by hand" in page, len(queries) <= 11) == (False, True)


@travel(AT, tick=False)
def test_an_editor_assigns_a_tier_once(running: Merchant, sign_in: SignIn) -> None:
    ann, client = member(running), sign_in("editor")
    make(running, "friends", kind="custom")
    path = f"members/{ann.customer_id}/tier/"
    said = {"once": ONCE, "tier": "friends", "reason": "A friend.", "until": "2026-12-24"}
    assert "A day from today, 2026-11-20, on" in post(client, running, path, **said | {"until": "2026-11-19"})
    assert "This field is required" in post(client, running, path, **said | {"reason": ""})
    assert "Select a valid choice" in post(client, running, path, **said | {"tier": "gold"})
    for _ in range(2):
        assert "The tier is Friends now." in post(client, running, path, **said)

    made = TierTransition.objects.get()
    assert (made.type, made.reason, made.actor) == ("manual_assign", "A friend.", "editor@alba.example")
    assert made.expires_at
    assert f"{made.expires_at.astimezone(running.tz):%m-%d %H:%M}" == "12-25 00:00"


def test_a_birth_month_is_entered_by_hand(running: Merchant, sign_in: SignIn) -> None:
    ann, client = member(running), sign_in("editor")
    path = f"members/{ann.customer_id}/birth-month/"
    assert "Select a valid choice" in post(client, running, path, month="13")
    for _ in range(2):
        assert "Birth month: May" in post(client, running, path, month="5")

    ann.refresh_from_db()
    assert (ann.birth_month, AuditEntry.objects.get().what) == (5, "entered a birth month")


def test_a_viewer_changes_no_tier_and_those_of_others_do_not_exist(running: Merchant, sign_in: SignIn) -> None:
    mine, ann = make(running, "silver", 10_000), member(running)
    theirs = make(Merchant.objects.create(name="Birch"), "silver")
    viewer, editor = sign_in("viewer"), sign_in("editor")
    assert viewer.post(at(running, f"tiers/{mine.pk}/retire/")).status_code == 403
    for path in ("tiers/new/", f"tiers/{mine.pk}/"):
        post(viewer, running, path, **SILVER | {"key": "gold"})
    post(viewer, running, "tiers/place/")
    values = {"once": ONCE, "tier": "silver", "reason": "Because."}
    post(viewer, running, f"members/{ann.customer_id}/tier/", **values)
    post(viewer, running, f"members/{ann.customer_id}/birth-month/", month="5")
    assert [AuditEntry.objects.exists(), TierTransition.objects.exists(), Tier.objects.count()] == [False, False, 2]

    assert editor.get(at(running, f"tiers/{theirs.pk}/")).status_code == 404
    assert editor.post(at(running, f"tiers/{theirs.pk}/retire/")).status_code == 404
    assert "is retired" in post(editor, running, f"tiers/{mine.pk}/retire/")
    assert Tier.objects.get(pk=mine.pk).retired_at

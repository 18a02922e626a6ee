"""When something stalls, as a CSM sees and changes it: each change is a version of its own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from integrations.audit import Actor
from integrations.models import Merchant
from tracking.models import Scan, Shipment, StalledPolicy
from tracking.policy_form import PolicyForm
from tracking.services import policies

from . import rows
from .test_orders import order

LIST = "/admin/tracking/stalledpolicy/"
UPS = {"carrier": "ups", "destination": "CA", "before_pickup": None, "in_transit": 96}


def said(merchant: Merchant, **values: Any) -> dict[str, Any]:
    """The form as it is sent when only `values` were touched."""
    form = PolicyForm(policies.current(merchant))
    shown = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in {**shown, **values}.items() if value is not None}


def post(client: Client, merchant: Merchant, **values: Any) -> Any:
    """Send the form."""
    return client.post(f"{LIST}add/?merchant={merchant.pk}", said(merchant, **values), follow=True)


def test_the_form_shows_what_holds_and_changes_nothing_by_itself(csm: Client, merchant: Merchant) -> None:
    days: dict[str, Any] = {"own_dates": ["2026-12-24"], "holiday_country": "US", "holiday_region": "NY"}
    policies.change(merchant, by=None, at=rows.AT, home_country="US", overrides=[UPS], hours_in_transit=None, **days)
    page = csm.get(f"{LIST}add/", {"merchant": merchant.pk}).content.decode()
    post(csm, merchant)

    assert ("ups, CA, never, 96" in page, "Now version 1" in page) == (True, True)
    assert StalledPolicy.objects.count() == 1


def test_a_change_makes_a_version_that_says_who_and_what(csm: Client, merchant: Merchant) -> None:
    answer = post(csm, merchant, hours_in_transit="48", excluded_weekdays=["6"], overrides="UPS, any, never, 24\n")

    made = StalledPolicy.objects.get()
    assert (made.version, made.created_by) == (1, User.objects.get(username="carla"))
    assert (made.hours_in_transit, made.excluded_weekdays) == (48, [6])
    assert made.overrides == [{"carrier": "UPS", "destination": "", "before_pickup": None, "in_transit": 24}]
    page = answer.content.decode()
    assert ("carla" in page, "72 h → 48 h" in page) == (True, True)


def test_a_change_made_meanwhile_is_not_taken_back_unseen(csm: Client, merchant: Merchant) -> None:
    before = said(merchant, hours_in_transit="48")
    policies.change(merchant, by=None, at=rows.AT, hours_before_pickup=30)
    page = csm.post(f"{LIST}add/?merchant={merchant.pk}", before).content.decode()

    assert "Somebody made version 1 meanwhile" in page
    assert StalledPolicy.objects.get().hours_in_transit == 72


def test_less_than_a_day_is_warned_of(csm: Client, merchant: Merchant) -> None:
    page = post(csm, merchant, hours_in_transit="12").content.decode()

    assert "less than 24 h" in page
    assert StalledPolicy.objects.get().hours_in_transit == 12


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("hours_in_transit", "0", "greater than or equal to 1"),
        ("hours_in_transit", "99999999999", "less than or equal to 2160"),
        ("excluded_weekdays", [str(day) for day in range(7)], "At least one day"),
        ("own_dates", "24.12.", "is no date"),
        ("overrides", "ups, 72", "four parts"),
        ("overrides", "ups, any, 72, soon", "whole numbers"),
        ("overrides", "ups, domestic, 72, 72", "home country"),
        ("holiday_region", "Bavaria", "is no region"),
        ("home_country", "1", "ISO 3166"),
    ],
)
def test_what_makes_no_sense_is_told_at_its_field(
    csm: Client, merchant: Merchant, name: str, value: Any, complaint: str
) -> None:
    answer = post(csm, merchant, **{name: value})

    assert complaint in " ".join(answer.context["form"].errors[name])
    assert not StalledPolicy.objects.exists()


def test_a_version_cannot_be_changed_or_deleted(admin_client: Client, merchant: Merchant) -> None:
    made = policies.change(merchant, by=None, at=rows.AT, hours_in_transit=48)
    address = reverse("admin:tracking_stalledpolicy_change", args=[made.pk])
    answers = [
        admin_client.post(page, {"hours_in_transit": 1, "post": "yes"}).status_code
        for page in (address, reverse("admin:tracking_stalledpolicy_delete", args=[made.pk]))
    ]

    assert answers == [403, 403]
    assert "in transit: 48 h" in admin_client.get(address).content.decode()
    assert StalledPolicy.objects.get().hours_in_transit == 48


def test_the_merchant_is_asked_for_first(csm: Client, merchant: Merchant) -> None:
    assert merchant.name in csm.get(f"{LIST}add/").content.decode()
    assert [csm.get(f"{LIST}add/", {"merchant": each}).status_code for each in ("x", "999999999")] == [404, 404]


def test_who_may_not_change_settings_is_refused(db: None, merchant: Merchant) -> None:
    client = Client()
    client.force_login(User.objects.create_user("eve", is_staff=True))

    assert client.get(f"{LIST}add/", {"merchant": merchant.pk}).status_code == 403


def test_versions_are_found_by_merchant(csm: Client, merchant: Merchant) -> None:
    for each in (merchant, rows.merchant("Other")):
        policies.change(each, by=None, at=rows.AT, hours_in_transit=48)

    found = [
        csm.get(LIST, given).context["cl"].result_list for given in ({"q": "acm"}, {"merchant__id__exact": merchant.pk})
    ]
    assert [[each.merchant for each in some] for some in found] == [[merchant], [merchant]]


@pytest.mark.parametrize("name", ["stalledpolicy", "order", "shipment", "issue"])
def test_lists_ask_no_more_for_more_rows(csm: Client, merchant: Merchant, name: str) -> None:
    counts = []
    for first in (0, 3):
        for number in range(first, first + 3):
            by = User.objects.create_user(f"person {number}")
            made = policies.change(merchant, by=Actor(by), at=rows.AT, hours_in_transit=30 + number)
            row = order(merchant, f"#{number}", f"{number}@example.com", f"1Z{number}")
            type(row).objects.filter(pk=row.pk).update(stalled_policy=made, stalls_at=rows.AT)
        csm.get(f"/admin/tracking/{name}/")
        with CaptureQueriesContext(connection) as queries:
            assert csm.get(f"/admin/tracking/{name}/").status_code == 200
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_pages_of_orders_and_parcels_show_when_they_stall(csm: Client, merchant: Merchant) -> None:
    made = order(merchant, "#1001", "ada@example.com", "1Z999")
    parcel = made.shipments.get()
    policy = policies.change(merchant, by=None, at=rows.AT, hours_in_transit=48)
    type(made).objects.update(stalls_at=rows.AT, stalled_policy=policy)
    type(parcel).objects.update(stalls_at=rows.AT)
    pages = [
        csm.get(reverse(f"admin:tracking_{name}_change", args=[pk])).content.decode()
        for name, pk in (("order", made.pk), ("shipment", parcel.pk))
    ]

    assert ["Stalls, if nothing happens" in page and "2026-11-20 15:00:00 UTC" in page for page in pages] == [
        True,
        True,
    ]
    assert "version 1" in pages[0]


def test_a_preview_shows_what_it_would_do_and_saves_nothing(csm: Client, merchant: Merchant) -> None:
    made = order(merchant, "#1001", "ada@example.com", "1Z999")
    recent = timezone.now() - timedelta(days=9)
    type(made).objects.update(placed_at=recent)
    Shipment.objects.update(shipped_at=recent, last_scan_at=recent)
    Scan.objects.update(occurred_at=recent)
    answer = post(csm, merchant, hours_in_transit="48", excluded_weekdays=[], preview="30")
    listed = post(csm, merchant, hours_in_transit="48", excluded_weekdays=[], behind="30:parcels:carrier:")

    seen = answer.context["preview"]
    assert [(part.flagged, part.today) for part in seen.parts] == [(1, 1), (1, 1)]
    assert "Nothing is saved yet." in answer.content.decode()
    assert [row.tracking_number for row in listed.context["rows"]] == ["1Z999"]
    assert 'value="48"' in listed.content.decode()
    assert not StalledPolicy.objects.exists()


def test_a_preview_of_what_makes_no_sense_is_told_at_its_field(csm: Client, merchant: Merchant) -> None:
    answers = [
        post(csm, merchant, preview="30", **{name: value})
        for name, value in (("hours_in_transit", "0"), ("holiday_region", "Bavaria"))
    ]

    assert [list(each.context["form"].errors) for each in answers] == [["hours_in_transit"], ["holiday_region"]]
    assert [each.context.get("preview") for each in answers] == [None, None]


@pytest.mark.parametrize(
    "given",
    [{"preview": "31"}, {"preview": ""}, {"behind": "30"}, {"behind": "30:parcels:hours:999"}, {"behind": "x:y:z"}],
)
def test_a_preview_that_there_is_not(csm: Client, merchant: Merchant, given: dict[str, str]) -> None:
    assert post(csm, merchant, **given).status_code == 400

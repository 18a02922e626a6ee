"""The list of merchants, its health columns and its actions."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ

from integrations import vitals
from integrations.destinations.klaviyo.sandbox import Sandbox
from integrations.models import Connection, Delivery, Merchant, Tick

from . import rows

LIST = "/admin/integrations/merchant/"


def act(client: Client, action: str, *merchants: Merchant) -> str:
    """Do an action on the list; returns the page that follows."""
    chosen = {"action": action, "_selected_action": [each.pk for each in merchants]}
    return client.post(LIST, chosen, follow=True).content.decode()


def queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def furnish(number: int, *, start: int) -> None:
    now = timezone.now()
    for index in range(start, start + number):
        made = rows.merchant(f"Shop {index}")
        rows.message(made, state="handled", received_at=now)
        for state in ("pending", "sent", "dead"):
            rows.delivery(rows.event(made, f"#{state}"), state, settled_at=None if state == "pending" else now)


def test_list_asks_as_often_for_30_merchants_as_for_3(csm: Client) -> None:
    furnish(3, start=0)
    few = queries(csm, LIST)
    furnish(27, start=3)

    assert queries(csm, LIST) == few


def test_health_of_a_merchant(merchant: Merchant) -> None:
    rows.message(merchant, received_at=rows.AT)
    rows.delivery(rows.event(merchant, "#1"), "pending", created_at=rows.AT - timedelta(hours=2))
    rows.delivery(rows.event(merchant, "#2"), "pending")
    rows.delivery(rows.event(merchant, "#3"), "sent", settled_at=rows.AT - timedelta(minutes=5))
    rows.delivery(rows.event(merchant, "#4"), "dead", settled_at=rows.AT - timedelta(hours=23))
    rows.delivery(rows.event(merchant, "#5"), "dead", settled_at=rows.AT - timedelta(hours=25))
    found: Any = vitals.with_vitals(Merchant.objects.all(), at=rows.AT).get()

    assert (found.backlog, found.failed_lately) == (2, 1)
    assert (found.last_in_at, found.last_sent_at) == (rows.AT, rows.AT - timedelta(minutes=5))
    assert found.oldest_waiting_at == rows.AT - timedelta(hours=2)


def test_concerns_are_told_in_plain_words(merchant: Merchant) -> None:
    rows.delivery(rows.event(merchant, "#1"), "pending", created_at=rows.AT - timedelta(hours=2))
    rows.delivery(rows.event(merchant, "#2"), "dead")
    Connection.objects.update(state=Connection.State.PAUSED_KEY)
    found = vitals.with_vitals(Merchant.objects.all(), at=rows.AT).get()

    assert [each.text for each in vitals.concerns(found, at=rows.AT)] == [
        "the key is refused",
        "1 failed in 24 h",
        "deliveries wait",
        "silent for 24 h",
    ]


def test_well_merchant_gives_no_concern(merchant: Merchant) -> None:
    rows.message(merchant, received_at=rows.AT - timedelta(hours=1))
    found = vitals.with_vitals(Merchant.objects.all(), at=rows.AT).get()

    assert vitals.concerns(found, at=rows.AT) == []


def test_counting_stops(merchant: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vitals, "COUNTED_UP_TO", 2)
    for index in range(4):
        rows.delivery(rows.event(merchant, f"#{index}"), "pending")
    found: Any = vitals.with_vitals(Merchant.objects.all(), at=rows.AT).get()

    assert (found.backlog, vitals.counted(found.backlog)) == (3, "2+")


@pytest.mark.parametrize("term", ["acm", "acme.myshopify", "m_0123456789abcdef"])
def test_merchants_are_found_by_name_domain_and_id(csm: Client, term: str) -> None:
    rows.merchant("Acme", public_id="m_0123456789abcdef")
    rows.merchant("Bergluft")
    page = csm.get(LIST, {"q": term}).content.decode()

    assert ("acme.myshopify.com" in page, "bergluft.myshopify.com" in page) == (True, False)


@pytest.mark.parametrize("attention", ["paused", "failures", "waiting", "silent"])
def test_filter_finds_the_troubled(csm: Client, attention: str) -> None:
    now = timezone.now()
    for name in ("Well", "Troubled"):
        made = rows.merchant(name)
        rows.message(made, received_at=now - timedelta(hours=48 if (name, attention) == ("Troubled", "silent") else 1))
    if attention == "paused":
        Connection.objects.filter(merchant=made).update(state=Connection.State.PAUSED_OPERATOR)
    if attention == "failures":
        rows.delivery(rows.event(made), "dead", settled_at=now)
    if attention == "waiting":
        rows.delivery(rows.event(made), "pending", created_at=now - timedelta(hours=1))
    page = csm.get(LIST, {"attention": attention}).content.decode()

    assert ("troubled.myshopify.com" in page, "well.myshopify.com" in page) == (True, False)


def test_pause_and_resume(csm: Client, merchant: Merchant) -> None:
    act(csm, "pause", merchant)
    merchant.refresh_from_db()
    paused = merchant.state
    act(csm, "resume", merchant)
    merchant.refresh_from_db()

    assert (paused, merchant.state) == (Merchant.State.PAUSED, Merchant.State.ACTIVE)


def test_deliver_now_wakes_the_workers(csm: Client, merchant: Merchant) -> None:
    Tick.objects.create(name="deliver")
    rows.delivery(rows.event(merchant), "pending")
    page = act(csm, "deliver", merchant)

    assert OrmQ.objects.count() == 1
    assert "Waiting: 1" in page


def test_resend_lines_up_what_failed_of_the_chosen(csm: Client, merchant: Merchant) -> None:
    mine = rows.delivery(rows.event(merchant))
    other = rows.delivery(rows.event(rows.merchant("Bergluft")))
    page = act(csm, "resend", merchant)

    states = list(Delivery.objects.filter(pk__in=[mine.pk, other.pk]).order_by("pk").values_list("state", flat=True))
    assert states == ["pending", "dead"]
    assert "1 delivery lined up" in page


def test_check_key_tells_whose_it_is(csm: Client, merchant: Merchant, klaviyo: Sandbox) -> None:
    klaviyo.add_account(rows.KEY, name="Acme at Klaviyo")
    page = act(csm, "check", merchant)
    checked = Connection.objects.get()

    assert "the key works; it opens Acme at Klaviyo." in page
    assert (checked.account_name, bool(checked.list_id)) == ("Acme at Klaviyo", True)


def test_check_key_tells_and_pauses_where_it_is_refused(csm: Client, merchant: Merchant, klaviyo: Sandbox) -> None:
    klaviyo.add_account(rows.KEY)
    klaviyo.revoke_key(rows.KEY)
    page = act(csm, "check", merchant)

    assert "Klaviyo does not accept the key." in page
    assert Connection.objects.get().state == Connection.State.PAUSED_KEY


def test_too_many_keys_at_once_are_not_checked(csm: Client) -> None:
    made = [rows.merchant(f"Shop {index}") for index in range(21)]
    page = act(csm, "check", *made)

    assert "choose 20 at most" in page
    assert not Connection.objects.exclude(checked_at=None).exists()


def test_what_was_done_is_logged_with_who_did_it(csm: Client, merchant: Merchant) -> None:
    csm.post(reverse("admin:integrations_merchant_deed", args=[merchant.pk, "pause"]))
    page = csm.get(reverse("admin:integrations_merchant_history", args=[merchant.pk])).content.decode()

    assert "carla" in page
    assert "Pause: 1 merchant paused." in page


def test_prefix_is_settled_once_launched(csm: Client, merchant: Merchant) -> None:
    address = reverse("admin:integrations_merchant_change", args=[merchant.pk])
    launched = 'name="metric_prefix"' in csm.get(address).content.decode()
    Connection.objects.update(launched_at=None)

    assert (launched, 'name="metric_prefix"' in csm.get(address).content.decode()) == (False, True)


def test_silence_counts_from_the_day_a_merchant_came(db: Any) -> None:
    rows.merchant()
    Merchant.objects.update(created_at=rows.AT - timedelta(hours=3))
    found: Any = vitals.with_vitals(Merchant.objects.all(), at=rows.AT).get()
    later: datetime = rows.AT + timedelta(days=2)

    assert (vitals.is_silent(found, at=rows.AT), vitals.is_silent(found, at=later)) == (False, True)

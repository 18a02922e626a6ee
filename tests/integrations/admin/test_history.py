"""Events, deliveries and requests: found by what people know, shown in full, sent again by hand."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from integrations.admin import finding, site
from integrations.models import Customer, Delivery, Event, Merchant

from . import rows

LIST = "/admin/integrations/event/"


def listed(client: Client, name: str, **parameters: Any) -> list[int]:
    """Primary keys on a list's first page."""
    answer = client.get(f"/admin/integrations/{name}/", parameters)
    return [each.pk for each in answer.context["cl"].result_list]


def test_list_asks_as_often_for_30_events_as_for_3(csm: Client, merchant: Merchant) -> None:
    counts = []
    for start, end in ((0, 3), (3, 30)):
        for index in range(start, end):
            rows.delivery(rows.event(merchant, f"#{index}", f"c{index}@example.com"), "sent")
        with CaptureQueriesContext(connection) as captured:
            csm.get(LIST)
        counts.append(len(captured))

    assert counts[0] == counts[1]


def test_list_loads_no_properties(csm: Client, merchant: Merchant) -> None:
    rows.event(merchant)
    with CaptureQueriesContext(connection) as captured:
        csm.get(LIST)

    assert not [query for query in captured.captured_queries if '"properties"' in query["sql"]]


@pytest.mark.parametrize("term", ["#1001", "1001", "ada@example.com", " ADA@example.com ", "1Z999", "1z 999"])
@pytest.mark.parametrize("name", ["event", "delivery", "deliveryattempt"])
def test_history_is_found_by_order_shopper_and_parcel(csm: Client, merchant: Merchant, name: str, term: str) -> None:
    mine = rows.event(merchant, "#1001", tracking_number="1Z999")
    other = rows.event(merchant, "#1002", "ben@example.com", tracking_number="1Z000")
    attempts = [rows.attempt(rows.delivery(each)) for each in (mine, other)]
    wanted = {"event": mine.pk, "delivery": attempts[0].delivery_id, "deliveryattempt": attempts[0].pk}[name]

    assert listed(csm, name, q=term) == [wanted]


def test_customers_are_found_by_address_and_phone(csm: Client, merchant: Merchant) -> None:
    ada = Customer.objects.create(merchant=merchant, email="ada@example.com", phone="+12125550199")
    Customer.objects.create(merchant=merchant, email="ben@example.com")

    assert listed(csm, "customer", q="Ada@Example.com") == [ada.pk]
    assert listed(csm, "customer", q="+1 212 555 0199") == [ada.pk]
    assert listed(csm, "customer", q="ad") == []


def test_search_uses_indexes_only(merchant: Merchant) -> None:
    """No query behind a search walks a whole table, or all rows of a merchant."""
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL scans small tables whatever their indexes are")
    with CaptureQueriesContext(connection) as captured:
        for find in (finding.events, finding.customers, finding.deliveries, finding.attempts, finding.messages):
            for term in ("#1001", "ada@example.com", "+12125550199"):
                find(term)
    steps = []
    with connection.cursor() as cursor:
        for query in captured.captured_queries:
            cursor.execute("EXPLAIN QUERY PLAN " + query["sql"])
            steps += [row[3] for row in cursor.fetchall()]
    walks = [step for step in steps if step.startswith("SCAN") or step.endswith("(merchant_id=?)")]

    assert [step for step in walks if "integrations_merchant " not in f"{step} "] == []


def test_window_shows_the_newest_of_a_merchant(
    csm: Client, merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site, "NEWEST", 2)
    events = [rows.event(merchant, f"#{n}", occurred_at=rows.AT - timedelta(days=n)) for n in range(5)]
    rows.event(rows.merchant("Other"))

    assert listed(csm, "event", merchant__id__exact=merchant.pk) == [events[0].pk, events[1].pk]


def test_window_reaches_back_by_day(csm: Client, merchant: Merchant) -> None:
    events = [rows.event(merchant, f"#{n}", occurred_at=rows.AT - timedelta(days=n)) for n in range(5)]
    day = (rows.AT - timedelta(days=3)).date().isoformat()

    assert listed(csm, "event", merchant__id__exact=merchant.pk, until=day) == [events[3].pk, events[4].pk]


def test_nonsense_in_the_address_is_ignored(csm: Client, merchant: Merchant) -> None:
    event = rows.event(merchant)

    assert listed(csm, "event", until="31.12.2026") == [event.pk]
    assert csm.get(LIST, {"merchant__id__exact": "x"}).status_code in (200, 302)


def test_failed_deliveries_are_listed_however_old(
    csm: Client, merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site, "NEWEST", 1)
    old = rows.delivery(rows.event(merchant, "#1", occurred_at=rows.AT - timedelta(days=300)))
    for number in range(3):
        rows.delivery(rows.event(merchant, f"#2{number}"), "sent")

    assert listed(csm, "delivery", state__exact="dead", merchant__id__exact=merchant.pk) == [old.pk]


def test_event_page_shows_properties_and_klaviyo_s_words(csm: Client, merchant: Merchant) -> None:
    event = rows.event(merchant)
    rows.attempt(rows.delivery(event))
    page = csm.get(reverse("admin:integrations_event_change", args=[event.pk])).content.decode()

    for text in ("Canvas tent", "Klaviyo answered 400: Invalid email address", "req-77aa", "83 ms"):
        assert text in page


def test_event_page_shows_the_bulk_request_too(csm: Client, merchant: Merchant) -> None:
    delivery = rows.delivery(rows.event(merchant), "sent")
    delivery.bulk_attempt = rows.attempt(
        delivery, delivery=None, is_bulk=True, events=812, status=202, request_id="bulk-55"
    )
    delivery.save()
    page = csm.get(reverse("admin:integrations_event_change", args=[delivery.event_id])).content.decode()

    assert ("bulk-55" in page, "with 812 events" in page) == (True, True)


def test_what_a_source_said_is_text_and_never_markup(csm: Client, merchant: Merchant) -> None:
    event = rows.event(merchant, properties={"Note": "<script>alert(1)</script>"})
    page = csm.get(reverse("admin:integrations_event_change", args=[event.pk])).content.decode()

    assert "<script>alert(1)" not in page


def test_event_is_sent_again_from_its_page(csm: Client, merchant: Merchant) -> None:
    delivery = rows.delivery(rows.event(merchant))
    csm.post(reverse("admin:integrations_event_deed", args=[delivery.event_id, "resend"]))
    delivery.refresh_from_db()

    assert delivery.state == Delivery.State.PENDING


def test_chosen_deliveries_are_sent_again_from_the_list(csm: Client, merchant: Merchant) -> None:
    chosen, left = (rows.delivery(rows.event(merchant, number)) for number in ("#1", "#2"))
    csm.post("/admin/integrations/delivery/", {"action": "resend", "_selected_action": [chosen.pk]})

    states = Delivery.objects.filter(pk__in=[chosen.pk, left.pk]).order_by("pk").values_list("state", flat=True)
    assert list(states) == ["pending", "dead"]


def test_viewer_without_the_right_sends_nothing_again(
    client: Client, django_user_model: Any, merchant: Merchant
) -> None:
    from django.contrib.auth.models import Permission

    viewer = django_user_model.objects.create_user("vic", is_staff=True)
    viewer.user_permissions.set(Permission.objects.filter(codename__in=["view_event", "view_delivery"]))
    client.force_login(viewer)
    delivery = rows.delivery(rows.event(merchant))
    answer = client.post(reverse("admin:integrations_event_deed", args=[delivery.event_id, "resend"]))
    delivery.refresh_from_db()

    assert (answer.status_code, delivery.state) == (403, Delivery.State.DEAD)


def test_pages_of_rows_that_are_gone_lead_back(csm: Client) -> None:
    assert csm.get(reverse("admin:integrations_event_change", args=[999])).status_code == 302
    assert not Event.objects.exists()


def test_changes_of_profiles_stand_in_the_log_of_deliveries(csm: Client, merchant: Merchant) -> None:
    """Among all, of a merchant by the filter, found by the shopper, and each with a page of its own."""
    told = rows.delivery(rows.event(merchant), "sent")
    change = rows.sign_up(merchant, "ada@example.com")
    of_merchant = {"merchant__id__exact": merchant.pk}

    assert listed(csm, "delivery") == [change.pk, told.pk]
    assert listed(csm, "delivery", carries="changes") == [change.pk]
    assert listed(csm, "delivery", carries="changes", **of_merchant) == [change.pk]
    assert listed(csm, "delivery", carries="events", **of_merchant) == [told.pk]
    assert set(listed(csm, "delivery", q="ada@example.com")) == {change.pk, told.pk}
    page = csm.get(reverse("admin:integrations_delivery_change", args=[change.pk])).content.decode()
    assert "Subscribe to marketing (email)" in page


def test_page_of_a_customer_shows_what_was_ticked_and_what_came_of_it(csm: Client, merchant: Merchant) -> None:
    change = rows.sign_up(merchant, "ada@example.com")
    customer = Customer.objects.get()
    page = csm.get(reverse("admin:integrations_customer_change", args=[customer.pk])).content.decode()

    assert "email, 2026-11-20 15:00 UTC, Checkout" in page
    assert "Yes, send me offers." in page
    assert f"delivery {change.pk}: Waiting" in page

"""The activity log as merchants see it: what it has, its feed, and syncs of the past."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.models import AuditEntry, Connection, Event, Merchant
from integrations.people import PersonInput
from lifecycle import kinds, log, services
from lifecycle.inputs import EntryInput
from lifecycle.models import LogFeed, LogSync

from .conftest import SignIn

URL = "https://kiva.example/log?shop=1"


@pytest.fixture
def logged(merchant: Merchant) -> Merchant:
    """With ten entries that were parsed: nine of the six kinds, and one that nobody wants."""
    at = timezone.now()
    launched = at - timedelta(days=90)
    Connection.objects.create(
        merchant=merchant, launch_at=launched, launched_at=launched, enabled_metrics=list(kinds.METRICS.values())
    )
    words = [*kinds.METRICS, "contact.form", "contact.form", "contact.form", "password.changed"]
    entries = [
        EntryInput(f"e{n}", kind, at - timedelta(hours=n), PersonInput(email=f"s{n}@shopper.example"), {})
        for n, kind in enumerate(words)
    ]
    services.record(merchant=merchant, entries=entries, at=at)
    log.work(seconds=5, merchant=merchant)
    return merchant


def shown(client: Client, merchant: Merchant, path: str = "", **query: str) -> str:
    return client.get(f"/m/{merchant.public_id}/activity/{path}", query).content.decode()


def test_the_log_is_filtered_by_kind_state_and_shopper(logged: Merchant, sign_in: SignIn) -> None:
    client = sign_in("viewer")

    assert shown(client, logged).count('data-label="Entry"') == 10
    assert shown(client, logged, kind="contact.form").count('data-label="Entry"') == 4
    untold = shown(client, logged, state="untold")
    assert untold.count('data-label="Entry"') == 1
    assert "no metric is made of entries of this kind" in untold
    assert shown(client, logged, q="s3@shopper.example").count('data-label="Entry"') == 1
    assert "No entry fits." in shown(client, logged, q="nobody@shopper.example")


def test_an_entry_leads_to_its_event(logged: Merchant, sign_in: SignIn) -> None:
    client = sign_in("viewer")

    page = shown(client, logged)
    events = dict(Event.objects.for_merchant(logged).values_list("unique_id", "pk"))

    links = re.findall(rf'href="/m/{logged.public_id}/events/(\d+)/">Event made', page)
    assert [int(each) for each in links] == [events[f"log:e{n}"] for n in range(9)]
    assert page.count("Nothing to tell</span>") == 1


def test_a_page_costs_as_many_statements_whatever_it_lists(logged: Merchant, sign_in: SignIn) -> None:
    client = sign_in("viewer")
    shown(client, logged)

    def statements(**query: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            shown(client, logged, **query)
        return len(captured)

    assert statements(kind="cancelled") == statements(kind="contact.form")


def test_an_editor_sets_a_feed_and_syncs_the_past(logged: Merchant, sign_in: SignIn) -> None:
    client, address = sign_in("editor"), f"/m/{logged.public_id}/activity/"

    client.post(f"{address}feed/", {"url": URL, "secret": "s3cret"})
    feed = LogFeed.objects.for_merchant(logged).get()
    assert (feed.url, feed.secret.reveal()) == (URL, "s3cret")
    assert "s3cret" not in shown(client, logged, "feed/")
    client.post(f"{address}feed/", {"url": URL, "secret": ""})
    feed.refresh_from_db()
    assert feed.secret.reveal() == "s3cret"

    client.post(f"{address}sync/", {"since": "", "pace": "600"})
    sync = LogSync.objects.for_merchant(logged).get()
    assert (sync.state, sync.since, sync.pace, sync.until > feed.since) == ("running", None, 600, True)
    for move, state in (("pause", "paused"), ("resume", "running"), ("cancel", "cancelled"), ("resume", "cancelled")):
        client.post(f"{address}sync/{sync.pk}/{move}/")
        sync.refresh_from_db()
        assert sync.state == state
    client.post(f"{address}feed/remove/")
    assert not LogFeed.objects.exists()
    assert AuditEntry.objects.for_merchant(logged).count() == 7


@pytest.mark.parametrize("url", ["http://kiva.example/log", "https://10.0.0.1/log", "https://ann@kiva.example/", "log"])
def test_an_address_that_may_not_be_called_is_refused(logged: Merchant, sign_in: SignIn, url: str) -> None:
    answer = sign_in("editor").post(f"/m/{logged.public_id}/activity/feed/", {"url": url})

    assert 'role="alert"' in answer.content.decode()
    assert not LogFeed.objects.exists()


def test_a_viewer_looks_and_changes_nothing(logged: Merchant, sign_in: SignIn) -> None:
    client, address = sign_in("viewer"), f"/m/{logged.public_id}/activity/"
    client.post(f"{address}feed/", {"url": URL})

    assert client.post(f"{address}sync/", {"pace": "600"}).status_code == 403
    assert (LogFeed.objects.count(), LogSync.objects.count()) == (0, 0)

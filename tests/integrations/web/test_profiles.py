"""Sign-ups and opt-outs as merchants see them: found, shown with the consent behind them, sent again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from integrations import consent
from integrations.consent import SignUp
from integrations.models import AuditEntry, Connection, Delivery, Merchant, ProfileChange
from integrations.people import ConsentInput, PersonInput

from .conftest import SignIn

AT = datetime(2026, 11, 20, 10, tzinfo=UTC)
TEXT = "Yes, Alba may write to me. I can end it at any time."


@pytest.fixture
def connected(merchant: Merchant) -> Merchant:
    Connection.objects.create(merchant=merchant, launch_at=AT - timedelta(days=30), launched_at=AT)
    return merchant


def sign_up(merchant: Merchant, number: int = 1) -> None:
    """Somebody ticks the box on a tracking page."""
    at = AT + timedelta(minutes=number)
    person = PersonInput(email=f"ann{number}@shopper.example", first_name=f"Ann {number}")
    form = SignUp(
        person=person,
        channels=["email"],
        is_marketing=True,
        source="Tracking page",
        given_at=at,
        text=TEXT,
        version="3",
    )
    consent.subscribe(merchant=merchant, sign_up=form, at=at)


def opt_out(merchant: Merchant, number: int = 1) -> None:
    """The same person unsubscribes, by the shop."""
    at = AT + timedelta(days=1)
    told = ConsentInput(PersonInput(email=f"ann{number}@shopper.example"), "email", "unsubscribed", at)
    consent.record(merchant=merchant, consent=told, at=at)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["unsubscribe", "subscribe", "subscribe"]),
        ({"kind": "unsubscribe"}, ["unsubscribe"]),
        ({"q": "ann2@shopper.example"}, ["subscribe"]),
        ({"q": "nobody@shopper.example"}, []),
        ({"state": "failed"}, ["subscribe"]),
        ({"state": "failed", "kind": "unsubscribe"}, []),
        ({"state": "nosuch"}, ["unsubscribe", "subscribe", "subscribe"]),
    ],
)
def test_what_is_looked_for_is_found(
    connected: Merchant, sign_in: SignIn, query: dict[str, str], found: list[str]
) -> None:
    for number in (1, 2):
        sign_up(connected, number)
    opt_out(connected, 1)
    Delivery.objects.filter(change__email="ann2@shopper.example").update(state="dead")
    page = sign_in("viewer").get(f"/m/{connected.public_id}/profile-changes/", query)

    assert [each.kind for each in page.context["changes"]] == found


def test_older_pages_go_on_and_cost_the_same(connected: Merchant, sign_in: SignIn) -> None:
    client, path = sign_in("viewer"), f"/m/{connected.public_id}/profile-changes/"
    counts = []
    for numbers in (range(3), range(3, 60)):
        for number in numbers:
            sign_up(connected, number)
        with CaptureQueriesContext(database) as queries:
            first = client.get(path)
        counts.append(len(queries))
    second = client.get(f"{path}?{first.context['older']}")

    seen = [each.email for page in (first, second) for each in page.context["changes"]]
    assert seen == [f"ann{number}@shopper.example" for number in reversed(range(60))]
    assert counts[0] == counts[1] <= 7


def test_a_sign_up_shows_what_was_ticked_and_an_editor_sends_it_again(connected: Merchant, sign_in: SignIn) -> None:
    sign_up(connected)
    change = ProfileChange.objects.get()
    Delivery.objects.update(state="dead", reason="rejected", error="Invalid e-mail")
    client, path = sign_in("editor"), f"/m/{connected.public_id}/profile-changes/{change.pk}/"
    page = client.get(path).content.decode()
    for text in (TEXT, "version 3", "Invalid e-mail", "Tracking page", "Send again"):
        assert text in page

    again = client.post(f"{path}send-again/", follow=True).content.decode()

    assert "It is on its way again" in again
    assert (Delivery.objects.get().state, AuditEntry.objects.get().what) == (
        "pending",
        "sent a change of a profile again",
    )


def test_a_viewer_sends_nothing(connected: Merchant, sign_in: SignIn) -> None:
    sign_up(connected)
    Delivery.objects.update(state="dead")
    path = f"/m/{connected.public_id}/profile-changes/{ProfileChange.objects.get().pk}/send-again/"

    assert (sign_in("viewer").post(path).status_code, Delivery.objects.get().state) == (403, "dead")


def test_another_merchants_sign_up_does_not_exist(connected: Merchant, sign_in: SignIn) -> None:
    other = Merchant.objects.create(name="Birch")
    sign_up(other)
    client = sign_in("owner")

    theirs = ProfileChange.objects.get().pk
    assert client.get(f"/m/{connected.public_id}/profile-changes/{theirs}/").status_code == 404
    assert client.get(f"/m/{connected.public_id}/profile-changes/").context["changes"] == []

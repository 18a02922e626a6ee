"""Replays on the merchants' page: the count and a sample first, then progress; editors start and cancel."""

from __future__ import annotations

from datetime import timedelta

import pytest

from integrations.models import Connection, Merchant, Replay

from .conftest import SignIn
from .test_events import AT, record


@pytest.fixture
def path(merchant: Merchant) -> str:
    connection = Connection.objects.create(merchant=merchant, launch_at=AT - timedelta(days=30), launched_at=AT)
    for number in range(7):
        record(merchant, connection, number)
    return f"/m/{merchant.public_id}/replay/"


def test_the_count_and_a_sample_come_first(path: str, sign_in: SignIn) -> None:
    client = sign_in("editor")
    empty = client.get(path).content.decode()
    page = client.get(path, {"metric": "order_shipped", "until": "2026-11-20"}).content.decode()

    assert "fit" not in empty
    assert "7 events fit" in page
    assert page.count('data-label="Event"') == 5
    assert not Replay.objects.exists()


def test_an_editor_starts_one_sees_it_and_cancels_it(path: str, sign_in: SignIn) -> None:
    client = sign_in("editor")
    page = client.post(path, {"metric": "order_shipped"}, follow=True).content.decode()
    assert ("It has begun." in page, "0 of 7 events" in page) == (True, True)

    fragment = client.get(path, headers={"HX-Request": "true"}).content.decode()
    assert fragment.strip().startswith('<section class="card" id="replays" hx-get')

    client.post(f"{path}{Replay.objects.get().pk}/cancel/")
    assert Replay.objects.get().state == "cancelled"


@pytest.mark.parametrize("query", [{}, {"q": "nothing"}])
def test_without_a_filter_or_events_nothing_is_started(path: str, sign_in: SignIn, query: dict[str, str]) -> None:
    client = sign_in("editor")
    client.post(path, query)

    assert not Replay.objects.exists()


def test_who_counts_without_a_filter_is_told_that_one_is_needed(path: str, sign_in: SignIn) -> None:
    client = sign_in("viewer")

    assert "fill in at least one field" in client.get(path, {"q": "", "metric": ""}).content.decode()
    assert "fill in at least one field" not in client.get(path).content.decode()


def test_a_viewer_counts_and_starts_nothing(path: str, sign_in: SignIn) -> None:
    client = sign_in("viewer")
    page = client.post(path, {"metric": "order_shipped"}).content.decode()

    assert ("7 events fit" in page, "once more</button>" in page) == (True, False)
    assert client.post(f"{path}1/cancel/").status_code == 403
    assert not Replay.objects.exists()

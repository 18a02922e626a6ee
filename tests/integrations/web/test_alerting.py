"""Alerts on the merchants' page: who is told, and what is wrong now."""

from __future__ import annotations

import pytest
from django.utils import timezone

from integrations.models import Alert, AlertAddress, Merchant

from .conftest import SignIn


def test_an_editor_adds_and_removes_an_address(merchant: Merchant, sign_in: SignIn) -> None:
    client, path = sign_in("editor"), f"/m/{merchant.public_id}/alerts/"
    assert "Nobody yet" in client.get(path).content.decode()

    page = client.post(path, {"address": "ops@alba.example"}, follow=True).content.decode()
    assert "ops@alba.example is told from now on." in page

    client.post(f"{path}{AlertAddress.objects.get().pk}/remove/")
    assert not AlertAddress.objects.exists()


def test_a_viewer_sees_what_is_wrong_and_changes_nothing(merchant: Merchant, sign_in: SignIn) -> None:
    Alert.objects.create(merchant=merchant, kind="failures", detail="12 in 24 hours", since=timezone.now())
    client, path = sign_in("viewer"), f"/m/{merchant.public_id}/alerts/"
    client.post(path, {"address": "ops@alba.example"})

    assert "Events fail: 12 in 24 hours" in client.get(path).content.decode()
    assert client.post(f"{path}1/remove/").status_code == 403
    assert not AlertAddress.objects.exists()


def test_the_secret_of_a_webhook_is_shown_once(merchant: Merchant, sign_in: SignIn) -> None:
    client, path = sign_in("editor"), f"/m/{merchant.public_id}/alerts/"
    answer = client.post(path, {"address": "https://hooks.example/canary"})
    secret = AlertAddress.objects.get().secret.reveal()
    assert (secret in answer.content.decode(), "no-store" in answer.headers["Cache-Control"]) == (True, True)

    page = client.get(path).content.decode()
    assert (secret in page, "https://hooks.example/canary" in page) == (False, True)
    seen = sign_in("viewer").get(path).content.decode()
    assert ("canary" in seen, "webhook at hooks.example" in seen) == (False, True)


@pytest.mark.parametrize("address", ["ops", "", "http://hooks.example/", "https://10.0.0.1/"])
def test_what_is_no_address_is_said(merchant: Merchant, sign_in: SignIn, address: str) -> None:
    page = sign_in("editor").post(f"/m/{merchant.public_id}/alerts/", {"address": address}).content.decode()

    assert ('class="error"' in page, AlertAddress.objects.exists()) == (True, False)


def test_an_editor_chooses_when_the_daily_list_comes(merchant: Merchant, sign_in: SignIn) -> None:
    client, path = sign_in("editor"), f"/m/{merchant.public_id}/alerts/"
    client.post(path, {"address": "ops@alba.example"})
    at = f"{path}{AlertAddress.objects.get().pk}/daily-list/"
    assert 'value="08:00"' in client.get(path).content.decode()
    assert "Gets the daily list at 07:30." in client.post(at, {"time": "07:30"}, follow=True).content.decode()
    assert "That is no time of day." in client.post(at, {"time": "soon"}, follow=True).content.decode()
    assert "Gets the daily list" not in client.post(at, {"time": ""}, follow=True).content.decode()
    assert sign_in("viewer").post(at, {"time": "07:30"}).status_code == 403

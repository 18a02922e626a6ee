"""Alerts on the merchants' page: who is told, and what is wrong now."""

from __future__ import annotations

from django.utils import timezone

from integrations.models import Alert, AlertAddress, Merchant

from .conftest import SignIn


def test_an_editor_adds_and_removes_an_address(merchant: Merchant, sign_in: SignIn) -> None:
    client, path = sign_in("editor"), f"/m/{merchant.public_id}/alerts/"
    assert "Nobody yet" in client.get(path).content.decode()

    page = client.post(path, {"email": "ops@alba.example"}, follow=True).content.decode()
    assert "ops@alba.example is told from now on." in page

    client.post(f"{path}{AlertAddress.objects.get().pk}/remove/")
    assert not AlertAddress.objects.exists()


def test_a_viewer_sees_what_is_wrong_and_changes_nothing(merchant: Merchant, sign_in: SignIn) -> None:
    Alert.objects.create(merchant=merchant, kind="failures", detail="12 in 24 hours", since=timezone.now())
    client, path = sign_in("viewer"), f"/m/{merchant.public_id}/alerts/"
    client.post(path, {"email": "ops@alba.example"})

    assert "Events fail: 12 in 24 hours" in client.get(path).content.decode()
    assert client.post(f"{path}1/remove/").status_code == 403
    assert not AlertAddress.objects.exists()


def test_what_is_no_address_is_said(merchant: Merchant, sign_in: SignIn) -> None:
    page = sign_in("editor").post(f"/m/{merchant.public_id}/alerts/", {"email": "ops"}).content.decode()

    assert 'class="error"' in page

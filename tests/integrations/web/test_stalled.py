"""When something stalls, as merchants set it: seen before it is saved, by whoever may look; saved by whoever may change."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from integrations.models import AuditEntry, Merchant
from tracking.models import StalledPolicy
from tracking.policy_form import PolicyForm
from tracking.services import policies

from .conftest import SignIn


def said(merchant: Merchant, **values: Any) -> dict[str, Any]:
    """What a browser sends of the form as it stands, but for `values`."""
    form = PolicyForm(policies.current(merchant))
    shown = {name: form[name].value() for name in form.fields}
    return {name: "" if value is None else value for name, value in shown.items()} | values


def post(client: Client, merchant: Merchant, *, htmx: bool = False, **values: Any) -> str:
    headers = {"HX-Request": "true"} if htmx else {}
    answer = client.post(f"/m/{merchant.public_id}/stalled/", said(merchant, **values), follow=True, headers=headers)
    return answer.content.decode()


def test_an_editor_makes_a_new_version_and_the_trail_says_so(merchant: Merchant, sign_in: SignIn) -> None:
    page = post(sign_in("editor"), merchant, hours_in_transit=48)

    assert "Version 1 holds for orders that are placed from now on." in page
    assert StalledPolicy.objects.get().hours_in_transit == 48
    entry = AuditEntry.objects.get()
    assert (entry.what, entry.as_staff) == ("changed when something stalls", False)
    assert entry.details == StalledPolicy.objects.get().changes


def test_a_viewer_sees_what_it_would_do_and_saves_nothing(merchant: Merchant, sign_in: SignIn) -> None:
    client = sign_in("viewer")
    page = post(client, merchant, hours_in_transit=48, preview="30")
    post(client, merchant, hours_in_transit=48)

    assert "Nothing is saved yet." in page
    assert "Save as a new version" not in page
    assert not StalledPolicy.objects.exists()


def test_a_change_in_the_form_asks_for_the_preview_alone(merchant: Merchant, sign_in: SignIn) -> None:
    fragment = post(sign_in("editor"), merchant, htmx=True, hours_in_transit=12, preview="30")

    assert fragment.strip().startswith('<div class="form" id="preview"')
    assert "with less than 24 h" in fragment
    assert not StalledPolicy.objects.exists()


@pytest.mark.parametrize("htmx", [True, False])
def test_what_cannot_be_is_said_and_nothing_is_saved(merchant: Merchant, sign_in: SignIn, htmx: bool) -> None:
    page = post(sign_in("editor"), merchant, htmx=htmx, own_dates="yesterday", preview="30")

    assert "is no date such as 2026-12-24" in page
    assert not StalledPolicy.objects.exists()


def test_a_csms_change_is_marked_as_staffs(merchant: Merchant, csm: Client) -> None:
    post(csm, merchant, hours_in_transit=48)

    assert AuditEntry.objects.get().as_staff


def test_nobodys_change_is_taken_back_unseen(merchant: Merchant, sign_in: SignIn) -> None:
    old = said(merchant, hours_in_transit=48)
    policies.change(merchant, by=None, at=merchant.created_at, hours_in_transit=36)
    page = sign_in("editor").post(f"/m/{merchant.public_id}/stalled/", old).content.decode()

    assert "Somebody made version 1 meanwhile." in page
    assert StalledPolicy.objects.get().hours_in_transit == 36

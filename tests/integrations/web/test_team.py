"""The people of a merchant: owners decide, and one owner always stays."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail

from integrations.models import AuditEntry, Invitation, Membership, Merchant

from .conftest import SignIn


def test_an_owner_invites_and_withdraws(merchant: Merchant, sign_in: SignIn) -> None:
    client, path = sign_in("owner"), f"/m/{merchant.public_id}/team/"
    page = client.post(path, {"email": "ben@alba.example", "role": "editor"}, follow=True).content.decode()
    assert ("ben@alba.example was invited" in page, mail.outbox[0].to) == (True, ["ben@alba.example"])

    client.post(f"{path}{Invitation.objects.get().pk}/withdraw/")
    assert not Invitation.objects.exists()
    assert list(AuditEntry.objects.order_by("id").values_list("what", flat=True)) == [
        "invited",
        "withdrew an invitation",
    ]


@pytest.mark.parametrize("given", [{"email": "nobody", "role": "editor"}, {"email": "a@b.example", "role": "king"}])
def test_a_wrong_invitation_says_what_is_wrong(merchant: Merchant, sign_in: SignIn, given: dict[str, str]) -> None:
    page = sign_in("owner").post(f"/m/{merchant.public_id}/team/", given).content.decode()

    assert 'class="error"' in page
    assert not Invitation.objects.exists()


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_nobody_else_decides_on_people(merchant: Merchant, person: Any, sign_in: SignIn, role: str) -> None:
    owner = Membership.objects.get(user=person("owner"))
    client, path = sign_in(role), f"/m/{merchant.public_id}/team/"
    client.post(path, {"email": "ben@alba.example", "role": "owner"})
    answers = [client.post(f"{path}{owner.pk}/role/", {"role": "viewer"}), client.post(f"{path}1/withdraw/")]

    assert [each.status_code for each in answers] == [403, 403]
    assert not Invitation.objects.exists()
    assert "Invite somebody" not in client.get(path).content.decode()


def test_a_role_is_changed_and_a_place_taken_away(merchant: Merchant, person: Any, sign_in: SignIn) -> None:
    client = sign_in("owner")
    viewer = Membership.objects.get(user=person("viewer"))
    path = f"/m/{merchant.public_id}/team/{viewer.pk}/role/"
    client.post(path, {"role": "editor"})
    viewer.refresh_from_db()
    assert viewer.role == "editor"

    client.post(path, {"role": ""})
    assert not Membership.objects.filter(pk=viewer.pk).exists()
    assert AuditEntry.objects.order_by("id").last().details == ["viewer@alba.example, editor"]  # type: ignore[union-attr]


def test_the_last_owner_stays(merchant: Merchant, sign_in: SignIn) -> None:
    client = sign_in("owner")
    mine = Membership.objects.get()
    for role in ("viewer", ""):
        page = client.post(f"/m/{merchant.public_id}/team/{mine.pk}/role/", {"role": role}, follow=True)
        assert "needs an owner" in page.content.decode()

    mine.refresh_from_db()
    assert mine.role == "owner"


def test_people_of_another_merchant_are_out_of_reach(merchant: Merchant, person: Any, sign_in: SignIn) -> None:
    theirs = Membership.objects.create(merchant=Merchant.objects.create(name="Birch"), user=person(""), role="viewer")

    answer = sign_in("owner").post(f"/m/{merchant.public_id}/team/{theirs.pk}/role/", {"role": ""})
    assert answer.status_code == 404
    assert Membership.objects.filter(pk=theirs.pk).exists()


def test_what_was_changed_is_shown_with_who_did_it(merchant: Merchant, sign_in: SignIn, csm: Any) -> None:
    csm.post(f"/m/{merchant.public_id}/team/", {"email": "ben@alba.example", "role": "owner"})
    page = sign_in("viewer").get(f"/m/{merchant.public_id}/changes/").content.decode()

    assert "ben@alba.example as owner" in page
    assert '<span class="chip warn">staff</span>' in page

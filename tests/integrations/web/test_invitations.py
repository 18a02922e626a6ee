"""Invitations: sent by e-mail, taken once, by whom they are for."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.utils import timezone

from integrations import invitations
from integrations.audit import Actor
from integrations.models import AuditEntry, Invitation, Membership, Merchant

from .conftest import PASSWORD


@pytest.fixture
def owner(person: Any) -> Actor:
    return Actor(person("owner"))


def invite(merchant: Merchant, owner: Actor, email: str = "Ben@Alba.example", **more: Any) -> str:
    """The path in the link that was mailed."""
    invitations.invite(merchant, email, "editor", by=owner, at=more.get("at", timezone.now()))
    found = re.search(r"/invitations/\S+/", str(mail.outbox[-1].body))
    assert found
    return found[0]


def test_a_new_person_chooses_a_password_and_is_in(merchant: Merchant, owner: Actor, client: Client) -> None:
    path = invite(merchant, owner)
    assert mail.outbox[0].to == ["ben@alba.example"]
    assert "Alba invites you" in client.get(path).content.decode()

    answer = client.post(path, {"password": "correct horse battery"})

    assert answer.headers["Location"] == f"/m/{merchant.public_id}/"
    assert client.get(answer.headers["Location"]).status_code == 200
    assert Membership.objects.get(user__email="ben@alba.example").role == "editor"
    assert list(AuditEntry.objects.order_by("id").values_list("actor", "what")) == [
        ("owner@alba.example", "invited"),
        ("ben@alba.example", "joined"),
    ]


@pytest.mark.parametrize("password", ["short", "password1234"])
def test_a_weak_password_is_refused(merchant: Merchant, owner: Actor, client: Client, password: str) -> None:
    answer = client.post(invite(merchant, owner), {"password": password})

    assert (answer.status_code, User.objects.filter(email="ben@alba.example").exists()) == (200, False)
    assert 'class="error"' in answer.content.decode()


def test_a_link_opens_once(merchant: Merchant, owner: Actor, client: Client) -> None:
    path = invite(merchant, owner)
    client.post(path, {"password": PASSWORD})

    answer = Client().get(path)
    assert (answer.status_code, "was used" in answer.content.decode()) == (410, True)


def test_a_link_grows_old(merchant: Merchant, owner: Actor, client: Client) -> None:
    path = invite(merchant, owner, at=timezone.now() - timedelta(days=7))

    assert client.get(path).status_code == 410


def test_a_second_invitation_voids_the_first(merchant: Merchant, owner: Actor, client: Client) -> None:
    first, second = invite(merchant, owner), invite(merchant, owner)

    assert [client.get(path).status_code for path in (first, second)] == [410, 200]


def test_who_has_an_account_signs_in_first(merchant: Merchant, owner: Actor, client: Client) -> None:
    ben = User.objects.create_user("ben", "ben@alba.example", PASSWORD)
    path = invite(merchant, owner)
    assert "Sign in with it" in client.get(path).content.decode()
    client.post(path)
    assert not Membership.objects.filter(user=ben).exists()

    client.force_login(ben)
    client.post(path)
    assert Membership.objects.get(user=ben).role == "editor"


def test_somebody_else_cannot_take_the_place(merchant: Merchant, owner: Actor, client: Client) -> None:
    User.objects.create_user("ben", "ben@alba.example", PASSWORD)
    client.force_login(User.objects.create_user("eve", "eve@evil.example", PASSWORD))
    client.post(invite(merchant, owner))

    assert Membership.objects.count() == 1


def test_the_database_does_not_hold_the_link(merchant: Merchant, owner: Actor) -> None:
    token = invite(merchant, owner).split("/")[2]

    assert token not in str(Invitation.objects.values().get())

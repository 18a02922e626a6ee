"""A CSM's client: it acts for the merchant that it names, and what it writes stands in that merchant's trail."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from integrations import staff, tokens
from integrations.models import AuditEntry, Customer, Merchant
from tests.support import rest as world
from tests.support.rest import Rest

pytestmark = pytest.mark.django_db
ADA = {"email": "ada@example.com"}


@pytest.fixture
def csm() -> User:
    return staff.make_csm("carla", "a-long-password-1", email="carla@example.com")[0]


@pytest.fixture
def token(csm: User) -> str:
    return tokens.create_for_staff(csm, "nightly", tokens.SCOPES, at=timezone.now())[1]


def acting_for(merchant: Merchant, token: str) -> Rest:
    return Rest(token, **{"Tidings-Merchant": merchant.public_id})


def test_it_acts_for_the_merchant_that_it_names_and_no_other(token: str) -> None:
    mine, other = world.merchant("Alba"), world.merchant("Bora")

    written = acting_for(mine, token).post("customers", ADA).json()

    assert Customer.objects.get().merchant == mine
    assert acting_for(mine, token).get(f"customers/{written['id']}").json() == written
    assert acting_for(other, token).get(f"customers/{written['id']}").status_code == 404
    assert acting_for(other, token).get("customers").json()["items"] == []


def test_every_write_stands_in_the_trail_once(token: str, csm: User) -> None:
    merchant = world.merchant()
    api = acting_for(merchant, token)

    api.get("customers")
    api.post("customers", ADA, Idempotency_Key="one")
    api.post("customers", ADA, Idempotency_Key="one")
    api.post("customers/bulk", {"items": [ADA, ADA]})
    api.post("customers", {"email": "x"})

    entries = AuditEntry.objects.order_by("pk")
    assert [(each.what, each.details) for each in entries] == [
        ("called the API", ["POST /api/v1/customers"]),
        ("called the API", ["POST /api/v1/customers/bulk"]),
    ]
    assert {(each.merchant, each.user, each.as_staff) for each in entries} == {(merchant, csm, True)}
    assert entries[0].actor.startswith("carla@example.com by API token “nightly” (tdg_staff_")


def test_a_merchant_s_own_token_leaves_no_such_trace() -> None:
    merchant = world.merchant()

    world.rest(merchant).post("customers", ADA)

    assert not AuditEntry.objects.exists()


def test_a_superuser_sees_the_tokens_and_revokes_one(token: str, admin_user: User) -> None:
    merchant = world.merchant()
    api, client = acting_for(merchant, token), Client()
    client.force_login(admin_user)
    assert api.get("customers").status_code == 200
    key = admin_user.pk and tokens.find(token, at=timezone.now())
    assert key

    assert "nightly" in client.get("/admin/integrations/stafftoken/").content.decode()
    page = client.post(f"/admin/integrations/stafftoken/{key.pk}/do/revoke/", follow=True).content.decode()

    assert "1 token revoked." in page
    assert api.get("customers").status_code == 401

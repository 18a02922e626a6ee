"""Who gets in: roles, strangers, staff, and the second factor."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.test import Client, RequestFactory

from integrations import staff
from integrations.models import Membership, Merchant
from integrations.web.access import Role, Visit, page

from .conftest import PASSWORD, SignIn


@pytest.mark.parametrize("role", ["viewer", "editor", "owner"])
def test_its_people_see_their_merchant(merchant: Merchant, sign_in: SignIn, role: str) -> None:
    answer = sign_in(role).get(f"/m/{merchant.public_id}/")

    assert answer.status_code == 200
    assert "You look at Alba as staff" not in answer.content.decode()


def test_a_stranger_does_not_learn_whether_a_merchant_exists(merchant: Merchant, sign_in: SignIn) -> None:
    client = sign_in("")

    assert [client.get(f"/m/{each}/").status_code for each in (merchant.public_id, "m_nobody")] == [404, 404]


def test_people_of_another_merchant_are_strangers(merchant: Merchant, sign_in: SignIn) -> None:
    other = Merchant.objects.create(name="Birch")

    assert sign_in("owner").get(f"/m/{other.public_id}/").status_code == 404


def test_who_is_not_signed_in_is_sent_to_do_so(merchant: Merchant, client: Client) -> None:
    answer = client.get(f"/m/{merchant.public_id}/")

    assert answer.headers["Location"] == f"/accounts/login/?next=/m/{merchant.public_id}/"


@pytest.mark.parametrize("needed", [Role.VIEWER, Role.EDITOR, Role.OWNER])
@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR, Role.OWNER])
def test_a_role_may_do_what_those_below_it_may(
    merchant: Merchant, person: Any, needed: Membership.Role, role: Membership.Role
) -> None:
    @page(needed)
    def guarded(request: Visit, merchant: Merchant) -> HttpResponse:
        return HttpResponse(headers={"Role": request.access.role})

    request = RequestFactory().get("/")
    request.user = person(role.value)
    ranks = [Role.VIEWER, Role.EDITOR, Role.OWNER]
    if ranks.index(role) >= ranks.index(needed):
        assert guarded(request, merchant.public_id).headers["Role"] == role
    else:
        with pytest.raises(PermissionDenied, match=f"This is for the {needed}s of Alba"):
            guarded(request, merchant.public_id)


def test_a_csm_sees_every_merchant_marked_and_logged(
    merchant: Merchant, csm: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    page = csm.get(f"/m/{merchant.public_id}/").content.decode()

    assert "You look at Alba as staff" in page
    assert "merchant.visited" in caplog.text


def test_staff_without_a_second_factor_are_sent_to_set_one_up(merchant: Merchant, settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = True
    user, _ = staff.make_csm("nora", PASSWORD)
    client = Client()
    client.force_login(user)

    for path in ("/admin/", f"/m/{merchant.public_id}/"):
        assert client.get(path).headers["Location"] == "/accounts/2fa/totp/activate/"
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={})
    assert client.get("/admin/").status_code == 200


def test_merchants_people_need_none(merchant: Merchant, sign_in: SignIn) -> None:
    assert sign_in("viewer").get(f"/m/{merchant.public_id}/").status_code == 200


def test_a_password_alone_does_not_let_in_who_has_a_second_factor(person: Any, client: Client) -> None:
    user: User = person("owner")
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    answer = client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})

    assert answer.headers["Location"] == "/accounts/2fa/authenticate/"
    assert client.get("/").headers["Location"].startswith("/accounts/login/")
    counter = next(iter(yield_hotp_counters_from_time()))
    client.post("/accounts/2fa/authenticate/", {"code": format_hotp_value(hotp_value(secret, counter))})
    assert client.get("/").headers["Location"].startswith("/m/")


def test_the_secret_of_a_second_factor_is_sealed(person: Any) -> None:
    secret = generate_totp_secret()
    TOTP.activate(person("owner"), secret)

    assert secret not in str(Authenticator.objects.get().data)


def test_who_tries_passwords_is_locked_out(person: Any, client: Client) -> None:
    user: User = person("owner")
    for _ in range(5):
        client.post("/accounts/login/", {"login": user.email, "password": "a wrong one"})
    answer = client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})

    assert answer.status_code == 200
    assert "Too many failed login attempts" in answer.content.decode()


def test_the_admin_has_no_form_of_its_own(client: Client, db: None) -> None:
    answer = client.get("/admin/", follow=True)

    assert answer.redirect_chain[-1][0].startswith("/accounts/login/?next=")


def test_nobody_signs_up(client: Client, db: None) -> None:
    answer = client.post("/accounts/signup/", {"email": "eve@evil.example", "password1": PASSWORD})

    assert (User.objects.count(), answer.status_code) == (0, 200)


def test_one_merchant_opens_at_once_and_several_are_a_choice(merchant: Merchant, person: Any, client: Client) -> None:
    user = person("owner")
    client.force_login(user)
    assert client.get("/").headers["Location"] == f"/m/{merchant.public_id}/"

    Membership.objects.create(merchant=Merchant.objects.create(name="Birch"), user=user, role="viewer")
    page = client.get("/").content.decode()
    assert (page.count("Alba"), page.count("Birch")) == (1, 1)


def test_who_belongs_nowhere_is_told_what_to_do(sign_in: SignIn) -> None:
    assert "Ask an owner" in sign_in("").get("/").content.decode()

"""A merchant's page: sources with their secrets, API tokens, members."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from integrations import merchants, tokens
from integrations.models import ApiToken, Membership, Merchant, SourceSecret

from . import rows

SECRET = "canary-webhook-secret-7788"


def page(client: Client, merchant: Merchant) -> str:
    return client.get(reverse("admin:integrations_merchant_change", args=[merchant.pk])).content.decode()


def post(client: Client, deed: str, *args: int, **data: Any) -> str:
    return client.post(reverse(f"admin:integrations_merchant_{deed}", args=args), data, follow=True).content.decode()


def test_page_shows_every_source_with_its_address(csm: Client, merchant: Merchant) -> None:
    merchants.set_source_secret(merchant, "shopify", SECRET, at=rows.AT)
    shown = page(csm, merchant)

    for source in ("shopify", "easypost", "shippo", "aftership"):
        assert f"/hooks/{merchant.public_id}/{source}/" in shown
    assert ("…7788" in shown, SECRET in shown) == (True, False)


def test_secret_that_is_made_is_shown_once(csm: Client, merchant: Merchant) -> None:
    shown = post(csm, "secret", merchant.pk, source="easypost")
    secret = SourceSecret.objects.get().current.reveal()

    assert (secret in shown, secret in page(csm, merchant)) == (True, False)


def test_secret_that_is_given_is_never_shown(csm: Client, merchant: Merchant) -> None:
    shown = post(csm, "secret", merchant.pk, source="shopify", secret=SECRET)

    assert SECRET not in shown
    assert SourceSecret.objects.get().current.reveal() == SECRET


def test_secret_before_stays_good_for_a_while(csm: Client, merchant: Merchant) -> None:
    merchants.set_source_secret(merchant, "shopify", "the-old-one", at=rows.AT)
    post(csm, "secret", merchant.pk, source="shopify", secret=SECRET)
    row = SourceSecret.objects.get()

    assert (row.current.reveal(), row.previous.reveal()) == (SECRET, "the-old-one")


def test_unknown_source_changes_nothing(csm: Client, merchant: Merchant) -> None:
    assert "Nothing was changed" in post(csm, "secret", merchant.pk, source="fax")
    assert not SourceSecret.objects.exists()


def test_token_is_shown_once_and_works(csm: Client, merchant: Merchant) -> None:
    shown = post(csm, "token", merchant.pk, name="Warehouse", scopes=["events:read"])
    token = next(word for word in shown.replace("<", " ").replace(">", " ").split() if word.startswith(tokens.START))

    assert tokens.find(token, at=rows.AT) == ApiToken.objects.get()
    assert token not in page(csm, merchant)


def test_token_is_good_for_as_many_days_as_were_given(csm: Client, merchant: Merchant) -> None:
    post(csm, "token", merchant.pk, name="Warehouse", scopes=["events:read"], days="30")
    row = ApiToken.objects.get()

    assert row.expires_at is not None
    assert (row.expires_at - row.created_at).days == 30
    assert "No token was made" in post(csm, "token", merchant.pk, name="Other", scopes=["events:read"], days="0")


def test_token_without_scopes_is_not_made(csm: Client, merchant: Merchant) -> None:
    assert "No token was made" in post(csm, "token", merchant.pk, name="Warehouse")
    assert not ApiToken.objects.exists()


def test_revoked_token_is_refused(csm: Client, merchant: Merchant) -> None:
    row, token = tokens.create(merchant, "Warehouse", ["events:read"], at=rows.AT)
    post(csm, "revoke", merchant.pk, row.pk)

    assert tokens.find(token, at=rows.AT) is None


def test_token_of_another_merchant_is_not_found(csm: Client, merchant: Merchant) -> None:
    row, _ = tokens.create(rows.merchant("Other"), "Warehouse", ["events:read"], at=rows.AT)
    answer = csm.post(reverse("admin:integrations_merchant_revoke", args=[merchant.pk, row.pk]))
    row.refresh_from_db()

    assert (answer.status_code, row.revoked_at) == (404, None)


def form(merchant: Merchant, **changes: Any) -> dict[str, Any]:
    """The merchant's form with nothing in its inlines."""
    domains = merchant.shop_domains.all()
    data: dict[str, Any] = {"name": merchant.name, "timezone": "Europe/Berlin", "currency": "EUR"}
    data["loyalty_prefix"] = merchant.loyalty_prefix
    for prefix, count in (("shop_domains", len(domains)), ("memberships", 0)):
        data |= {f"{prefix}-TOTAL_FORMS": count, f"{prefix}-INITIAL_FORMS": count}
    for index, each in enumerate(domains):
        data |= {f"shop_domains-{index}-id": each.pk, f"shop_domains-{index}-domain": each.domain}
    return {**data, **changes}


def save(client: Client, merchant: Merchant, **changes: Any) -> Any:
    return client.post(reverse("admin:integrations_merchant_change", args=[merchant.pk]), form(merchant, **changes))


def test_name_and_time_zone_are_changed(csm: Client, merchant: Merchant) -> None:
    save(csm, merchant, name="Acme Outdoor")
    merchant.refresh_from_db()

    assert (merchant.name, merchant.timezone, merchant.currency) == ("Acme Outdoor", "Europe/Berlin", "EUR")


def test_shop_is_added(csm: Client, merchant: Merchant) -> None:
    save(csm, merchant, **{"shop_domains-TOTAL_FORMS": 2, "shop_domains-1-domain": "acme-eu.myshopify.com"})

    assert merchant.shop_domains.filter(domain="acme-eu.myshopify.com").exists()


@pytest.mark.parametrize("who", ["mia", "Mia@Example.com"])
def test_member_is_named_by_user_name_or_address(csm: Client, merchant: Merchant, who: str) -> None:
    user = User.objects.create_user("mia", email="mia@example.com")
    member = {"memberships-TOTAL_FORMS": 1, "memberships-0-who": who, "memberships-0-role": "owner"}
    save(csm, merchant, **member)

    assert list(Membership.objects.values_list("user", "role")) == [(user.pk, "owner")]


def test_unknown_member_is_a_mistake(csm: Client, merchant: Merchant) -> None:
    member = {"memberships-TOTAL_FORMS": 1, "memberships-0-who": "nobody", "memberships-0-role": "owner"}
    answer = save(csm, merchant, **member)

    assert "Nobody signs in under this name" in answer.content.decode()
    assert not Membership.objects.exists()


def test_page_says_what_is_open_before_going_live(csm: Client, merchant: Merchant) -> None:
    shown = page(csm, merchant)
    assert f'href="/m/{merchant.public_id}/sources/">A source is connected</a>' in shown
    assert f'href="/m/{merchant.public_id}/test-events/">Test events</a>' in shown

    rows.delivery(rows.event(merchant), state="sent")
    assert "On the way to going live" not in page(csm, merchant)

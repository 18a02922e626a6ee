"""Nothing of one merchant is on a page about another: every column of the other holds a canary, and every page is read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser, User
from django.core.management import call_command
from django.db.models import CharField, Field, JSONField, Model, TextField
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from integrations import consent, staff, tokens
from integrations.consent import SignUp
from integrations.delivery.engine import Engine
from integrations.destinations.klaviyo.sandbox import Sandbox
from integrations.fields import SealedField
from integrations.models import Merchant
from integrations.models.merchant import Membership
from integrations.people import PersonInput
from loyalty import services as loyalty
from loyalty.models import Reward
from loyalty.services import tier_rules
from tests.integrations.api.addresses import ALL, MISSING_KEY
from tests.integrations.tenants import AT, everything, hear, story
from tests.integrations.test_tenancy import NOBODYS, OURS
from tests.support.rest import rest
from tests.support.world import Shop, World
from tracking.models import Order, OrderLine, TrackingPage

CANARY = "zebra"
KEPT = {
    "state",
    "kind",
    "source",
    "status",
    "metric",
    "timezone",
    "currency",
    "role",
    "reason",
    "problem",
    "scopes",
    "outcome",
}
KEPT |= {"expiry", "excluded_weekdays", "holiday_region", "own_dates", "overrides", "problems_off"}
KEPT |= {"enabled_metrics", "items", "limits", "consent", "public_id", "prefix", "digest"}
"""Columns whose words mean something to the code."""


def text_columns(model: type[Model]) -> Iterator[Field[Any, Any]]:
    """Columns that can hold a canary without changing what happens."""
    for field in model._meta.concrete_fields:
        is_text = isinstance(field, CharField | TextField | JSONField) and not isinstance(field, SealedField)
        if is_text and field.name not in KEPT and not field.is_relation:
            yield field


def canary(model: type[Model], field: Field[Any, Any], pk: Any) -> Any:
    """A value that is nowhere else, as long as the column allows."""
    word = f"{CANARY}{pk}{field.name}"[: field.max_length or 200]
    return (
        {word: word}
        if isinstance(field, JSONField) and field.default is dict
        else [word]
        if isinstance(field, JSONField)
        else word
    )


def plant(merchant: Merchant) -> int:
    """Write a canary into every column of text of every row of the merchant; returns how many."""
    planted = 0
    for model in OURS:
        rows = Merchant.objects.filter(pk=merchant.pk) if model is Merchant else None
        if model in NOBODYS and rows is None:
            continue
        for pk in (rows or model._default_manager.filter(merchant=merchant)).values_list("pk", flat=True):
            values = {field.name: canary(model, field, pk) for field in text_columns(model)}
            values = {name: value for name, value in values.items() if len(str(value)) > 5}
            planted += len(values)
            if values:
                model._default_manager.filter(pk=pk).update(**values)
    return planted


@pytest.fixture
def pair(db: None, settings: Any) -> Iterator[tuple[Shop, Shop]]:
    """Two merchants with the same story; the second one's every column is a canary."""
    with Sandbox(limit_scale=None) as sandbox:
        settings.KLAVIYO_BASE_URL = sandbox.url
        world = World(sandbox, "http://site.invalid")
        mine, theirs = world.shop("Alba"), world.shop("Bora")
        for shop, name in ((mine, "Alba"), (theirs, CANARY)):
            story(shop.merchant, name)
            ann = PersonInput(email="ann@shopper.example")
            said = SignUp(
                person=ann, channels=["email"], is_marketing=True, source=name, given_at=AT, text=f"Of {name}."
            )
            consent.subscribe(merchant=shop.merchant, sign_up=said, at=timezone.now())
            reward: dict[str, Any] = {"name": f"Mug of {name}", "kind": Reward.Kind.CUSTOM}
            loyalty.offer_reward(shop.merchant, by=None, at=AT, **reward)
            tier_rules.save(shop.merchant, "gold", by=None, at=AT, name=f"Gold of {name}", entry_minor=100)
            tokens.create(shop.merchant, name, ["events:read"], at=timezone.now())
            Membership.objects.create(merchant=shop.merchant, user=User.objects.create_user(f"{name}-owner"))
        Engine().run(seconds=20)
        assert plant(theirs.merchant) > 150
        yield mine, theirs


def leaks(answer: Any) -> list[str]:
    """The canaries in an answer's body and headers."""
    said = f"{answer.headers} {getattr(answer, 'content', b'').decode(errors='replace')}"
    return re.findall(rf"{CANARY}\w*", said)


def pages_about(merchant: Merchant) -> Iterator[str]:
    """Every page of the admin that is about one merchant: lists of it, and each of its rows."""
    for model in admin.site._registry:
        if model not in OURS or (model in NOBODYS and model is not Merchant):
            continue
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        if model is not Merchant and any("merchant" in str(each) for each in admin.site._registry[model].list_filter):
            yield reverse(f"{name}_changelist", query={"merchant__id__exact": merchant.pk})
        mine = (
            Merchant.objects.filter(pk=merchant.pk)
            if model is Merchant
            else model._default_manager.filter(merchant=merchant)
        )
        for pk in mine.values_list("pk", flat=True)[:2]:
            yield reverse(f"{name}_change", args=[pk])
            yield reverse(f"{name}_history", args=[pk])
    yield reverse("admin:integrations_merchant_welcome", args=[merchant.pk])


def test_no_page_about_a_merchant_tells_of_another(pair: tuple[Shop, Shop], admin_user: User) -> None:
    mine, theirs = pair
    client = Client()
    client.force_login(admin_user)
    pages = list(pages_about(mine.merchant))
    found = {page: words for page in pages if (words := leaks(client.get(page)))}

    assert found == {}
    assert len(pages) > 30
    assert leaks(client.get(next(iter(pages_about(theirs.merchant))))), "the other's own page does show canaries"


def test_what_a_merchant_is_sent_is_its_own(pair: tuple[Shop, Shop]) -> None:
    mine, theirs = pair

    assert len(mine.received) == len(theirs.received) > 3
    assert CANARY not in json.dumps(mine.received, default=str)
    assert CANARY in json.dumps(theirs.received, default=str)


def test_commands_for_a_merchant_tell_of_no_other(
    pair: tuple[Shop, Shop], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, _ = pair
    monkeypatch.setattr("signal.signal", lambda *_: None)
    name = mine.merchant.public_id
    call_command("deliver", "--merchant", name, "--json")
    call_command("replay_inbound", "--merchant", name)
    call_command("create_api_token", "--merchant", name, "--name", "x", "--scopes", "events:read")
    said = capsys.readouterr()

    assert len(said.out.split()) > 3
    assert CANARY not in said.out + said.err


def test_hook_of_a_merchant_tells_of_no_other(pair: tuple[Shop, Shop]) -> None:
    mine, theirs = pair
    address = f"/hooks/{mine.merchant.public_id}/shopify/"
    answers = [
        Client().post(address, b"{}", content_type="application/json", headers=headers)
        for headers in ({}, {"x-shopify-shop-domain": theirs.merchant.public_id})
    ]

    assert [(answer.status_code, leaks(answer)) for answer in answers] == [(401, []), (401, [])]
    assert hear(mine.merchant, "shopify", "orders/create", {"id": 1, "created_at": "2026-11-20T10:00:00Z"}) is None


def test_page_of_an_order_tells_of_no_other_merchant(pair: tuple[Shop, Shop]) -> None:
    """Read, and posted to: an address that the other knows, too, and a product of the other's."""
    mine, theirs = (Order.objects.get(merchant=shop.merchant) for shop in pair)
    line = OrderLine.objects.get(merchant=theirs.merchant)
    TrackingPage.objects.create(merchant=mine.merchant, by_email=True, has_wishes=True)
    before = everything(theirs.merchant)
    page = f"/t/{mine.page_token}/"
    answers = [
        Client().get(page),
        Client().post(f"{page}updates/", {"email": "ann@shopper.example"}, follow=True),
        Client().post(f"{page}updates/", {"email": "ann"}),
        Client().post(f"{page}wishes/", {"line": line.external_id}, follow=True),
    ]

    assert [(each.status_code, leaks(each)) for each in answers] == [(200, []), (200, []), (422, []), (200, [])]
    assert everything(theirs.merchant) == before
    assert leaks(Client().get(f"/t/{theirs.page_token}/")), "the other's own page does show canaries"


def test_api_of_a_merchant_tells_of_no_other(pair: tuple[Shop, Shop]) -> None:
    """Every address that can be read, and each row of it."""
    mine, theirs = (rest(shop.merchant) for shop in pair)
    addresses = [each.path for each in ALL if each.method == "GET"]
    keys = list(pair[0].events.values_list("pk", flat=True))[:2]
    read = [path.replace(MISSING_KEY, str(key)) for path in addresses for key in keys]
    said = [b"".join(mine.get(path)) for path in read]

    assert CANARY.encode() not in b"".join(said)
    assert len(b"".join(said)) > 5_000
    assert CANARY.encode() in b"".join(theirs.get("events"))


# Who may see what


def addresses(resolver: URLResolver | None = None, prefix: str = "/") -> Iterator[str]:
    """Every address of the site, with MERCHANT for a merchant's name and 1 for every other variable part."""
    for each in (resolver or get_resolver()).url_patterns:
        pattern = re.sub(r"<(\w+:)?merchant>", "MERCHANT", str(each.pattern))
        path = prefix + re.sub(r"<(\w+:)?(\w+)>", "1", pattern).lstrip("^").rstrip("$").replace("\\Z", "")
        if isinstance(each, URLResolver):
            yield from addresses(each, path)
        elif isinstance(each, URLPattern) and "(?P" not in path:
            yield path


POSTED_TO = ("/send-failed/", "/tracking-page/order/", "/feed/remove/", "/activity/sync/", "/suppressions/compare/")
"""Addresses of merchants that are never looked at."""

FOR_EDITORS = ("/campaigns/new/",)
"""Forms that only an editor may send."""

OPEN = (
    "/healthz",
    "/readyz",
    "/favicon.ico",
    "/hooks/",
    # Whoever has a code uses it; its tests are those of the page.
    "/p/",
    "/admin/jsi18n/",
    "/static/",
    # The API has no pages; its tests are over the same map.
    "/api/",
)
ACCOUNTS = "/accounts/"
"""Pages about nobody but the one who looks at them."""

OWN = {"/admin/", "/admin/password_change/", "/admin/password_change/done/", "/admin/search/"}
"""Pages of anybody who may sign in to the admin."""

ROLES = ("anonymous", "member", "member of another", "token of another", "staff without a role", "CSM", "superuser")
SUPERUSERS = (
    "/admin/auth/",
    "/admin/django_q/",
    "/admin/integrations/lease/",
    "/admin/integrations/tick/",
    "/admin/integrations/stafftoken/",
)


def sign_in(role: str, pair: tuple[Shop, Shop]) -> tuple[Client, dict[str, str]]:
    """A client of somebody with that role, and the headers that go with it."""
    mine, theirs = pair
    client = Client(raise_request_exception=False)
    if role == "token of another":
        _, token = tokens.create(theirs.merchant, "x", tokens.SCOPES, at=timezone.now())
        return client, {"authorization": f"Bearer {token}"}
    people: dict[str, Any] = {
        "anonymous": lambda: AnonymousUser(),
        "member": lambda: User.objects.get(memberships__merchant=mine.merchant),
        "member of another": lambda: User.objects.get(memberships__merchant=theirs.merchant),
        "staff without a role": lambda: User.objects.create_user("eve", is_staff=True),
        "CSM": lambda: staff.make_csm("carla", "a-long-password-1")[0],
        "superuser": lambda: User.objects.create_superuser("sue"),
    }
    user = people[role]()
    if user.is_authenticated:
        client.force_login(user)
    return client, {}


def test_every_address_is_open_to_whom_it_should_be(pair: tuple[Shop, Shop]) -> None:
    mine, _ = pair
    every = [path.replace("MERCHANT", mine.merchant.public_id) for path in addresses()]
    paths = [path for path in every if not path.startswith(OPEN) and path != "/" and "logout" not in path]
    own = [path for path in paths if path.startswith(f"/m/{mine.merchant.public_id}/") and "/1/" not in path]
    pages = {path for path in own if not path.endswith((*POSTED_TO, *FOR_EDITORS))}
    shown: dict[str, set[str]] = {}
    for role in ROLES:
        client, headers = sign_in(role, pair)
        asked = paths if role != "superuser" else [path for path in paths if path.startswith(SUPERUSERS)]
        answers = {path: client.get(path, headers=headers) for path in asked}
        assert [path for path, answer in answers.items() if answer.status_code >= 500] == []
        shown[role] = {path for path, answer in answers.items() if answer.status_code == 200}
        shown[role] = {path for path in shown[role] if not path.startswith(ACCOUNTS)}
        assert role in ("CSM", "superuser") or [path for path in shown[role] if leaks(answers[path])] == []

    assert len(paths) > 80
    # Pages of single rows are there where the row with the key 1 is theirs.
    shown["member"] = {path for path in shown["member"] if "/1/" not in path}
    assert [shown[role] for role in ROLES[:4]] == [set(), pages, set(), set()]
    assert shown["staff without a role"] <= OWN
    assert shown["CSM"] > OWN
    assert len(shown["superuser"]) > 5
    assert {path for path in shown["CSM"] if path.startswith(SUPERUSERS)} == set()
    assert shown["CSM"] >= pages

"""Taking on a merchant: the key is checked live, and what goes wrong leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone

from integrations import inbound, onboarding
from integrations.catalog import catalog
from integrations.destinations.base import Account
from integrations.destinations.klaviyo.client import KlaviyoSession
from integrations.destinations.klaviyo.sandbox import ALL_SCOPES, Sandbox
from integrations.models import Connection, Lane, Merchant, ShopDomain, SourceSecret
from integrations.onboarding import Application, DestinationUnreachable, KeyRefused
from tests.support.dump import dump

KEY = "pk_sandbox_alba_0123456789"
DAY = timedelta(days=1)


@pytest.fixture
def sandbox(settings: Any) -> Iterator[Sandbox]:
    """Klaviyo, with one account and without limits."""
    with Sandbox(open_accounts=False, limit_scale=None) as running:
        settings.KLAVIYO_BASE_URL = running.url
        running.add_account(KEY, public_key="ALBA01", name="Alba Ltd", timezone="Europe/Berlin", currency="EUR")
        yield running


@pytest.fixture
def application(db: None) -> Application:
    """What a CSM fills in."""
    return Application(
        name="Alba",
        timezone="Europe/Berlin",
        currency="EUR",
        metric_prefix="Malomo",
        shop_domains=["alba.myshopify.com"],
        secrets={"shopify": "", "easypost": "given secret"},
        klaviyo_key=KEY,
        metrics=onboarding.metrics_of(["order_tracking"]),
        launch_at=timezone.now() + DAY,
        backfill_days=14,
    )


def nothing_was_written() -> bool:
    """Whether the database is as it was."""
    return not any(model.objects.exists() for model in (Merchant, Connection, Lane, ShopDomain, SourceSecret))


def test_a_good_key_takes_the_merchant_on(sandbox: Sandbox, application: Application) -> None:
    at = timezone.now()

    done = onboarding.onboard(application, at=at)

    made = Connection.objects.select_related("merchant", "lane").get()
    assert (made.account_id, made.account_name, made.public_key) == ("ALBA01", "Alba Ltd", "ALBA01")
    assert (made.account_timezone, made.account_currency) == ("Europe/Berlin", "EUR")
    assert (made.secret.reveal(), made.secret_last4, made.checked_at) == (KEY, "6789", at)
    assert made.enabled_metrics == [
        "shopify_order_created",
        "shipment_created",
        "shipment_update_received",
        "order_issue_created",
    ]
    assert (made.merchant, made.launched_at, done.warnings) == (done.merchant, None, [])


def test_hooks_are_told_with_their_secrets_which_then_sign(
    sandbox: Sandbox, application: Application, settings: Any
) -> None:
    settings.PUBLIC_BASE_URL = "https://tidings.example"
    at = timezone.now()

    done = onboarding.onboard(application, at=at)

    shopify, easypost = done.hooks
    assert shopify.address == f"https://tidings.example/hooks/{done.merchant.public_id}/shopify/"
    assert easypost.secret == "given secret"
    assert len(shopify.secret) == 43
    assert inbound.secrets_of(done.merchant, "shopify", at=at) == [shopify.secret]
    assert shopify.secret not in repr(done)


def test_a_launch_in_the_past_is_a_launch_now(sandbox: Sandbox, application: Application) -> None:
    at = timezone.now()

    onboarding.onboard(replace(application, launch_at=at), at=at)

    assert Connection.objects.get().launched_at == at


REFUSED = [
    ("pk_sandbox_nobody_9999", "Klaviyo"),
    ("ABC123", "pk_"),
    ("pk_line\nbreak0123456789", "pk_"),
    ("pk_dash\u20130123456789", "pk_"),
    ("pk_" + "x" * 4_096, "pk_"),
    ("", "pk_"),
]


@pytest.mark.parametrize(("key", "hint"), REFUSED, ids=["unknown", "public", "line break", "dash", "too long", "none"])
def test_a_bad_key_is_refused_in_words_without_the_key(
    sandbox: Sandbox, application: Application, caplog: pytest.LogCaptureFixture, key: str, hint: str
) -> None:
    with pytest.raises(KeyRefused) as refused:
        onboarding.onboard(replace(application, klaviyo_key=key), at=timezone.now())

    assert hint in str(refused.value)
    assert not key or key not in str(refused.value) + caplog.text
    assert nothing_was_written()


def test_klaviyo_that_does_not_answer_is_no_refusal(
    application: Application, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.KLAVIYO_BASE_URL = "http://127.0.0.1:9"

    with pytest.raises(DestinationUnreachable) as unreachable:
        onboarding.onboard(application, at=timezone.now())

    assert KEY not in str(unreachable.value) + caplog.text
    assert nothing_was_written()


def test_klaviyo_in_trouble_is_no_refusal(sandbox: Sandbox, application: Application) -> None:
    sandbox.fault("server_error")

    with pytest.raises(DestinationUnreachable):
        onboarding.onboard(application, at=timezone.now())

    assert nothing_was_written()


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"secrets": {"shopify": "", "nosuch": ""}}, KeyError),
        ({"shop_domains": ["alba.myshopify.com", "alba.myshopify.com"]}, IntegrityError),
        ({"backfill_days": 15}, IntegrityError),
        ({"metrics": ["nosuch"]}, KeyError),
    ],
    ids=["unknown source", "repeated domain", "15 days", "unknown metric"],
)
@pytest.mark.django_db(transaction=True)
def test_a_mistake_after_the_check_leaves_nothing_either(
    sandbox: Sandbox, application: Application, wrong: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        onboarding.onboard(replace(application, **wrong), at=timezone.now())

    assert nothing_was_written()


def test_a_domain_of_another_merchant_is_refused(sandbox: Sandbox, application: Application) -> None:
    ShopDomain.objects.create(merchant=Merchant.objects.create(name="Bora"), domain="alba.myshopify.com")

    with pytest.raises(IntegrityError):
        onboarding.onboard(application, at=timezone.now())


def test_missing_scopes_are_named_and_kept(sandbox: Sandbox, application: Application) -> None:
    sandbox.add_account("pk_sandbox_less_0001", scopes=ALL_SCOPES - {"events:write", "metrics:read"})

    done = onboarding.onboard(replace(application, klaviyo_key="pk_sandbox_less_0001"), at=timezone.now())

    assert Connection.objects.get().missing_scopes == ["metrics:read", "events:write"]
    assert "The key lacks the scopes metrics:read, events:write: make a new key that has them." in done.warnings


def test_a_key_that_may_not_make_the_defaults_takes_the_merchant_on_all_the_same(
    sandbox: Sandbox, application: Application
) -> None:
    sandbox.add_account("pk_sandbox_less_0002", scopes=ALL_SCOPES - {"lists:write"})

    done = onboarding.onboard(replace(application, klaviyo_key="pk_sandbox_less_0002"), at=timezone.now())

    assert any("default list and profile could not be made" in each for each in done.warnings)
    assert Connection.objects.get().list_id == ""


def test_a_metric_that_another_integration_sends_is_warned_of(sandbox: Sandbox, application: Application) -> None:
    sandbox.add_metric("ALBA01", "Malomo: ShipmentCreated", integration="Malomo", category="Shipping")
    sandbox.add_metric("ALBA01", "Tidings: ShipmentCreated", integration="Other", category="Shipping")

    done = onboarding.onboard(application, at=timezone.now())

    assert done.warnings == [
        "The account already has the metric “Malomo: ShipmentCreated” from Malomo: shoppers might be mailed twice."
    ]


def test_packs_that_say_the_same_are_warned_of() -> None:
    account = Account(id="A", name="", public_key="", timezone="", currency="")

    advice = onboarding.advise(onboarding.metrics_of(["order_tracking", "order_status"]), account)

    assert (
        "“ShipmentUpdateReceived” (Order tracking) and “Order delivered” (Order status) tell shoppers the same thing: "
        "use one of them in flows." in advice
    )
    assert len(advice) == 4
    assert len(onboarding.advise(list(catalog.metrics), account)) == sum(
        len(metric.same_as) for metric in catalog.metrics.values()
    )


def test_what_is_optional_does_not_come_with_its_pack() -> None:
    assert "order_issue_resolved" in {each.key for each in catalog.in_pack("order_tracking")}
    assert "order_issue_resolved" not in onboarding.metrics_of(["order_tracking"])


def test_the_default_list_and_profile_are_made_once(sandbox: Sandbox, application: Application) -> None:
    first = onboarding.onboard(application, at=timezone.now())
    other = replace(application, shop_domains=[], name="Alba's other shop", may_share_account=True)
    again = onboarding.onboard(other, at=timezone.now())

    (made,) = sandbox.lists("ALBA01")
    assert (made["name"], first.connection.list_id, again.connection.list_id) == ("Malomo", made["id"], made["id"])
    assert set(made["profiles"]) == {first.connection.default_profile_id, again.connection.default_profile_id}


def test_the_key_is_nowhere_in_the_database_and_in_no_log(
    sandbox: Sandbox, application: Application, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)

    done = onboarding.onboard(application, at=timezone.now())

    stored = dump()
    assert "Alba Ltd" in stored
    assert not [each for each in (KEY, "given secret", done.hooks[0].secret) if each in stored + caplog.text]


def test_no_request_is_made_in_a_transaction(
    sandbox: Sandbox, transactional_db: None, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside: list[bool] = []
    exchange = KlaviyoSession.exchange

    def note(self: KlaviyoSession, *args: Any, **more: Any) -> Any:
        inside.append(connection.in_atomic_block)
        return exchange(self, *args, **more)

    monkeypatch.setattr(KlaviyoSession, "exchange", note)
    onboarding.onboard(application, at=timezone.now())

    assert len(inside) > 10
    assert not any(inside)

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from integrations import tokens
from integrations.destinations.klaviyo.sandbox import Sandbox
from integrations.models import ApiToken, Connection, Merchant, ShopDomain, SourceSecret

KEY = "pk_tea_house_0123456789abcdef"
RIGHT = {
    "--klaviyo-key": KEY,
    "--packs": "order_status",
    "--shop-domain": "tea.myshopify.com",
    "--timezone": "Europe/Berlin",
    "--currency": "EUR",
    "--source": "shopify",
}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def sandbox(settings: Any) -> Iterator[Sandbox]:
    with Sandbox(open_accounts=False) as running:
        running.add_account(KEY, public_key="TeaHse", name="Tea House")
        settings.KLAVIYO_BASE_URL = running.url
        yield running


def create(*flags: str, **changes: str | None) -> str:
    """Run the command with the right options, some of them changed or (None) left out."""
    options = RIGHT | {f"--{name.replace('_', '-')}": value for name, value in changes.items()}
    arguments = [part for name, value in options.items() if value is not None for part in (name, value)]
    output = io.StringIO()
    call_command("create_merchant", "Tea House", *arguments, *flags, stdout=output)
    return output.getvalue()


def nothing_was_written() -> bool:
    return not any(model.objects.exists() for model in (Merchant, ShopDomain, SourceSecret, Connection, ApiToken))


def test_json_has_ids_hooks_with_secrets_and_a_token_that_works() -> None:
    made = json.loads(create("--json"))

    merchant, secret = Merchant.objects.get(), SourceSecret.objects.get()
    token = tokens.find(made["api_token"], at=timezone.now())
    assert isinstance(token, ApiToken)
    assert token.merchant == merchant
    assert made["merchant"] == {"id": merchant.public_id, "name": "Tea House", "timezone": "Europe/Berlin"}
    assert made["connection"]["account_name"] == "Tea House"
    assert made["hooks"] == [
        {
            "source": "shopify",
            "address": f"http://127.0.0.1:8000/hooks/{merchant.public_id}/shopify/",
            "secret": secret.current.reveal(),
        }
    ]


def test_merchant_is_as_the_options_say() -> None:
    create(packs="order_status,order_tracking", prefix="Malomo", backfill_days="3", launch="2026-12-01T09:00+01:00")

    merchant, connection = Merchant.objects.get(), Connection.objects.get()
    assert (merchant.timezone, merchant.currency, merchant.metric_prefix) == ("Europe/Berlin", "EUR", "Malomo")
    assert [each.domain for each in merchant.shop_domains.all()] == ["tea.myshopify.com"]
    assert len(connection.enabled_metrics) == 8
    assert (connection.launch_at, connection.backfill_days) == (datetime(2026, 12, 1, 8, tzinfo=UTC), 3)


def test_a_launch_date_is_midnight_at_the_merchant() -> None:
    create(launch="2026-12-01")
    assert Connection.objects.get().launch_at == datetime(2026, 11, 30, 23, tzinfo=UTC)


def test_launch_is_now_unless_told_otherwise() -> None:
    create()
    assert Connection.objects.get().launched_at is not None


def test_every_source_gets_a_hook_if_none_is_named() -> None:
    made = json.loads(create("--json", source=None))
    assert sorted(hook["source"] for hook in made["hooks"]) == [
        "activity_log",
        "aftership",
        "easypost",
        "loop",
        "onsite",
        "shippo",
        "shopify",
        "shopify_flow_actions",
    ]


def test_a_source_keeps_the_secret_it_was_given() -> None:
    create(source="easypost=whsec")
    assert SourceSecret.objects.get().current.reveal() == "whsec"


def test_secrets_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEA_KEY", KEY)
    monkeypatch.setenv("TEA_SECRET", "whsec")
    create(klaviyo_key="env:TEA_KEY", source="shopify=env:TEA_SECRET")
    assert Connection.objects.get().secret.reveal() == KEY
    assert SourceSecret.objects.get().current.reveal() == "whsec"


def test_key_comes_from_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{KEY}\n"))
    create(klaviyo_key="-")
    assert Connection.objects.get().secret.reveal() == KEY


def test_people_read_the_same_and_never_the_key() -> None:
    text = create()
    merchant, secret = Merchant.objects.get(), SourceSecret.objects.get()
    assert merchant.public_id in text
    assert secret.current.reveal() in text
    assert ApiToken.objects.get().prefix in text
    assert KEY not in text


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"timezone": "Berlin"}, "--timezone: 'Berlin' is not an IANA time zone"),
        ({"currency": "euro"}, "--currency: .*"),
        ({"prefix": "a:b"}, "--prefix: A word without braces or colons"),
        ({"shop_domain": "https://tea.example"}, "--shop-domain: 'https://tea.example' is wrong"),
        ({"packs": "order_statuses"}, "--packs: there is no pack 'order_statuses'; packs are: order_tracking,"),
        ({"packs": " , "}, "--packs: name at least one pack; packs are: order_tracking, order_status"),
        ({"source": "shopware"}, "--source: there is no source 'shopware'; sources are: .*shopify"),
        ({"source": "shopify="}, "--source shopify: it is empty"),
        ({"launch": "tomorrow"}, "--launch: 'tomorrow' is neither now, nor 2026-12-01"),
        ({"backfill_days": "15"}, "--backfill-days: 15 is not between 0 and 14"),
        ({"backfill_days": "-1"}, "--backfill-days: -1 is not between 0 and 14"),
        ({"klaviyo_key": "env:NO_SUCH_VARIABLE"}, "--klaviyo-key: the variable NO_SUCH_VARIABLE is empty"),
        ({"klaviyo_key": "pk_of_nobody_0123456789abcdef"}, "--klaviyo-key: "),
        ({"klaviyo_key": None}, "the following arguments are required: --klaviyo-key"),
        ({"packs": None}, "the following arguments are required: --packs"),
    ],
)
def test_wrong_input_is_named_in_one_line_and_nothing_is_written(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(CommandError, match=message) as caught:
        create(**changes)
    assert "\n" not in str(caught.value)
    assert nothing_was_written()


def test_an_unnamed_merchant_is_refused() -> None:
    with pytest.raises(CommandError, match="NAME: "):
        call_command("create_merchant", " ", "--klaviyo-key", KEY, "--packs", "order_status")


def test_a_domain_of_another_merchant_is_refused() -> None:
    create()
    with pytest.raises(CommandError, match=r"--shop-domain: tea\.myshopify\.com belongs to another merchant"):
        create()
    assert Merchant.objects.count() == 1


def test_a_key_that_cannot_be_checked_writes_nothing(settings: Any) -> None:
    settings.KLAVIYO_BASE_URL = "http://127.0.0.1:9"
    with pytest.raises(CommandError, match="--klaviyo-key could not be checked: "):
        create()
    assert nothing_was_written()


@pytest.fixture
def cups() -> Merchant:
    """A merchant whose events go to the account already."""
    merchant = Merchant.objects.create(name="Cups")
    Connection.objects.create(merchant=merchant, account_id="TeaHse")
    return merchant


@pytest.mark.usefixtures("cups")
def test_an_account_of_another_merchant_is_refused() -> None:
    with pytest.raises(
        CommandError, match=r"--klaviyo-key: .* \(TeaHse\), to which the events of Cups go: .*--share-account"
    ):
        create()
    assert Merchant.objects.count() == 1


@pytest.mark.usefixtures("cups")
def test_an_account_is_shared_where_that_is_meant() -> None:
    create("--share-account")
    assert Merchant.objects.count() == 2

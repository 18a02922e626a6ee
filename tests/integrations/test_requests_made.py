"""Where requests go is the operator's setting alone: nothing that a merchant, a shop or Klaviyo says leads elsewhere."""

from __future__ import annotations

import ast
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db.models import JSONField, Model
from django.utils import timezone

from integrations import amending, connections, inbound
from integrations.delivery.engine import Engine
from integrations.destinations.base import DeliveryError
from integrations.destinations.klaviyo.client import KlaviyoSession
from integrations.models import Connection, Merchant
from tests.integrations.klaviyo.wire import Wire, answers
from tests.integrations.test_hostile_stories import shop, spoil, story, tell
from tests.integrations.test_isolation import text_columns
from tests.support.world import Shop

__all__ = ["shop"]

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = [
    path
    for app in ("config", "integrations", "lifecycle", "loyalty", "returns", "tracking")
    for path in sorted((ROOT / app).rglob("*.py"))
    if not {"sandbox", "demo"} & set(path.relative_to(ROOT).parts)
]
NETWORK = {
    "requests",
    "urllib",
    "urllib3",
    "http",
    "socket",
    "ssl",
    "httpx",
    "asyncio",
    "smtplib",
    "ftplib",
    "telnetlib",
}
DESTINATIONS = "integrations/destinations"
KLAVIYO = f"{DESTINATIONS}/klaviyo"
POSTING = "integrations/posting.py"
"""Posts to addresses that merchants choose, and fetches from them; they must lead outside: `test_posting.py`."""

SHOP_OF_A_TOKEN = "Connection.address"
"""Must be a shop's own host at Shopify: `shopify_flow/test_client.py`."""

ON_PAGES = {"TrackingPage.logo_url", "TrackingPage.links"}
IN_LINES = {f"{model}.{name}" for model in ("OrderLine", "WishlistItem") for name in ("image_url", "product_url")}
IDENTITY = {"email", "phone", "identifier"}
"""Columns without which nothing is sent."""


@pytest.fixture
def trap() -> Iterator[Wire]:
    """A server that nobody should ask."""
    wire = Wire(answers("200 OK"))
    yield wire
    wire.close()


def imported(path: Path) -> set[str]:
    """The packages that a module imports, anywhere in it."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level]
    return {name.partition(".")[0] for name in names if name not in ("http.HTTPStatus", "http", "urllib.parse")}


def is_of_merchants(model: type[Model]) -> bool:
    """Whether its rows belong to merchants."""
    return model._meta.app_label in ("integrations", "lifecycle", "loyalty", "returns", "tracking") and hasattr(
        model, "merchant"
    )


def plant(model: type[Model], address: str) -> int:
    """Write an address into every column of text of every row, as far as it fits; returns how often."""
    planted = 0
    keys = list(model._default_manager.values_list("pk", flat=True))
    for field in text_columns(model):
        if isinstance(field, JSONField) or field.name in IDENTITY:
            continue
        for pk in keys:
            text = f"{address}/{pk}/{field.name}"[: field.max_length or 200]
            planted += model._default_manager.filter(pk=pk).update(**{field.name: text})
    return planted


def test_only_what_reaches_destinations_and_what_posts_to_webhooks_make_requests() -> None:
    """The web server's worker has a socket that others connect to."""
    found = {str(path.relative_to(ROOT)) for path in PRODUCT if imported(path) & NETWORK}

    assert found == {
        *(f"{DESTINATIONS}/{name}.py" for name in ("exchange", "transport")),
        "config/web_worker.py",
        POSTING,
    }


def test_address_of_klaviyo_is_read_from_the_setting_in_one_place() -> None:
    places = [
        str(path.relative_to(ROOT))
        for path in PRODUCT
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == KlaviyoSession.__name__
    ]

    assert places == [f"{KLAVIYO}/destination.py"]


def test_columns_that_hold_an_address_are_links_for_shoppers() -> None:
    """They are sent in events. A column that is new here must be shown to lead to no request of ours, or to be posted to."""
    named = {
        f"{model.__name__}.{field.name}"
        for model in apps.get_models()
        if model._meta.app_label in ("integrations", "lifecycle", "loyalty", "returns", "tracking")
        for field in model._meta.concrete_fields
        if any(word in field.name for word in ("url", "uri", "link", "host", "endpoint", "address", "domain"))
    }

    of_orders = {"Order.status_url", "Shipment.carrier_url", *IN_LINES}
    assert named == {"ShopDomain.domain", *of_orders, *ON_PAGES, "AlertAddress.url", "LogFeed.url", SHOP_OF_A_TOKEN}


def test_address_in_every_field_of_every_message_is_never_asked(shop: Shop, trap: Wire) -> None:
    """Two stories: with it in each field, and with it in each that leaves the story's meaning."""
    addresses = itertools.cycle([trap.url, f"{trap.url}/x?y=z", f"//127.0.0.1:{trap.port}/", f"127.0.0.1:{trap.port}"])
    tried = 0
    for number, keeps in enumerate((False, True)):
        for name, payload in story(number):
            tried += spoil(name, payload, addresses, keeps_meaning=keeps)
            tell(shop, name, payload, number)
    inbound.handle_due(seconds=60)
    Engine().run(seconds=60)

    assert (trap.connections, tried > 600) == (0, True)
    assert len(shop.received) > 5
    assert trap.url in str(shop.received), "they are what shoppers click on"


def test_address_in_every_column_of_a_merchant_is_never_asked(shop: Shop, trap: Wire) -> None:
    """Written over everything that is kept of the merchant, then its key is checked, and its events are sent."""
    for name, payload in story(1):
        tell(shop, name, payload, 1)
    inbound.handle_due(seconds=60)
    planted = sum(plant(model, trap.url) for model in apps.get_models() if is_of_merchants(model))
    Merchant.objects.update(name=trap.url, metric_prefix=trap.url[:40])
    connection: Connection = shop.merchant.connections.select_related("merchant").get()
    for list_id in (trap.url, ""):
        Connection.objects.update(list_id=list_id, default_profile_id=list_id)
        connection.refresh_from_db()
        assert amending.verify(connection, at=timezone.now()) is not None
    connections.ensure_defaults(connection)
    Engine().run(seconds=60)

    assert (trap.connections, planted > 100) == (0, True)
    assert shop.states["sent"] > 5, shop.states


@pytest.mark.parametrize(
    "status", ["200 OK", "301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"]
)
def test_address_in_an_answer_is_never_asked(status: str, trap: Wire, settings: Any) -> None:
    """In a redirect, a link to the next page, and a resource's own address."""
    links = {"self": trap.url, "next": f"{trap.url}/api/metrics?page[cursor]=a", "related": trap.url}
    headers = f"Location: {trap.url}/\r\nLink: <{trap.url}>; rel=next\r\nRefresh: 0; url={trap.url}\r\n"
    klaviyo = Wire(answers(status, headers, body=json.dumps({"data": [], "links": links}).encode()))
    settings.KLAVIYO_BASE_URL = klaviyo.url
    said = ""
    try:
        connections.inspect("klaviyo", "pk_of_somebody", ["Tidings: Order"])
    except DeliveryError as error:
        said = str(error)
    klaviyo.close()

    assert (trap.connections, klaviyo.connections > 0, trap.url in said) == (0, True, False)

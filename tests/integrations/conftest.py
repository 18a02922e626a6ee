"""A merchant whose sources are all connected, and a hook that is called as they call it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from integrations import merchants, sources
from integrations.models import Merchant, ShopDomain
from tests.support.world import ALL_SOURCES

Post = Callable[..., Any]


@pytest.fixture
def connected(db: None) -> Merchant:
    """A merchant with a shop, and a secret for each source."""
    merchant = Merchant.objects.create(name="Alba")
    ShopDomain.objects.create(merchant=merchant, domain="alba.myshopify.com")
    for source in ALL_SOURCES:
        merchants.set_source_secret(merchant, source, f"secret of {source}", at=timezone.now())
    return merchant


@pytest.fixture
def post(connected: Merchant) -> Post:
    """Send a signed message to one of the merchant's hooks; what is given replaces what a source would send."""
    client = Client(raise_request_exception=False)

    def send(source: str, body: bytes, *, topic: str = "orders/create", path: str = "", **headers: str) -> Any:
        kind = sources.get(source)
        given = {**kind.sign(body, f"secret of {source}"), **kind.headers_for(topic)}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        address = path or f"/hooks/{connected.public_id}/{source}/"
        return client.post(address, body, content_type="application/json", headers=given)

    return send

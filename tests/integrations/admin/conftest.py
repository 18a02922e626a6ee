from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import caches
from django.test import Client
from pytest_django import Settings

from integrations import staff
from integrations.destinations.klaviyo.sandbox import Sandbox
from integrations.models import Merchant

from . import rows

PASSWORD = "a-long-password-of-a-csm"


@pytest.fixture(autouse=True)
def _cold_cache() -> Iterator[None]:
    caches["process"].clear()
    yield
    caches["process"].clear()


@pytest.fixture
def csm(db: Any) -> Client:
    """A CSM who is signed in."""
    user, _ = staff.make_csm("carla", PASSWORD)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def merchant(db: Any) -> Merchant:
    return rows.merchant()


@pytest.fixture
def klaviyo(settings: Settings) -> Iterator[Sandbox]:
    """A Klaviyo on a real socket, without rate limits."""
    with Sandbox(limit_scale=None) as sandbox:
        settings.KLAVIYO_BASE_URL = sandbox.url
        yield sandbox

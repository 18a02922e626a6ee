"""How a shop that sells by subscription is set up: its log's feed with a sync of the past, and lists by status."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import requests
from django.conf import settings
from django.test.utils import override_settings

from config.demo.log_feed import SECRET, Feed
from config.demo.shops import Shop
from integrations import tokens
from integrations.audit import Actor
from integrations.models import Merchant
from lifecycle import log
from lifecycle.models.feed import PACE
from lifecycle.services import feeds, lists, rules, syncs
from tracking.services import policies

DEMO = Actor(label="demo")
LISTS = {"Active": "Subscribers", "Stopped": "Former subscribers"}
"""Status -> name of the list at Klaviyo."""

SCOPES = ("orders:write", "activities:write")
SECONDS = 30.0


def set_up(merchant: Merchant, shop: Shop, feed: Feed, *, at: datetime) -> str:
    """Have everything ready as the shop is launched at `at`. Returns a token for its own system."""
    status_lists = {status: _make_list(shop, name) for status, name in LISTS.items()}
    rules.change(merchant, by=DEMO, at=at, status_lists=status_lists)
    lists.fill(at=at, seconds=SECONDS)
    # Its own vans bring the boxes, and nobody tells of that.
    policies.change(merchant, by=DEMO, at=at, hours_until_fulfillment=None)
    feeds.set_feed(merchant=merchant, url=feed.address, secret=SECRET, by=DEMO, at=at)
    syncs.begin(merchant=merchant, since=None, pace=PACE, by=DEMO, at=at)
    _, token = tokens.create(merchant, "The shop's own system", SCOPES, by=DEMO, at=at)
    return token


def read_log(feed: Feed, *, at: datetime, clock: Callable[[], datetime]) -> None:
    """Read what the log has by then, and parse it, as the worker does."""
    feed.until = at
    # A feed may be on this machine with DEBUG alone.
    with override_settings(DEBUG=True):
        log.work(seconds=SECONDS, clock=clock)


def _make_list(shop: Shop, name: str) -> str:
    """As the shop's staff do it at Klaviyo. Returns its id."""
    answer = requests.post(
        f"{settings.KLAVIYO_BASE_URL}/api/lists",
        json={"data": {"type": "list", "attributes": {"name": name}}},
        headers={"authorization": f"Klaviyo-API-Key {shop.key}", "revision": settings.KLAVIYO_REVISION},
        timeout=30,
    )
    answer.raise_for_status()
    return str(answer.json()["data"]["id"])

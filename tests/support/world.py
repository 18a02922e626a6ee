"""A merchant, a shop that posts over a real socket, workers, and a Klaviyo that answers over a real socket."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import requests
from django.utils import timezone

from integrations import inbound, onboarding, sources
from integrations.delivery.engine import Engine, Summary
from integrations.destinations.klaviyo.sandbox import Controls
from integrations.models import Connection, Delivery, Event, InboundMessage, Merchant
from integrations.onboarding import Application

ALL_SOURCES = ("shopify", "easypost", "shippo", "aftership", "loop", "shopify_flow_actions", "activity_log", "onsite")
_numbers = itertools.count(1)


@dataclass
class Shop:
    """One merchant as its sources and its shoppers see it."""

    world: World
    merchant: Merchant
    connection: Connection
    key: str
    secrets: dict[str, str]
    public_key: str

    def post(
        self, source: str, payload: Any, *, topic: str = "", delivery_id: str = "", **more: Any
    ) -> requests.Response:
        """Send a signed message to the merchant's hook."""
        body = json.dumps(payload).encode()
        kind = sources.get(source)
        headers = {"content-type": "application/json", **kind.headers_for(topic)}
        headers |= kind.sign(body, self.secrets[source])
        if source == "shopify":
            headers["x-shopify-webhook-id"] = delivery_id or f"w-{next(_numbers)}"
            headers["x-shopify-shop-domain"] = self.merchant.shop_domains.get().domain
        headers |= more.pop("headers", {})
        url = f"{self.world.site}/hooks/{self.merchant.public_id}/{source}/"
        return requests.post(url, data=body, headers=headers, timeout=30, **more)

    def shopify(self, topic: str, payload: Any, **more: Any) -> requests.Response:
        """Send a Shopify webhook."""
        return self.post("shopify", payload, topic=topic, **more)

    def easypost(self, payload: Any) -> requests.Response:
        """Send an EasyPost webhook."""
        return self.post("easypost", payload)

    @property
    def received(self) -> list[dict[str, Any]]:
        """What Klaviyo recorded for this merchant, oldest first by event time, then by name."""
        events = self.world.sandbox.events(self.public_key)
        return sorted(events, key=lambda event: (event["time"], event["metric"]))

    @property
    def names(self) -> Counter[str]:
        """How many events of each metric Klaviyo recorded."""
        return Counter(event["metric"] for event in self.received)

    def one(self, metric: str) -> dict[str, Any]:
        """The only event of that metric that Klaviyo recorded."""
        found = [event for event in self.received if event["metric"] == metric]
        assert len(found) == 1, f"{len(found)} events {metric}"
        return found[0]

    @property
    def states(self) -> Counter[str]:
        """Deliveries by state."""
        return Counter(Delivery.objects.for_merchant(self.merchant).values_list("state", flat=True))

    @property
    def events(self) -> Any:
        """The merchant's history."""
        return Event.objects.for_merchant(self.merchant).order_by("occurred_at", "id")

    @property
    def messages(self) -> Any:
        """What the merchant's sources sent."""
        return InboundMessage.objects.for_merchant(self.merchant).order_by("id")


@dataclass
class World:
    """Everything a story needs. `site` is the address of the running site."""

    sandbox: Controls
    site: str

    def shop(
        self,
        name: str = "Alba",
        *,
        packs: Sequence[str] = ("order_tracking", "order_status"),
        launch_at: datetime | None = None,
        backfill_days: int = 0,
        **more: Any,
    ) -> Shop:
        """Take on a merchant, launched half a year ago unless told otherwise."""
        number = next(_numbers)
        key = f"pk_sandbox_{name.lower()}_{number}"
        at = timezone.now()
        application = Application(
            name=name,
            timezone="America/New_York",
            shop_domains=[f"{name.lower()}-{number}.myshopify.com"],
            secrets={source: f"secret of {source} {number}" for source in ALL_SOURCES},
            klaviyo_key=key,
            metrics=onboarding.metrics_of(packs),
            launch_at=launch_at or at - timedelta(days=180),
            backfill_days=backfill_days,
            **more,
        )
        done = onboarding.onboard(application, at=at)
        secrets = {hook.source: hook.secret for hook in done.hooks}
        return Shop(self, done.merchant, done.connection, key, secrets, done.account.public_key)

    def take_in(self, *, seconds: float = 20) -> None:
        """Handle what came in, without sending anything."""
        inbound.handle_due(seconds=seconds)

    def work(self, *, seconds: float = 20) -> Summary:
        """Do what the workers do, until nothing is due."""
        self.take_in(seconds=seconds)
        return Engine().run(seconds=seconds)

"""Shopify Flow as the delivery engine knows it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings

from integrations.catalog import CUSTOM
from integrations.destinations.base import (
    Account,
    Carrying,
    Change,
    Defaults,
    KeyWords,
    Outgoing,
    SuppressedPage,
    Window,
)
from integrations.destinations.shopify_flow import payloads
from integrations.destinations.shopify_flow.answers import plain
from integrations.destinations.shopify_flow.client import FlowSession

if TYPE_CHECKING:
    from integrations.catalog import Metric

SCOPES = ("read_customers",)
"""What a token must be allowed to do: a trigger that names a customer needs it."""

_WHOSE = (
    "{ shop { id name myshopifyDomain ianaTimezone currencyCode } currentAppInstallation { accessScopes { handle } } }"
)


class ShopifyFlow:
    """A `base.Destination`. The address and the version are the operator's settings, never a merchant's.

    Flow knows no repeats and keeps no history: a request starts workflows, and that is all it does.
    """

    kind = "shopify_flow"
    label = "Shopify Flow"
    key = KeyWords("access token", "The app's installation in the shop; it starts with shpat_", "Shop")
    bulk_items = 1
    bulk_bytes = payloads.PAYLOAD_BYTES
    single_limits: Sequence[Window] = (Window(40, 1),)
    """Below what the smallest shop restores in a second, until an answer tells how much it is."""
    bulk_limits: Sequence[Window] = ()
    changes: Mapping[str, Carrying] = {}
    ignores_repeats = False
    records_backfill = False
    knows_by = "shop"

    def carries(self, metric: Metric[Any]) -> bool:
        """Those of the catalogue: a trigger is deployed with the app, so what a merchant declares itself cannot be one."""
        return metric.pack.key != CUSTOM.key

    def open(self, secret: str, address: str) -> FlowSession:
        """Open a session with an access token of the shop at `address`. No request is made."""
        base_url, version = settings.SHOPIFY_BASE_URL, settings.SHOPIFY_API_VERSION
        return FlowSession(secret, address, base_url=base_url, version=version)

    def problems(self, item: Outgoing, *, at: datetime) -> list[str]:
        """Without a customer no workflow could do anything for anybody."""
        if payloads.customer_id(item.profile.external_id) is None:
            return ["customer_id: the shopper has no customer number in Shopify"]
        return []

    def change_problems(self, change: Change) -> list[str]:
        """There are no changes."""
        return []

    def request(self, item: Outgoing, address: str) -> str:
        """Address and variables of the request."""
        body = json.dumps(json.loads(payloads.request(item))["variables"], indent=2, ensure_ascii=False)
        return f"POST https://{address}/admin/api/{settings.SHOPIFY_API_VERSION}/graphql.json\nflowTriggerReceive\n\n{body}"

    def batches(self, items: Sequence[Outgoing]) -> list[list[Outgoing]]:
        """One event in each."""
        return [[item] for item in items]

    def inspect(self, secret: str, address: str, metric_names: Sequence[str]) -> Account:
        """Ask live whose the token is and what it lacks: one query. Flow has no metrics that others could send."""
        with closing(self.open(secret, address)) as session:
            data = session.query(_WHOSE, "shop")
        shop, installation = data["shop"], data.get("currentAppInstallation")
        granted = installation.get("accessScopes") if isinstance(installation, dict) else None
        scopes = (
            {each.get("handle") for each in granted if isinstance(each, dict)} if isinstance(granted, list) else set()
        )
        return Account(
            id=plain(shop.get("id") or "", 200).rpartition("/")[2][:40],
            name=plain(shop.get("name") or address, 160),
            public_key="",
            timezone=plain(shop.get("ianaTimezone") or "", 64),
            currency=plain(shop.get("currencyCode") or "", 3),
            missing_scopes=tuple(scope for scope in SCOPES if scope not in scopes),
        )

    def ensure_defaults(self, secret: str, address: str, *, name: str, email: str) -> Defaults:
        """Nothing is kept in Flow."""
        return Defaults(list_id="", profile_id="")

    def suppressed(self, secret: str, address: str, *, cursor: str) -> SuppressedPage:
        """Flow knows no suppression."""
        return SuppressedPage((), "")

"""Klaviyo as the delivery engine knows it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings

from integrations.destinations.base import Account, Change, Defaults, KeyWords, Outgoing, SuppressedPage, Window
from integrations.destinations.klaviyo import account, changes, payloads, rules
from integrations.destinations.klaviyo.client import KlaviyoSession

if TYPE_CHECKING:
    from integrations.catalog import Metric


class Klaviyo:
    """A `base.Destination`. The address and the revision are the operator's settings, never a merchant's."""

    kind = "klaviyo"
    label = "Klaviyo"
    bulk_items = 1000
    bulk_bytes = rules.BULK_BYTES
    single_limits: Sequence[Window] = (Window(350, 1), Window(3_500, 60))
    bulk_limits: Sequence[Window] = (Window(10, 1), Window(150, 60))
    changes = changes.CARRYING
    key = KeyWords("private key", "Klaviyo → Settings → API keys → Create private key")
    ignores_repeats = True
    records_backfill = True
    knows_by = ""

    def carries(self, metric: Metric[Any]) -> bool:
        """Every metric is: Klaviyo learns its name from its first event."""
        return True

    def open(self, secret: str, address: str = "") -> KlaviyoSession:
        """Open a session with a private key, which alone says whose it is. No request is made; a wrong key shows at the first."""
        return KlaviyoSession(secret, base_url=settings.KLAVIYO_BASE_URL, revision=settings.KLAVIYO_REVISION)

    def problems(self, item: Outgoing, *, at: datetime) -> list[str]:
        """Return why Klaviyo would refuse the event at `at`, empty when nothing speaks against it: see `rules.problems`."""
        return rules.problems(item, at)

    def change_problems(self, change: Change) -> list[str]:
        """Return why Klaviyo would refuse the change, empty when nothing speaks against it: see `changes.problems`."""
        return changes.problems(change)

    def request(self, item: Outgoing, address: str) -> str:
        """Address, revision and body of the request."""
        body = json.dumps(json.loads(payloads.single_event(item)), indent=2, ensure_ascii=False)
        return f"POST {settings.KLAVIYO_BASE_URL}/api/events\nrevision: {settings.KLAVIYO_REVISION}\n\n{body}"

    def batches(self, items: Sequence[Outgoing]) -> list[list[Outgoing]]:
        """Cut `items` into bulk requests, in order: see `payloads.batches`."""
        return payloads.batches(items, most_items=self.bulk_items, most_bytes=self.bulk_bytes)

    def inspect(self, secret: str, address: str, metric_names: Sequence[str]) -> Account:
        """Ask live whose the key is and what it lacks: see `account.inspect`."""
        with closing(self.open(secret, address)) as session:
            return account.inspect(session, metric_names)

    def ensure_defaults(self, secret: str, address: str, *, name: str, email: str) -> Defaults:
        """Look up the list and the profile, create what is missing: see `account.ensure_defaults`."""
        with closing(self.open(secret, address)) as session:
            return account.ensure_defaults(session, name=name, email=email)

    def suppressed(self, secret: str, address: str, *, cursor: str) -> SuppressedPage:
        """Read a page of suppressed addresses: see `account.suppressed`."""
        with closing(self.open(secret, address)) as session:
            return account.suppressed(session, cursor=cursor)

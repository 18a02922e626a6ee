"""Running campaigns go on in the background, a batch of each in turn, each batch in a transaction of its own.

One that is broken off goes on where it was. Of two who come to one campaign at once, the second leaves it to the first.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from datetime import datetime
from functools import partial

from django.db import transaction

from integrations import leases
from integrations.apart import Apart
from integrations.models import Merchant
from loyalty import services
from loyalty.models import Campaign

LEASE_SECONDS = 120


def work(*, at: datetime, seconds: float) -> bool:
    """Go on with all running campaigns for so many seconds; False where the time was not enough."""
    end = time.monotonic() + seconds
    running = Campaign.objects.filter(state=Campaign.State.RUNNING, merchant__state=Merchant.State.ACTIVE)
    due = running.order_by("started_at", "pk").prefetch_related("merchant__connections")
    going = {each.pk: _batches(each.merchant, each.pk, at=at) for each in due}
    with Apart() as apart:
        try:
            while going and time.monotonic() < end:
                going = {key: each for key, each in going.items() if apart.do(key, partial(next, each, 0), 0)}
        finally:
            for each in going.values():
                each.close()
    return not going


def _batches(merchant: Merchant, key: int, *, at: datetime) -> Generator[int]:
    """How many recipients each batch was for, until none is left or somebody else is at it."""
    with leases.holding(f"campaign:{key}", LEASE_SECONDS) as held:
        while held is not None and held.renew(LEASE_SECONDS):
            with transaction.atomic():
                done = services.give_campaign(merchant, key, at=at)
            if not done:
                return
            yield done

"""Shorter periods, so that hundreds of crashes and thousands of failures fit into minutes. Their order of size is kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from integrations import inbound
from integrations.delivery import backoff, lane
from integrations.delivery.engine import Engine
from integrations.destinations.klaviyo.client import KlaviyoSession
from integrations.destinations.klaviyo.destination import Klaviyo
from integrations.management.commands import deliver

READ_SECONDS = 1.5
LEASE_SECONDS = 8
"""Longer than a request may take, as in the product. A dead worker's lanes stand still for so long."""

BULK_ITEMS, LANES = 300, 6
"""Fewer than in the product, as the lease is shorter: what a worker claims must fit into it on a busy machine too."""

RETRY_AFTER = tuple(timedelta(seconds=seconds) for seconds in (0.2, 0.4, 0.8, *[1.5] * 36))
"""Forty attempts: with nearly every second answer faulty, ten would be used up by chance."""

SHORTER: tuple[tuple[Any, str, Any], ...] = (
    (lane, "LEASE_SECONDS", LEASE_SECONDS),
    (lane, "RENEW_AFTER", timedelta(seconds=1)),
    (deliver, "ROUND_SECONDS", 10),
    (inbound, "LEASE_SECONDS", LEASE_SECONDS),
    (inbound, "RENEW_AFTER", 1),
    (Klaviyo, "bulk_items", BULK_ITEMS),
    (backoff, "RETRY_AFTER", RETRY_AFTER),
    (backoff, "MAX_ATTEMPTS", len(RETRY_AFTER) + 1),
    (backoff, "AFTER_SILENCE", timedelta(seconds=0.5)),
    (backoff, "CIRCUIT_FIRST", timedelta(seconds=0.2)),
    (backoff, "CIRCUIT_LONGEST", timedelta(seconds=2)),
)


def hasten() -> None:
    """Set them in this process. Raises `LookupError` where the product calls something by another name by now."""
    for place, name, value in SHORTER:
        if not hasattr(place, name):
            raise LookupError(f"{place.__name__} has no {name} any more")
        setattr(place, name, value)
    _default(KlaviyoSession.__init__, "read_seconds", READ_SECONDS)
    _default(Engine.__init__, "concurrency", LANES)


def _default(function: Any, name: str, value: float) -> None:
    if name not in function.__kwdefaults__:
        raise LookupError(f"{function.__qualname__} has no {name} any more")
    function.__kwdefaults__[name] = value

"""How often a page may be asked for, by an address and by a token: in a minute of one web process, where the counts are kept.

Nothing is guessed in a page's address: this keeps one visitor from taking the time of the others.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.core.cache import caches

WINDOW = 60
"""Seconds. A window begins with the minute of the clock."""

MOST_OF_TOKEN = 60
MOST_OF_ADDRESS = 120
"""More than of a token: many who are behind one address share it."""


def may_ask(token: str, address: str, *, at: datetime) -> bool:
    """Count a request; whether it is not one too many."""
    minute = int(at.timestamp()) // WINDOW
    counts = (_count(f"token:{minute}:{token}"), _count(f"address:{minute}:{address}"))
    return counts[0] <= MOST_OF_TOKEN and counts[1] <= MOST_OF_ADDRESS


def _count(what: str) -> int:
    """By a digest: what stands in an address may be of any length and of any characters."""
    cache, key = caches["visitors"], hashlib.sha256(what.encode(errors="replace")).hexdigest()
    cache.add(key, 0, WINDOW)
    try:
        return cache.incr(key)
    except ValueError:
        # Thrown out meanwhile: the store is full, or the window just ended.
        return 1

"""How often a page may be asked for, and how often something may be posted on it, by an address and by a token.

Nothing is guessed in a page's address: asking is counted to keep one visitor from taking the time of the others, in each web
process for itself, whose time it is. What is posted is written down, so that it is counted exactly, over all processes: in
the database, by one statement.
"""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import datetime

from django.core.cache import caches
from django.db import connection
from django.utils.crypto import salted_hmac

from tracking.models import PostCount

WINDOW = 60
"""Seconds in which asking is counted. A window begins with the minute of the clock."""

MOST_OF_TOKEN = 60
MOST_OF_ADDRESS = 120
"""More than of a token: many who are behind one address share it."""

HOUR = 3600
"""Seconds in which posts are counted. A window begins with the hour of the clock."""


@dataclass(frozen=True, slots=True)
class Limit:
    """How often something may be posted in an hour, on one page and from one address."""

    what: str
    of_token: int
    of_address: int


SIGN_UPS = Limit("sign-up", 6, 30)
"""Whoever signs strangers up gets no further than this on a page."""

WISHES = Limit("wish", 60, 200)


def may_ask(token: str, address: str, *, at: datetime) -> bool:
    """Count a request; whether it is not one too many."""
    minute = int(at.timestamp()) // WINDOW
    counts = (_count(f"token:{minute}:{token}"), _count(f"address:{minute}:{_network(address)}"))
    return counts[0] <= MOST_OF_TOKEN and counts[1] <= MOST_OF_ADDRESS


def may_post(limit: Limit, token: str, address: str, *, at: datetime) -> bool:
    """Count something that is posted; whether it is not one too many.

    What an address is refused counts against nobody else: else one visitor would use up what all of a token may post.
    """
    hour = int(at.timestamp()) // HOUR
    PostCount.objects.filter(hour__lt=hour - 1).delete()
    of_address = _count_post(f"{limit.what}:address:{_network(address)}", hour)
    return of_address <= limit.of_address and _count_post(f"{limit.what}:token:{token}", hour) <= limit.of_token


def _count_post(what: str, hour: int) -> int:
    table = connection.ops.quote_name(PostCount._meta.db_table)
    sql = (
        f"INSERT INTO {table} (key, hour, used) VALUES (%s, %s, 1) ON CONFLICT (key) DO UPDATE SET "  # noqa: S608
        f"used = CASE WHEN {table}.hour < excluded.hour THEN 1 ELSE {table}.used + 1 END, hour = excluded.hour "
        "RETURNING used"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [_sealed(what), hour])
        return int(cursor.fetchone()[0])


def _network(address: str) -> str:
    """What one visitor has: of IPv6 addresses whoever has one has 2**64."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else address


def _count(what: str) -> int:
    """By a digest: what stands in an address may be of any length and of any characters."""
    cache, key = caches["visitors"], _digest(what)
    cache.add(key, 0, WINDOW)
    try:
        return cache.incr(key)
    except ValueError:
        # Thrown out meanwhile: the store is full, or the window just ended.
        return 1


def _sealed(what: str) -> str:
    """A digest from which nobody else finds out the address: it stands in the database for up to two hours."""
    return salted_hmac("tracking.page.visitors", what.encode(errors="replace"), algorithm="sha256").hexdigest()


def _digest(what: str) -> str:
    return hashlib.sha256(what.encode(errors="replace")).hexdigest()

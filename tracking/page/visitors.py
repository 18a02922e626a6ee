"""How often a page may be asked for, and how often something may be posted on it, by an address and by a token.

Nothing is guessed in a page's address: asking is counted to keep one visitor from taking the time of the others, in each web
process for itself, whose time it is. What is posted is written down, so that it is counted exactly, over all processes: in
the database, by one statement.
"""

from __future__ import annotations

import hashlib
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
    counts = (_count(f"token:{minute}:{token}"), _count(f"address:{minute}:{address}"))
    return counts[0] <= MOST_OF_TOKEN and counts[1] <= MOST_OF_ADDRESS


def may_post(limit: Limit, token: str, address: str, *, at: datetime) -> bool:
    """Count something that is posted; whether it is not one too many."""
    hour = int(at.timestamp()) // HOUR
    most = {
        _sealed(f"{limit.what}:token:{token}"): limit.of_token,
        _sealed(f"{limit.what}:address:{address}"): limit.of_address,
    }
    PostCount.objects.filter(hour__lt=hour - 1).delete()
    return all(used <= most[key] for key, used in _count_posts(sorted(most), hour))


def _count_posts(keys: list[str], hour: int) -> list[tuple[str, int]]:
    """Keys come in one order, so that two posts at once wait for each other in one order, too."""
    table = connection.ops.quote_name(PostCount._meta.db_table)
    rows = ", ".join(["(%s, %s, 1)"] * len(keys))
    sql = (
        f"INSERT INTO {table} (key, hour, used) VALUES {rows} ON CONFLICT (key) DO UPDATE SET "  # noqa: S608
        f"used = CASE WHEN {table}.hour < excluded.hour THEN 1 ELSE {table}.used + 1 END, hour = excluded.hour "
        "RETURNING key, used"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [value for key in keys for value in (key, hour)])
        return list(cursor.fetchall())


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

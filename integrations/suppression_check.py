"""Whether the destinations hold suppressed what we hold suppressed: looked at once a day, and nothing is undone.

A comparison reads all that is suppressed there, page by page, and goes on where it stopped: a few pages in each tick, so that the
account's rate limit is left to others. What is ours and missing there is asked for once more. What is suppressed there and not by
us is listed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from functools import partial

import structlog
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from integrations import erased, leases, suppressions
from integrations.apart import Apart
from integrations.destinations import registry
from integrations.destinations.base import DeliveryError, SuppressedPage
from integrations.fields import Undecryptable
from integrations.models import Connection, Customer, Delivery, Merchant, ProfileChange, Suppression, SuppressionCheck
from integrations.models.suppression import IN_FORCE
from integrations.statements import CHUNK, insert_new

PAGES = 200
"""Read in one go of a connection, 100 addresses each. Klaviyo lets 750 be read in a minute."""

NIGHT = 2
"""The hour of the merchant's night from which on a comparison is due, once a day."""

LEASE_SECONDS = 120

State = Delivery.State
logger = structlog.get_logger(__name__)


def compare_due(*, at: datetime, seconds: float) -> int:
    """Go on with every comparison that is due, for `seconds` at most; returns how many were finished."""
    until, finished = time.monotonic() + seconds, 0
    with Apart() as apart:
        for connection in _due(at=at):
            if time.monotonic() > until:
                break
            finished += apart.do(connection.pk, partial(_take_turn, connection, at=at), False)
    return finished


def start(merchant: Merchant, *, at: datetime) -> int:
    """Begin a comparison of each connection that knows suppression, as somebody asked, for the next tick; returns how many."""
    return sum(_begin(each, at=at) for each in _able(Connection.objects.for_merchant(merchant)))


def of(merchant: Merchant) -> QuerySet[SuppressionCheck]:
    """A merchant's comparisons, with their connections."""
    mine: QuerySet[SuppressionCheck] = SuppressionCheck.objects.for_merchant(merchant)
    return mine.select_related("connection").order_by("pk")


def _due(*, at: datetime) -> Iterator[Connection]:
    """Those under way, and those whose merchant holds anything suppressed and whose last one was begun before this night."""
    held = Suppression.objects.filter(IN_FORCE, merchant=OuterRef("merchant"))
    under_way = Q(suppression_check__began_at__isnull=False)
    chosen = Connection.objects.filter(
        under_way | Exists(held),
        state=Connection.State.ACTIVE,
        merchant__state=Merchant.State.ACTIVE,
        launched_at__isnull=False,
    )
    for connection in _able(chosen.select_related("merchant", "suppression_check").order_by("pk")):
        check = getattr(connection, "suppression_check", None)
        if check is not None and check.began_at is not None:
            yield connection
        elif at.astimezone(connection.merchant.tz).hour >= NIGHT and not _was_today(connection, check, at=at):
            _begin(connection, at=at)
            yield connection


def _was_today(connection: Connection, check: SuppressionCheck | None, *, at: datetime) -> bool:
    if check is None or check.finished_at is None:
        return False
    zone = connection.merchant.tz
    return bool(check.finished_at.astimezone(zone).date() >= at.astimezone(zone).date())


def _able(connections: QuerySet[Connection]) -> Iterator[Connection]:
    return (each for each in connections if ProfileChange.Kind.SUPPRESS in registry.get(each.kind).changes)


def _begin(connection: Connection, *, at: datetime) -> bool:
    check, _ = SuppressionCheck.objects.get_or_create(merchant_id=connection.merchant_id, connection=connection)
    idle = SuppressionCheck.objects.for_merchant(connection.merchant_id).filter(pk=check.pk, began_at=None)
    return bool(idle.update(began_at=at, cursor="", counted=0, error=""))


def _take_turn(connection: Connection, *, at: datetime) -> bool:
    with leases.holding(f"suppressions:{connection.pk}", LEASE_SECONDS) as held:
        return held is not None and _go_on(connection, held, at=at)


def _go_on(connection: Connection, held: leases.Held, *, at: datetime) -> bool:
    """Read on; whether it was finished. What went wrong is noted, and it is tried again by the next tick."""
    check = SuppressionCheck.objects.for_merchant(connection.merchant_id).get(connection=connection)
    destination = registry.get(connection.kind)
    try:
        for _ in range(PAGES):
            if check.began_at is None:
                return False
            page = destination.suppressed(connection.secret.reveal(), connection.address, cursor=check.cursor)
            if not held.renew(LEASE_SECONDS):
                return False
            with transaction.atomic():
                _take_in(connection.merchant, page, at=at)
                check.cursor, check.counted, check.error = page.cursor[:500], check.counted + len(page.emails), ""
                if not page.cursor:
                    _conclude(connection, check, at=at)
                check.save()
            if not page.cursor:
                return True
    except (DeliveryError, Undecryptable) as error:
        logger.warning("suppressions.unread", connection=connection.pk, error=type(error).__name__)
        check.error = str(error)[:300]
        check.save(update_fields=["error"])
    return False


def _take_in(merchant: Merchant, page: SuppressedPage, *, at: datetime) -> None:
    """What is ours was seen; what is not is listed, but for those who were erased here: of them no address is kept."""
    mine = Suppression.objects.for_merchant(merchant)
    known = mine.filter(email__in=page.emails)
    known.update(seen_at=at, missing_since=None, asked_again_at=None)
    new = set(page.emails) - set(known.values_list("email", flat=True))
    new -= {email for _, email in erased.among(merchant, [(erased.EMAIL, each) for each in new])} if new else set()
    if not new:
        return
    customers = Customer.objects.for_merchant(merchant).filter(email__in=new)
    by_email = dict(customers.values_list("email", "pk"))
    found = [
        Suppression(
            merchant=merchant,
            customer_id=by_email.get(email),
            email=email,
            reason=Suppression.Reason.FOUND,
            suppressed_at=at,
            seen_at=at,
        )
        for email in sorted(new)
    ]
    insert_new(found, identity=("merchant", "email"))


def _conclude(connection: Connection, check: SuppressionCheck, *, at: datetime) -> None:
    """All was read: what was not seen is missing there. What of ours is, is asked for once more; the rest is forgotten."""
    merchant, began_at = connection.merchant, check.began_at
    mine = Suppression.objects.for_merchant(merchant)
    unseen = Q(seen_at=None) | Q(seen_at__lt=began_at)
    mine.filter(unseen, reason=Suppression.Reason.FOUND).delete()
    there = Delivery.objects.for_merchant(merchant).filter(connection=connection, change=OuterRef("change"))
    was_taken = Exists(there.filter(state=State.SENT, settled_at__lt=began_at))
    missing = mine.filter(IN_FORCE, unseen).filter(was_taken | ~Exists(there))
    missing.filter(missing_since=None).update(missing_since=at)
    check.seen, check.missing = check.counted, missing.count()
    check.found = mine.filter(reason=Suppression.Reason.FOUND).count()
    keys = list(missing.filter(asked_again_at=None).values_list("pk", flat=True))
    for start_at in range(0, len(keys), CHUNK):
        again = mine.filter(pk__in=keys[start_at : start_at + CHUNK])
        suppressions.ask(merchant, again, at=at)
        again.update(asked_again_at=at)
    check.finished_at, check.began_at, check.cursor = at, None, ""

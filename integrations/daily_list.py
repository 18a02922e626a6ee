"""The daily list: once a day, at an hour of their own, the people of a merchant are told what stands still. Nothing is sent where
nothing does.

What stands still domain apps know: they register a `Lister`. A list that does not arrive is tried again by the next tick, as
long as it is the same day for the merchant; a day that went by without a tick is not made up for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import groupby
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.urls import reverse

from integrations import audit, leases, notices
from integrations.audit import Actor
from integrations.models import AlertAddress, Merchant
from integrations.notices import Notice

USUAL_TIME = time(8)
MOST = 100
"""Rows in one list; the others are counted."""

SECONDS = 30
LEASE_SECONDS = 50
EARLIEST_DAY = timedelta(hours=14)
"""How far the first time zone on Earth is ahead of UTC."""


@dataclass(frozen=True, slots=True)
class Row:
    """An order or a parcel that stands still since an instant. `what` is in a few words, `problem` in one for programs."""

    problem: str
    what: str
    order_number: str
    since: datetime
    tracking_number: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands still: the first rows, and how many there are in all."""

    rows: Sequence[Row]
    total: int


Lister = Callable[[Merchant, datetime, int], Standing]
"""Finds what stands still, longest first: (the merchant, when, how many rows are wanted)."""

_listers: list[Lister] = []


def register(lister: Lister) -> Lister:
    """Add what a domain app has to list."""
    _listers.append(lister)
    return lister


def choose(merchant: Merchant, pk: int, hour: time | None, *, by: Actor, at: datetime) -> None:
    """Send an address the list daily at that time of the merchant's day, or no more where it is None.

    Where that time is over today, the first one is tomorrow's.
    """
    address = AlertAddress.objects.for_merchant(merchant).filter(pk=pk).first()
    if address is None or address.daily_list_at == hour:
        return
    now = at.astimezone(merchant.tz)
    address.daily_list_at = hour
    address.daily_list_on = now.date() if hour is not None and now.time() >= hour else None
    address.save(update_fields=["daily_list_at", "daily_list_on"])
    detail = f"{address}: {hour:%H:%M}" if hour else f"{address}: none"
    audit.note(merchant, by, "chose a daily list", [detail], at=at)


def send_due(*, at: datetime) -> int:
    """Send the lists whose time has come; returns how many arrived."""
    with leases.holding("daily_lists", LEASE_SECONDS) as held:
        if held is None:
            return 0
        due = [each for _, mine in groupby(_due(at=at), key=_merchant_of) for each in _notices(list(mine), at=at)]
        return sum(_note([notice.address], at=at) for notice in notices.send_all(due, at=at, seconds=SECONDS))


def _due(*, at: datetime) -> Iterator[AlertAddress]:
    """Addresses whose time of day is over and which got nothing today, merchant by merchant."""
    behind = Q(daily_list_on=None) | Q(daily_list_on__lt=(at + EARLIEST_DAY).date())
    asked = AlertAddress.objects.filter(behind, daily_list_at__isnull=False, merchant__state=Merchant.State.ACTIVE)
    for address in asked.select_related("merchant").order_by("merchant", "pk"):
        now = at.astimezone(address.merchant.tz)
        is_over = address.daily_list_on is not None and address.daily_list_on >= now.date()
        if not is_over and address.daily_list_at and now.time() >= address.daily_list_at:
            yield address


def _merchant_of(address: AlertAddress) -> int:
    return address.merchant_id


def _notices(addresses: list[AlertAddress], *, at: datetime) -> Iterator[Notice]:
    """The list for each of a merchant's addresses. Where nothing stands still, they are done for today."""
    merchant = addresses[0].merchant
    found = [lister(merchant, at, MOST) for lister in _listers]
    rows = sorted((row for each in found for row in each.rows), key=lambda row: row.since)[:MOST]
    if not rows:
        _note(addresses, at=at)
        return
    total = sum(each.total for each in found)
    subject = f"{merchant.name}: {total} {'stands' if total == 1 else 'stand'} still"
    text, document = _text(merchant, rows, total), _document(merchant, rows, total, at=at)
    for address in addresses:
        yield Notice(address, subject, text, document)


def _note(addresses: Sequence[AlertAddress], *, at: datetime) -> int:
    """Write down that they are done for today."""
    merchant = addresses[0].merchant
    mine = AlertAddress.objects.for_merchant(merchant).filter(pk__in=[each.pk for each in addresses])
    return int(mine.update(daily_list_on=at.astimezone(merchant.tz).date()))


def _text(merchant: Merchant, rows: Sequence[Row], total: int) -> str:
    lines = [f"What stands still now, the longest first. Times are in {merchant.timezone}.", ""]
    for row in rows:
        parcel = f", parcel {row.tracking_number}" if row.tracking_number else ""
        since = f"{row.since.astimezone(merchant.tz):%a %d %b %Y, %H:%M}"
        lines += [f"{row.order_number}{parcel}: {row.what} since {since}", f"  {_page(merchant, row)}"]
    if total > len(rows):
        lines += ["", f"and {total - len(rows)} more."]
    return "\n".join(lines)


def _document(merchant: Merchant, rows: Sequence[Row], total: int, *, at: datetime) -> dict[str, Any]:
    return {
        "type": "daily_list",
        "sent_at": at,
        "merchant": {"id": merchant.public_id, "name": merchant.name},
        "total": total,
        "rows": [
            {
                "problem": row.problem,
                "order_number": row.order_number,
                "tracking_number": row.tracking_number or None,
                "since": row.since,
                "page": _page(merchant, row),
            }
            for row in rows
        ],
    }


def _page(merchant: Merchant, row: Row) -> str:
    """The merchant's page that says all that is known of the order."""
    return settings.PUBLIC_BASE_URL + reverse("why", args=[merchant.public_id], query={"q": row.order_number})

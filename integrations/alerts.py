"""Alerts: a message when something goes wrong with a merchant, and one when it is over. One for each change, not for each event.

What is wrong now stands in `Alert`, what an address knows of in `AlertAddress.told`. A message that does not arrive is tried
again by the next look, for that address alone; a worker that dies between sending and writing it down sends it twice at most.

What only a domain app can know of, it registers a `Watcher` for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.urls import reverse

from integrations import leases, notices, vitals
from integrations.models import Alert, AlertAddress, Connection, Merchant
from integrations.notices import Notice

FAILURES = 10
"""Events that failed in 24 hours, from which on it is told."""

SECONDS = 30
"""How long a look begins to send; what is left then is told by the next one."""

LEASE_SECONDS = 50
Kind = Alert.Kind

Watcher = Callable[[Sequence[Merchant], datetime], Mapping[int, str]]
"""Finds of which of these merchants something is wrong: their keys -> more words on it."""

_watchers: dict[Alert.Kind, Watcher] = {}


def register(kind: Alert.Kind) -> Callable[[Watcher], Watcher]:
    """Say which function knows when that is wrong."""

    def keep(watcher: Watcher) -> Watcher:
        _watchers[kind] = watcher
        return watcher

    return keep


def look(*, at: datetime) -> int:
    """Compare what is wrong now with what each address was told, for every merchant whose people asked for it.

    Returns how many messages arrived.
    """
    with leases.holding("alerts", LEASE_SECONDS) as held:
        if held is None:
            return 0
        asked_for = Merchant.objects.filter(
            Q(pk__in=AlertAddress.objects.values("merchant")) | Q(pk__in=Alert.objects.values("merchant"))
        )
        watched = list(vitals.with_vitals(asked_for, at=at).prefetch_related("alert_addresses", "alerts"))
        told = {kind: watcher(watched, at) for kind, watcher in _watchers.items()}
        news = [each for merchant in watched for each in _look_at(merchant, told, at=at)]
        arrived = 0
        for notice in notices.send_all(news, at=at, seconds=SECONDS):
            mine = AlertAddress.objects.for_merchant(notice.address.merchant_id)
            arrived += mine.filter(pk=notice.address.pk).update(told=notice.address.told)
    return arrived


def conditions(merchant: Any, *, at: datetime) -> dict[str, str]:
    """What is wrong with a merchant that was loaded by `vitals.with_vitals`: kind -> more words on it."""
    found: dict[str, str] = {}
    paused = [each for each in merchant.connections.all() if each.state != Connection.State.ACTIVE]
    if paused:
        found[Kind.PAUSED] = str(paused[0].get_state_display())
    elif merchant.oldest_waiting_at and at - merchant.oldest_waiting_at > vitals.LATE_AFTER:
        found[Kind.WAITING] = (
            f"{vitals.counted(merchant.backlog)}, the oldest since {merchant.oldest_waiting_at:%Y-%m-%d %H:%M} UTC"
        )
    if merchant.failed_lately >= FAILURES:
        found[Kind.FAILURES] = f"{vitals.counted(merchant.failed_lately)} in 24 hours"
    if vitals.is_silent(merchant, at=at):
        found[Kind.SILENT] = "no source was heard from for a day"
    return found


def _look_at(merchant: Any, told: Mapping[Alert.Kind, Mapping[int, str]], *, at: datetime) -> Iterator[Notice]:
    """Write down what is wrong with a merchant; what its addresses do not know yet. `told` is what the watchers found."""
    wrong = conditions(merchant, at=at)
    wrong |= {kind: found[merchant.pk] for kind, found in told.items() if merchant.pk in found}
    known = {each.kind: each for each in merchant.alerts.all()}
    for kind in wrong.keys() - known.keys():
        known[kind] = Alert.objects.create(merchant=merchant, kind=kind, detail=wrong[kind][:300], since=at)
    if known.keys() - wrong.keys():
        Alert.objects.for_merchant(merchant).exclude(kind__in=wrong).delete()
    for address in merchant.alert_addresses.all():
        begun = [known[kind] for kind in Kind.values if kind in wrong and kind not in address.told]
        over = [kind for kind in Kind.values if kind in address.told and kind not in wrong]
        if begun or over:
            address.told = sorted(wrong)
            yield _notice(merchant, address, begun, over, wrong, at=at)


def _notice(
    merchant: Merchant,
    address: AlertAddress,
    begun: Sequence[Alert],
    over: Sequence[str],
    wrong: Mapping[str, str],
    *,
    at: datetime,
) -> Notice:
    lines = [f"{each.get_kind_display()}: {wrong[each.kind]}." for each in begun]
    lines += [f"Over: {Kind(kind).label.lower()}." for kind in over]
    subject = str(begun[0].get_kind_display()) if begun else f"over: {Kind(over[0]).label.lower()}"
    page = settings.PUBLIC_BASE_URL + reverse("overview", args=[merchant.public_id])
    document = {
        "type": "alert",
        "sent_at": at,
        "merchant": {"id": merchant.public_id, "name": merchant.name},
        "begun": [
            {
                "kind": each.kind,
                "title": str(each.get_kind_display()),
                "detail": wrong[each.kind],
                "since": each.since,
            }
            for each in begun
        ],
        "over": [{"kind": kind, "title": Kind(kind).label} for kind in over],
        "page": page,
    }
    # Without a code nobody gets the reward; of what else may be wrong nothing is lost.
    comfort = "" if Kind.CODES in {each.kind for each in begun} else "Nothing is lost meanwhile. "
    text = "\n".join([*lines, "", f"{comfort}What to do: {page}"])
    return Notice(address, f"{merchant.name}: {subject}", text, document)

"""Alerts: a message when something goes wrong with a merchant, and one when it is over. One for each change, not for each event.

What is wrong now stands in `Alert`. A message that cannot be sent is tried again by the next look; a worker that dies between
sending and writing it down sends it twice at most.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db.models import Q
from django.urls import reverse

from integrations import audit, leases, vitals
from integrations.audit import Actor
from integrations.models import Alert, AlertAddress, Connection, Merchant

FAILURES = 10
"""Events that failed in 24 hours, from which on it is told."""

LEASE_SECONDS = 50
Kind = Alert.Kind

logger = structlog.get_logger(__name__)


def add_address(merchant: Merchant, email: str, *, by: Actor, at: datetime) -> bool:
    """Tell somebody from now on. False where they are told already."""
    email = email.strip().lower()
    _, is_new = AlertAddress.objects.get_or_create(merchant=merchant, email=email, defaults={"created_at": at})
    if is_new:
        audit.note(merchant, by, "added an address for alerts", [email], at=at)
    return is_new


def remove_address(merchant: Merchant, pk: int, *, by: Actor, at: datetime) -> None:
    """Tell somebody no more."""
    mine = AlertAddress.objects.for_merchant(merchant).filter(pk=pk)
    emails = list(mine.values_list("email", flat=True))
    if emails:
        mine.delete()
        audit.note(merchant, by, "removed an address for alerts", emails, at=at)


def look(*, at: datetime) -> int:
    """Compare what is wrong now with what was told, for every merchant whose people asked for it.

    Returns how many merchants had news.
    """
    with leases.holding("alerts", LEASE_SECONDS) as held:
        if held is None:
            return 0
        asked_for = Merchant.objects.filter(
            Q(pk__in=AlertAddress.objects.values("merchant")) | Q(pk__in=Alert.objects.values("merchant"))
        )
        watched = vitals.with_vitals(asked_for, at=at).prefetch_related("alert_addresses", "alerts")
        return sum(_look_at(merchant, at=at) for merchant in watched)


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


def _look_at(merchant: Any, *, at: datetime) -> int:
    wrong = conditions(merchant, at=at)
    known = {each.kind: each for each in merchant.alerts.all()}
    for kind in wrong.keys() - known.keys():
        known[kind] = Alert.objects.create(merchant=merchant, kind=kind, detail=wrong[kind][:300], since=at)
    begun = [each for each in known.values() if each.kind in wrong and each.told_at is None]
    over = [each for each in known.values() if each.kind not in wrong]
    to_tell = [each for each in over if each.told_at is not None]
    if (begun or to_tell) and not _send(merchant, begun, to_tell, wrong):
        return 0
    mine = Alert.objects.for_merchant(merchant)
    mine.filter(pk__in=[each.pk for each in begun]).update(told_at=at)
    mine.filter(pk__in=[each.pk for each in over]).delete()
    return int(bool(begun or to_tell))


def _send(merchant: Any, begun: Sequence[Alert], over: Sequence[Alert], wrong: Mapping[str, str]) -> bool:
    """Whether the message is on its way to all of a merchant's addresses."""
    lines = [f"{each.get_kind_display()}: {wrong[each.kind]}." for each in begun]
    lines += [f"Over: {str(each.get_kind_display()).lower()}." for each in over]
    subject = begun[0].get_kind_display() if begun else f"over: {str(over[0].get_kind_display()).lower()}"
    page = settings.PUBLIC_BASE_URL + reverse("overview", args=[merchant.public_id])
    body = "\n".join([*lines, "", f"Nothing is lost meanwhile. What to do: {page}"])
    messages = [
        EmailMessage(f"{merchant.name}: {subject}", body, None, [each.email]) for each in merchant.alert_addresses.all()
    ]
    try:
        get_connection().send_messages(messages)
    except OSError as error:  # smtplib's errors are of this class
        logger.warning("alerts.unsent", merchant=merchant.pk, error=type(error).__name__)
        return False
    return True

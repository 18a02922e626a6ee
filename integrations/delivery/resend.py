"""Sending again by hand: the same event with the same identity, so that a repeat is harmless; and changes of profiles."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Case, Exists, F, OuterRef, QuerySet, Value, When
from django.db.models.functions import Least

from integrations import audit, wake
from integrations.audit import Actor
from integrations.delivery.backoff import MAX_ATTEMPTS
from integrations.destinations import registry
from integrations.models import Connection, Delivery, Event, Merchant, ProfileChange

RESENDABLE = (Delivery.State.DEAD, Delivery.State.EXPIRED)


def resendable(deliveries: QuerySet[Delivery]) -> QuerySet[Delivery]:
    """Those among them that `resend` would line up."""
    failed = deliveries.filter(state__in=RESENDABLE, connection__state=Connection.State.ACTIVE)
    return failed.exclude(identifier="")


def resend(deliveries: QuerySet[Delivery], *, at: datetime) -> int:
    """Line up failed and expired deliveries once more; returns how many.

    One try at least is left to each, within the budget of ten, and its days of doubt begin anew. Those of a paused
    connection are left alone: they would only fail again. Where repeats count, the one who asks has decided that it shall be
    sent again although it may have arrived, so it is not in doubt any more.
    """
    ids = list(resendable(deliveries).values_list("pk", flat=True))
    counting = registry.where_repeats_count()
    where_repeats_count = Connection.objects.filter(pk=OuterRef("connection_id"), kind__in=counting)
    count = Delivery.objects.filter(pk__in=ids, state__in=RESENDABLE).update(
        state=Delivery.State.PENDING,
        reason=Delivery.Reason.NONE,
        attempts=Least("attempts", Value(MAX_ATTEMPTS - 1)),
        is_ambiguous=Case(When(Exists(where_repeats_count), then=Value(False)), default=F("is_ambiguous")),
        first_attempt_at=at,
        not_before=at,
        settled_at=None,
    )
    if count:
        wake.after_commit(wake.DELIVER)
    return count


def resend_event(event: Event, *, by: Actor, at: datetime) -> int:
    """Line up what failed of one event once more, as somebody asked; returns how many deliveries."""
    told = f"{event.metric_name} {event.unique_id}"
    return _asked(event.merchant, {"event": event}, "sent an event again", told, by=by, at=at)


def resend_change(change: ProfileChange, *, by: Actor, at: datetime) -> int:
    """Line up what failed of one change of a profile once more, as somebody asked; returns how many deliveries."""
    return _asked(change.merchant, {"change": change}, "sent a change of a profile again", str(change), by=by, at=at)


def resend_failed(connection: Connection, *, by: Actor, at: datetime) -> int:
    """Line up everything that failed at a connection, which comes with its merchant, once more; returns how many deliveries."""
    label = registry.get(connection.kind).label
    deed = "sent what failed again"
    return _asked(connection.merchant, {"connection": connection}, deed, label, by=by, at=at)


def _asked(merchant: Merchant, of: dict[str, Any], deed: str, told: str, *, by: Actor, at: datetime) -> int:
    with transaction.atomic():
        count = resend(Delivery.objects.for_merchant(merchant).filter(**of), at=at)
        if count:
            audit.note(merchant, by, deed, [told, f"deliveries: {count}"], at=at)
    return count

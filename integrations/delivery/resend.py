"""Sending again by hand: the same event with the same identity, so that a repeat is harmless."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet, Value
from django.db.models.functions import Least

from integrations import audit, wake
from integrations.audit import Actor
from integrations.delivery.backoff import MAX_ATTEMPTS
from integrations.models import Connection, Delivery, Event

RESENDABLE = (Delivery.State.DEAD, Delivery.State.EXPIRED)


def resendable(deliveries: QuerySet[Delivery]) -> QuerySet[Delivery]:
    """Those among them that `resend` would line up."""
    failed = deliveries.filter(state__in=RESENDABLE, connection__state=Connection.State.ACTIVE)
    return failed.exclude(identifier="")


def resend(deliveries: QuerySet[Delivery], *, at: datetime) -> int:
    """Line up failed and expired deliveries once more; returns how many.

    One try at least is left to each, within the budget of ten, and its days of doubt begin anew. Those of a paused
    connection are left alone: they would only fail again.
    """
    ids = list(resendable(deliveries).values_list("pk", flat=True))
    count = Delivery.objects.filter(pk__in=ids, state__in=RESENDABLE).update(
        state=Delivery.State.PENDING,
        reason=Delivery.Reason.NONE,
        attempts=Least("attempts", Value(MAX_ATTEMPTS - 1)),
        first_attempt_at=at,
        not_before=at,
        settled_at=None,
    )
    if count:
        wake.after_commit(wake.DELIVER)
    return count


def resend_event(event: Event, *, by: Actor, at: datetime) -> int:
    """Line up what failed of one event once more, as somebody asked; returns how many deliveries."""
    with transaction.atomic():
        count = resend(Delivery.objects.for_merchant(event.merchant_id).filter(event=event), at=at)
        if count:
            audit.note(event.merchant, by, "sent an event again", [f"{event.metric_name} {event.unique_id}"], at=at)
    return count

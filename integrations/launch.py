"""Launch: until its date a connection's events are held; then the days before it go as backfill and live events flow."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from integrations import wake
from integrations.apart import Apart
from integrations.models import Connection, Delivery


def launch_due(*, at: datetime) -> int:
    """Launch every connection whose date has come; returns how many.

    One that was launched is looked at again where it holds deliveries: they were recorded while it was being launched.
    """
    held = Delivery.objects.filter(
        connection=OuterRef("pk"), state=Delivery.State.HELD, reason=Delivery.Reason.BEFORE_LAUNCH
    )
    due = Connection.objects.filter(Q(launched_at=None) | Exists(held), launch_at__lte=at)
    with Apart() as apart:
        return sum(apart.do(each.pk, partial(launch, each, at=at), False) for each in due)


def launch(connection: Connection, *, at: datetime) -> bool:
    """Let the held deliveries go: what happened before the launch as backfill, older than the window not at all. History that was
    asked for goes as backfill however old it is.

    False where the date has not come, or the connection was launched before and held nothing any more.
    """
    with transaction.atomic():
        mine = Connection.objects.filter(pk=connection.pk, launch_at__lte=at)
        is_first = mine.filter(launched_at=None).update(launched_at=at) == 1
        held = _held(connection)
        if not mine.exists() or not (is_first or held.exists()):
            return False
        held.filter(window_at__lt=connection.window_start, is_history=False).update(
            state=Delivery.State.SKIPPED, reason=Delivery.Reason.BEFORE_WINDOW, settled_at=at
        )
        held.filter(identifier="").update(reason=Delivery.Reason.NO_IDENTITY)
        go = {"state": Delivery.State.PENDING, "reason": Delivery.Reason.NONE, "not_before": at}
        is_past = Q(is_history=True) | Q(event__occurred_at__lt=connection.launch_at)
        held.filter(is_past).update(is_backfill=True, **go)
        held.update(is_backfill=False, **go)
        wake.after_commit(wake.DELIVER)
    return True


def reschedule(connection: Connection, *, launch_at: datetime, backfill_days: int, at: datetime) -> None:
    """Change launch date or backfill days. What was too old for the old window and fits the new one is taken back in.

    What was sent stays sent, and changes of profiles wait on their lane. A date in the future holds again what was not sent yet.
    """
    with transaction.atomic():
        connection.launch_at, connection.backfill_days, connection.launched_at = launch_at, backfill_days, None
        connection.save(update_fields=["launch_at", "backfill_days", "launched_at"])
        hold = {"state": Delivery.State.HELD, "reason": Delivery.Reason.BEFORE_LAUNCH, "settled_at": None}
        mine = Delivery.objects.for_merchant(connection.merchant_id).filter(connection=connection)
        mine.filter(
            state=Delivery.State.SKIPPED,
            reason=Delivery.Reason.BEFORE_WINDOW,
            window_at__gte=connection.window_start,
        ).update(**hold)
        mine.filter(state=Delivery.State.PENDING, attempts=0, change=None).update(**hold)
    launch(connection, at=at)


def _held(connection: Connection) -> QuerySet[Delivery]:
    return Delivery.objects.for_merchant(connection.merchant_id).filter(
        connection=connection, state=Delivery.State.HELD, reason=Delivery.Reason.BEFORE_LAUNCH
    )

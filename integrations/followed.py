"""Events that follow another: they wait until a destination has accepted that one, and are not sent without it.

Which metrics do is known from the catalogue (`Metric.follows`): batches without any such event cost nothing more. A delivery
that waits is held with a reason, and let go in the transaction in which the one that it follows is settled. Whoever lines up a
delivery in another way need not care: it is looked at once more when it is claimed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from integrations.catalog import catalog
from integrations.models import Delivery, Event, Merchant
from integrations.statements import Among

State, Reason = Delivery.State, Delivery.Reason

Told = tuple[str, str]
"""An event of a merchant: the key of its metric, and its unique_id."""

WAITS: dict[str, Any] = {"state": State.HELD, "reason": Reason.FOLLOWS}
IS_WITHOUT = Q(**WAITS) | Q(state=State.SKIPPED, reason=Reason.NOT_FOLLOWED)
"""Deliveries that were not sent because the one that they follow was not."""


def ahead_of(merchant: Merchant | int, connection: int, events: Iterable[Told]) -> dict[Told, Delivery.State | None]:
    """Of events that follow another: how that one stands at a connection, None where there is none. One statement for each
    metric that is followed.
    """
    return _ahead_of(merchant, connection, events, is_locking=False)


def will_be_sent(state: Delivery.State | None) -> bool:
    """Whether what is followed was or may yet be sent."""
    return state not in (None, State.SKIPPED)


def look(merchant: Merchant, deliveries: Sequence[Delivery], *, at: datetime) -> None:
    """Judge new deliveries that wait, in the transaction in which they were made: some may go, some never will.

    What they follow is locked meanwhile: who settles it finds them, or they find it settled.
    """
    by_connection: dict[int, list[Delivery]] = {}
    for delivery in deliveries:
        by_connection.setdefault(delivery.connection_id, []).append(delivery)
    for connection, waiting in by_connection.items():
        told = {(each.told.metric, each.told.unique_id): each for each in waiting}
        standing = _ahead_of(merchant, connection, told, is_locking=True)
        for key, delivery in told.items():
            if standing[key] == State.SENT:
                delivery.state, delivery.reason = State.PENDING, Reason.NONE
            elif not will_be_sent(standing[key]):
                delivery.state, delivery.reason, delivery.settled_at = State.SKIPPED, Reason.NOT_FOLLOWED, at
    judged = [each for each in deliveries if each.state != State.HELD]
    for state in {each.state for each in judged}:
        like = [each for each in judged if each.state == state]
        mine = Delivery.objects.for_merchant(merchant).filter(Among(F("pk"), [each.pk for each in like]))
        mine.update(state=state, reason=like[0].reason, settled_at=like[0].settled_at)


def settled(merchant: Merchant | int, connection: int, deliveries: Sequence[int], *, at: datetime) -> None:
    """What follows these deliveries goes where they were sent, and never does where they are not. In their transaction."""
    mine = Delivery.objects.for_merchant(merchant).filter(Among(F("pk"), deliveries))
    ended: dict[tuple[str, str], list[str]] = {}
    for state, metric, unique_id in mine.values_list("state", "event__metric", "event__unique_id"):
        ended.setdefault((state, metric), []).append(unique_id)
    for (state, metric), unique_ids in ended.items():
        events = Event.objects.for_merchant(merchant).filter(
            metric__in=catalog.following[metric], unique_id__in=unique_ids
        )
        followers = Delivery.objects.for_merchant(merchant).filter(connection=connection, event__in=events.values("pk"))
        if state == State.SENT:
            _go(followers.filter(IS_WITHOUT), at=at)
        elif state == State.SKIPPED:
            _give_up(followers.filter(**WAITS), at=at)


def look_again(*, at: datetime) -> None:
    """Find what waits although there is nothing to wait for any more: what it follows ended in some other way."""
    for metric, followers in catalog.following.items():
        waiting = Delivery.objects.filter(event__metric__in=followers, **WAITS)
        ahead = Delivery.objects.filter(
            connection=OuterRef("connection"),
            event__merchant=OuterRef("merchant"),
            event__metric=metric,
            event__unique_id=OuterRef("event__unique_id"),
        )
        _go(waiting.filter(Exists(ahead.filter(state=State.SENT))), at=at)
        _give_up(waiting.filter(~Exists(ahead.exclude(state=State.SKIPPED))), at=at)


def _go(deliveries: QuerySet[Delivery], *, at: datetime) -> None:
    deliveries.update(state=State.PENDING, reason=Reason.NONE, not_before=at, settled_at=None)


def _give_up(deliveries: QuerySet[Delivery], *, at: datetime) -> None:
    deliveries.update(state=State.SKIPPED, reason=Reason.NOT_FOLLOWED, settled_at=at)


def _ahead_of(
    merchant: Merchant | int, connection: int, events: Iterable[Told], *, is_locking: bool
) -> dict[Told, Delivery.State | None]:
    wanted: dict[str, set[str]] = {}
    chosen = list(events)
    for metric, unique_id in chosen:
        wanted.setdefault(catalog[metric].follows, set()).add(unique_id)
    found: dict[Told, Delivery.State] = {}
    for followed, unique_ids in wanted.items():
        mine = Delivery.objects.for_merchant(merchant).filter(
            connection=connection, event__merchant=merchant, event__metric=followed, event__unique_id__in=unique_ids
        )
        if is_locking:
            mine = mine.select_for_update(of=("self",)).order_by("pk")
        found |= {(followed, key): State(state) for key, state in mine.values_list("event__unique_id", "state")}
    return {(metric, key): found.get((catalog[metric].follows, key)) for metric, key in chosen}

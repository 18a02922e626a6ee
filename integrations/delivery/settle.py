"""Writing down what became of claimed deliveries: one statement for each distinct verdict, and only by the claim's holder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Case, F, When

from integrations import followed
from integrations.delivery.conclude import Conclusion
from integrations.delivery.verdicts import Verdict
from integrations.models import Connection, Delivery, DeliveryAttempt
from integrations.statements import Among

FINAL = frozenset({Delivery.State.SENT, Delivery.State.DEAD, Delivery.State.SKIPPED, Delivery.State.EXPIRED})
ERROR_LENGTH, REQUEST_ID_LENGTH, PARTIAL_LENGTH = 500, 64, 80


def settle(
    connection: Connection,
    epoch: int,
    settled: Mapping[int, Verdict],
    *,
    at: datetime,
    attempts: Sequence[DeliveryAttempt] = (),
    followed_by_others: Sequence[int] = (),
) -> int:
    """Give deliveries of a lane (id -> verdict) their next state; returns how many were still ours to settle.

    `attempts` are the requests that led to it: any number of single ones, or one in bulk. `followed_by_others` are those that
    have ended and that other events wait for, which are told in the same transaction. A delivery that another worker took over
    in the meantime is left alone: that worker settles it.
    """
    by_verdict: dict[Verdict, list[int]] = {}
    for delivery_id, verdict in settled.items():
        by_verdict.setdefault(verdict, []).append(delivery_id)
    count = 0
    with transaction.atomic():
        saved = DeliveryAttempt.objects.bulk_create(attempts)
        in_bulk = next((attempt for attempt in saved if attempt.is_bulk), None)
        for verdict, ids in by_verdict.items():
            mine = Delivery.objects.filter(
                Among(F("pk"), ids), connection=connection, state=Delivery.State.SENDING, claim=epoch
            )
            count += mine.update(**_changes(verdict, in_bulk, at=at))
        if followed_by_others:
            followed.settled(connection.merchant_id, connection.pk, followed_by_others, at=at)
    return count


def _changes(verdict: Verdict, in_bulk: DeliveryAttempt | None, *, at: datetime) -> dict[str, Any]:
    changes: dict[str, Any] = {"state": verdict.state, "reason": verdict.reason, "error": verdict.error}
    if verdict.state in FINAL:
        changes["settled_at"] = at
    if verdict.not_before is not None:
        changes["not_before"] = verdict.not_before
    if verdict.gives_back:
        changes["attempts"] = F("attempts") - 1
        changes["first_attempt_at"] = Case(When(attempts__gt=1, then=F("first_attempt_at")))
    if verdict.is_ambiguous:
        changes["is_ambiguous"] = True
    if verdict.is_backfill:
        changes["is_backfill"] = True
    if in_bulk is not None:
        changes["bulk_attempt"] = in_bulk
    return changes


def attempt_of(
    connection: Connection,
    conclusion: Conclusion,
    delivery_ids: Sequence[int],
    *,
    is_bulk: bool,
    started_at: datetime,
) -> DeliveryAttempt:
    """The row that keeps one request, not yet saved."""
    receipt = conclusion.receipt
    return DeliveryAttempt(
        merchant_id=connection.merchant_id,
        connection=connection,
        delivery_id=None if is_bulk else delivery_ids[0],
        started_at=started_at,
        duration_ms=receipt.duration_ms,
        status=receipt.status,
        is_bulk=is_bulk,
        events=len(delivery_ids),
        outcome=conclusion.outcome,
        error=conclusion.error[:ERROR_LENGTH],
        request_id=receipt.request_id[:REQUEST_ID_LENGTH],
        partial_failure=receipt.partial_failure[:PARTIAL_LENGTH],
    )

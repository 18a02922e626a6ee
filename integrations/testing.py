"""Test events: samples that are really sent to a merchant's account, so that flows can be tried before anything happens.

They carry a property that marks them and an identity by chance, so that the same can be tried again and again. Nothing
happened, so there is no Event and no Delivery: what became of each stands in `TestEvent`.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from integrations import audit, connections, custom_metrics, merchants, samples
from integrations.audit import Actor
from integrations.catalog import Metric
from integrations.destinations import registry
from integrations.destinations.base import ConnectionPaused, DeliveryError, Outgoing, Profile, Rejected, Session
from integrations.fields import Undecryptable
from integrations.models import Connection, Merchant, TestEvent

MARK = "TidingsTest"
"""The property, always true, by which flows and segments can tell test events from others."""

MOST_A_MINUTE = 10
"""Test events of one merchant."""


class NotSent(Exception):
    """No test event was sent. The text says why, in plain words."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of test events: those that were tried, in order, and how many were left out after them."""

    tried: list[TestEvent]
    left_out: int


def send(merchant: Merchant, keys: Collection[str], email: str, *, by: Actor, at: datetime) -> Outcome:
    """Send a sample of each of these metrics to the merchant's account, about the profile of `email`.

    What the minute does not allow is left out, and what comes after a failure that the others would share. Raises `NotSent`
    where nothing was tried. Makes requests, so it belongs outside a transaction.
    """
    connection = _usable(merchant)
    chosen = [metric for key, metric in custom_metrics.of(merchant).items() if key in keys]
    tried: list[TestEvent] = []
    with closing(registry.get(connection.kind).open(_key(connection), connection.address)) as session:
        for metric in chosen:
            row = _begin(merchant, metric, email, at=at)
            if row is None:
                break
            tried.append(row)
            if not _try(session, connection, row, metric, at=at):
                break
    if not tried:
        raise NotSent(f"At most {MOST_A_MINUTE} test events are sent in a minute. Try again in a minute.")
    audit.note(merchant, by, "sent test events", [_line(each) for each in tried], at=at)
    return Outcome(tried, len(chosen) - len(tried))


def _usable(merchant: Merchant) -> Connection:
    """The merchant's connection, where it may send."""
    connection: Connection | None = Connection.objects.for_merchant(merchant).order_by("pk").first()
    if connection is None:
        raise NotSent("No Klaviyo account is connected.")
    if merchant.state != Merchant.State.ACTIVE or connection.state != Connection.State.ACTIVE:
        paused = connection if merchant.state == Merchant.State.ACTIVE else merchant
        raise NotSent(f"Nothing is sent now: {str(paused.get_state_display()).lower()}.")
    connection.merchant = merchant
    return connection


def _key(connection: Connection) -> str:
    try:
        return connection.secret.reveal()
    except Undecryptable:
        raise NotSent("The private key cannot be opened. Set it again.") from None


def _begin(merchant: Merchant, metric: Metric[Any], email: str, *, at: datetime) -> TestEvent | None:
    """Write down what is about to be tried; None where the minute allows no more."""
    with merchants.locked(merchant):
        lately = TestEvent.objects.for_merchant(merchant).filter(sent_at__gt=at - timedelta(minutes=1))
        if lately.count() >= MOST_A_MINUTE:
            return None
        return TestEvent.objects.create(
            merchant=merchant, metric_name=metric.name_for(merchant), email=email.lower(), sent_at=at
        )


def _try(session: Session, connection: Connection, row: TestEvent, metric: Metric[Any], *, at: datetime) -> bool:
    """Make the request, and write down what came of it. Whether another one makes sense."""
    item = _outgoing(connection.merchant, metric, row.email, at=at)
    problems = registry.get(connection.kind).problems(item, at=at)
    goes_on = True
    if problems:
        row.detail = "; ".join(problems)[:500]
    else:
        try:
            receipt = session.send_one(item)
        except DeliveryError as error:
            receipt, row.detail, goes_on = error.receipt, error.detail[:500], isinstance(error, Rejected)
            if isinstance(error, ConnectionPaused):
                connections.pause(connection, error.reason, detail=error.detail, at=at)
        row.status, row.request_id = receipt.status, receipt.request_id
    row.save(update_fields=["status", "request_id", "detail"])
    return goes_on


def _outgoing(merchant: Merchant, metric: Metric[Any], email: str, *, at: datetime) -> Outgoing:
    shown = samples.sample(metric, merchant)
    return Outgoing(
        delivery_id=0,
        unique_id=f"test:{secrets.token_hex(16)}",
        metric=metric.key,
        metric_name=shown.metric_name,
        occurred_at=at.replace(microsecond=0),
        properties=json.dumps({**shown.properties, MARK: True}),
        profile=Profile(email=email),
        value=shown.value,
        value_currency=shown.value_currency,
    )


def _line(row: TestEvent) -> str:
    """For the trail, which names no shopper."""
    answer = f"status {row.status}" if row.status else "no answer"
    return f"{row.metric_name}: {'accepted' if row.is_accepted else 'not accepted'}, {answer}"

"""From claimed deliveries to what the destination is handed: last checks, freshness, and the shopper's current profile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson

from integrations import followed
from integrations.catalog import Metric, Recheck, catalog
from integrations.delivery import verdicts
from integrations.delivery.claim import Claimed
from integrations.delivery.verdicts import Verdict
from integrations.destinations.base import Destination, Outgoing, Profile
from integrations.models import Connection, CustomerExternalId, Delivery, Merchant

UNCERTAIN_AFTER = timedelta(hours=72)
"""How long a delivery in doubt is repeated: how long Klaviyo remembers a unique_id is not stated."""

LAST_LOOKS: tuple[tuple[Delivery.Reason, Callable[[Metric[Any]], Recheck | None]], ...] = (
    (Delivery.Reason.NO_LONGER_TRUE, lambda metric: metric.recheck),
    (Delivery.Reason.TOLD_ELSEWHERE, lambda metric: metric.told_elsewhere),
)
"""Why an event is not sent after all, and what of its metric finds that out."""


def prepare(
    connection: Connection, claimed: Sequence[Claimed], *, destination: Destination, at: datetime
) -> tuple[list[Outgoing], dict[int, Verdict]]:
    """What to send, and the verdicts of those that are not to be sent (delivery id -> verdict)."""
    enabled = frozenset(connection.enabled_metrics)
    refused: dict[int, Verdict] = {}
    fit: list[Claimed] = []
    for row in claimed:
        verdict = _objection(row, enabled, destination, at=at)
        if verdict is None:
            fit.append(row)
        else:
            refused[row.id] = verdict
    for reason, look in LAST_LOOKS:
        found = _found(connection, fit, look, at=at)
        if found:
            refused |= {row.id: verdicts.skipped(reason) for row in fit if row.id in found}
            fit = [row for row in fit if row.id not in found]
    early = _without_what_they_follow(connection, fit)
    if early:
        refused |= early
        fit = [row for row in fit if row.id not in early]
    items = _items(connection, fit, destination, at=at)
    if not destination.records_backfill:
        refused |= {item.delivery_id: verdicts.skipped(Delivery.Reason.TOO_OLD) for item in items if item.backfill}
        items = [item for item in items if not item.backfill]
    return items, refused


def as_sent(connection: Connection, row: Claimed, *, destination: Destination, at: datetime) -> Outgoing | None:
    """What is handed over for one delivery, whatever speaks against it; None where its metric is not known any more."""
    if row.metric not in catalog:
        return None
    (item,) = _items(connection, [row], destination, at=at)
    return item


def _items(
    connection: Connection, rows: Sequence[Claimed], destination: Destination, *, at: datetime
) -> list[Outgoing]:
    merchant = connection.merchant_id
    current = _profile_properties(merchant, rows)
    known = _external_ids(merchant, destination.knows_by, rows) if destination.knows_by else {}
    oldest = at - connection.freshness
    return [
        _outgoing(
            row,
            connection.merchant,
            current.get(row.customer_id or 0, {}),
            known.get(row.customer_id or 0, ""),
            oldest,
            at=at,
        )
        for row in rows
    ]


def _objection(row: Claimed, enabled: frozenset[str], destination: Destination, *, at: datetime) -> Verdict | None:
    if not row.identifier:
        return verdicts.held(Delivery.Reason.NO_IDENTITY)
    if row.metric not in enabled or row.metric not in catalog:
        return verdicts.skipped(Delivery.Reason.METRIC_OFF)
    if row.is_ambiguous and (not destination.ignores_repeats or at - row.first_attempt_at > UNCERTAIN_AFTER):
        return verdicts.expired()
    return None


def _without_what_they_follow(connection: Connection, rows: Sequence[Claimed]) -> dict[int, Verdict]:
    """Verdicts of events that follow another which was not accepted: they wait for it, or are not sent where it never is."""
    following = {(row.metric, row.unique_id): row.id for row in rows if catalog[row.metric].follows}
    if not following:
        return {}
    ahead = followed.ahead_of(connection.merchant_id, connection.pk, following)
    return {
        following[told]: verdicts.held(Delivery.Reason.FOLLOWS)
        if followed.will_be_sent(state)
        else verdicts.skipped(Delivery.Reason.NOT_FOLLOWED)
        for told, state in ahead.items()
        if state != Delivery.State.SENT
    }


def _found(
    connection: Connection, rows: Sequence[Claimed], look: Callable[[Metric[Any]], Recheck | None], *, at: datetime
) -> set[int]:
    """Deliveries that the last look of their metric finds."""
    checked: dict[tuple[str, Recheck], dict[str, Claimed]] = {}
    for row in rows:
        recheck = look(catalog[row.metric])
        if recheck is not None:
            checked.setdefault((row.metric, recheck), {})[row.unique_id] = row
    found: set[int] = set()
    for (_, recheck), named in checked.items():
        events = {unique_id: orjson.loads(row.properties) for unique_id, row in named.items()}
        found |= {named[unique_id].id for unique_id in recheck(connection, events, at)}
    return found


def _profile_properties(merchant_id: int, rows: Sequence[Claimed]) -> dict[int, dict[str, Any]]:
    wanted: dict[int, frozenset[str]] = {}
    for row in rows:
        names = catalog[row.metric].profile_names
        if names and row.customer_id is not None:
            wanted[row.customer_id] = wanted.get(row.customer_id, names) | names
    return catalog.profile_properties(merchant_id, wanted)


def _external_ids(merchant_id: int, source: str, rows: Sequence[Claimed]) -> dict[int, str]:
    """Customer -> their id in that system; of several the one that was told of last."""
    customers = {row.customer_id for row in rows if row.customer_id is not None}
    found = CustomerExternalId.objects.for_merchant(merchant_id).filter(source=source, customer__in=customers)
    return dict(found.order_by("pk").values_list("customer_id", "external_id"))


def _outgoing(
    row: Claimed, merchant: Merchant, current: dict[str, Any], external_id: str, oldest: datetime, *, at: datetime
) -> Outgoing:
    """`oldest`: what happened before it is too old to start a flow, as is what is no longer fresh by its metric's own limit."""
    metric = catalog[row.metric]
    is_stale = row.occurred_at < oldest or (row.fresh_until is not None and at > row.fresh_until)
    properties = metric.spelled_out(_only(metric.profile_names, current), merchant)
    return Outgoing(
        delivery_id=row.id,
        unique_id=row.unique_id,
        metric_name=row.metric_name,
        occurred_at=row.occurred_at,
        properties=row.properties,
        profile=_profile(metric, row, properties, external_id),
        value=row.value,
        value_currency=row.value_currency,
        backfill=row.is_backfill or is_stale,
        metric=row.metric,
    )


def _only(names: frozenset[str], current: dict[str, Any]) -> dict[str, Any]:
    """What is known of the shopper, less what another event of theirs asked for."""
    return current if current.keys() <= names else {name: current[name] for name in current.keys() & names}


def _profile(metric: Metric[Any], row: Claimed, properties: dict[str, Any], external_id: str) -> Profile:
    """Name rule (Whiplash): the full name; else the company; else the e-mail address."""
    first_name, last_name = row.first_name or "", row.last_name or ""
    if metric.names_customer and not (first_name or last_name):
        first_name = row.company or row.identifier
    is_phone = row.identifier.startswith("+")
    return Profile(
        email="" if is_phone else row.identifier,
        phone=row.identifier if is_phone else "",
        first_name=first_name,
        last_name=last_name,
        organization=row.company or "",
        properties=properties,
        external_id=external_id,
    )

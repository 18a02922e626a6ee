"""The request that sends a delivery, for people who ask what was sent, or what would be."""

from __future__ import annotations

import json
from datetime import datetime

from integrations.delivery import outgoing
from integrations.delivery.claim import Claimed
from integrations.destinations import registry
from integrations.models import Delivery


def request_of(delivery: Delivery, *, at: datetime) -> str:
    """The request as it would be made at `at`, "" where the metric is not in the catalogue any more.

    Of what was sent it differs in the shopper's profile alone, which is read when an event is sent and not kept. `delivery`
    comes with its event, customer and connection.
    """
    event, customer = delivery.told, delivery.told.customer
    claimed = Claimed(
        id=delivery.pk,
        first_attempt_at=delivery.first_attempt_at or at,
        occurred_at=event.occurred_at,
        fresh_until=event.fresh_until,
        subject=delivery.subject,
        attempts=delivery.attempts,
        is_ambiguous=False,
        is_backfill=delivery.is_backfill,
        identifier=delivery.identifier,
        metric=event.metric,
        metric_name=event.metric_name,
        unique_id=event.unique_id,
        value=event.value,
        value_currency=event.value_currency,
        customer_id=event.customer_id,
        first_name=customer.first_name if customer else None,
        last_name=customer.last_name if customer else None,
        company=customer.company if customer else None,
        properties=json.dumps(event.properties),
    )
    connection, destination = delivery.connection, registry.get(delivery.connection.kind)
    item = outgoing.as_sent(connection, claimed, destination=destination, at=delivery.settled_at or at)
    return destination.request(item, connection.address) if item else ""

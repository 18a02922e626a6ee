"""Shopify's customers as members."""

from __future__ import annotations

from integrations.sources import Handled
from loyalty import services
from tracking.shopify import source
from tracking.shopify.customers import parse_customer
from tracking.shopify.source import Message


def _customer(message: Message) -> Handled | None:
    person = parse_customer(message.payload, message.topic)
    return services.told_of_customer(merchant=message.merchant, person=person, at=message.at)


def register() -> None:
    """Act on the topics of Shopify that tell of customers."""
    for topic in ("customers/create", "customers/update", "customers/enable"):
        source.also(topic, _customer)

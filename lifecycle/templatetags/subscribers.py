"""Whether a merchant's pages speak of subscribers at all."""

from __future__ import annotations

from django import template

from integrations.catalog import catalog
from integrations.models import Connection, Merchant
from lifecycle.pack import SUBSCRIPTION_LIFECYCLE

register = template.Library()


@register.filter
def has_subscribers(merchant: Merchant) -> bool:
    """Whether a metric of the pack is on at one of the merchant's connections. One statement."""
    mine = {metric.key for metric in catalog.in_pack(SUBSCRIPTION_LIFECYCLE.key)}
    connections = Connection.objects.for_merchant(merchant).values_list("enabled_metrics", flat=True)
    return any(mine.intersection(enabled) for enabled in connections)

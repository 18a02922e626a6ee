"""The kinds of destination there are: one line each, loaded when first asked for."""

from __future__ import annotations

from functools import cache

from django.utils.module_loading import import_string

from integrations.destinations.base import Destination

DESTINATIONS = {
    "klaviyo": ("Klaviyo", "integrations.destinations.klaviyo.destination.Klaviyo"),
    "shopify_flow": ("Shopify Flow", "integrations.destinations.shopify_flow.destination.ShopifyFlow"),
}
"""Kind -> (label, dotted path of the class)."""


@cache
def get(kind: str) -> Destination:
    """The destination of that kind. Raises `KeyError`."""
    destination: Destination = import_string(DESTINATIONS[kind][1])()
    return destination


def choices() -> list[tuple[str, str]]:
    """(kind, label) of every destination, for forms."""
    return [(kind, label) for kind, (label, _) in DESTINATIONS.items()]


def where_repeats_count() -> list[str]:
    """Kinds of which a repeated event counts twice."""
    return [kind for kind in DESTINATIONS if not get(kind).ignores_repeats]

"""A merchant's connections on its pages: which one a page is about, and the way to the others."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.http import Http404
from django.urls import reverse

from integrations.destinations import registry
from integrations.destinations.base import Destination
from integrations.models import Connection, Merchant


class Connected(NamedTuple):
    """The connection that a page is about, what its destination can do, and the kinds of all that the merchant has."""

    row: Connection
    destination: Destination
    kinds: list[str]

    def shown(self, page: str) -> dict[str, Any]:
        """What a template is told: the connection, and the addresses of the same page for all of them."""
        public_id = self.row.merchant.public_id
        links = [
            (registry.get(kind).label, reverse(page, args=[public_id, kind]), kind == self.row.kind)
            for kind in self.kinds
        ]
        return {"connection": self.row, "destination": self.destination, "connections": links}


def find(merchant: Merchant, kind: str) -> Connected:
    """The merchant's connection of that kind, "" for the one that it was taken on with. Raises `Http404`."""
    mine = list(Connection.objects.for_merchant(merchant).select_related("lane").order_by("pk"))
    found = next((each for each in mine if kind in ("", each.kind)), None)
    if found is None:
        raise Http404
    found.merchant = merchant
    return Connected(found, registry.get(found.kind), [each.kind for each in mine])

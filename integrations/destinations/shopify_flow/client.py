"""GraphQL to one shop's Admin API, once per call, within the bounds of `destinations.exchange`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from integrations.destinations.base import Change, ConnectionPaused, Fault, Outgoing, Receipt, Rejected, Unsupported
from integrations.destinations.exchange import CONNECT_SECONDS, READ_SECONDS, Authorization, Line
from integrations.destinations.shopify_flow.answers import taken
from integrations.destinations.shopify_flow.payloads import request

_JSON = "application/json"
_SHOP = re.compile(r"[a-z0-9][a-z0-9-]{0,62}\.myshopify\.com")
_TOKEN = re.compile(r"shp[a-z]{2}_[A-Za-z0-9_-]{1,250}")
_NO_TOKEN = "This is no access token of Shopify: it starts with shpat_, and letters, digits, - and _ follow."  # noqa: S105
_NO_SHOP = "The shop must be given as Shopify names it, like acme.myshopify.com: the token goes to no other host."
_UNSENT = Receipt(status=0, duration_ms=0)
"""Of what never was a request."""


class FlowSession:
    """A `base.Session` of one shop. Threads may share it: nothing in it changes, and cookies are refused.

    A token that is not shaped like one never reaches a header, and no token goes to a host that is not a shop's own: every call
    then raises `ConnectionPaused`. `base_url` "" stands for the shop itself; another one leads to `<base_url>/<shop>`.
    """

    def __init__(
        self,
        token: str,
        shop: str,
        *,
        base_url: str,
        version: str,
        connect_seconds: float = CONNECT_SECONDS,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        is_usable = _TOKEN.fullmatch(token) is not None
        self._objection = _NO_TOKEN if not is_usable else "" if _SHOP.fullmatch(shop) else _NO_SHOP
        self._path = f"/admin/api/{version}/graphql.json"
        self._line = Line(
            "Shopify",
            f"{base_url}/{shop}" if base_url else f"https://{shop}",
            headers={"Accept": _JSON},
            authorization=None if self._objection else Authorization("X-Shopify-Access-Token", token),
            connect_seconds=connect_seconds,
            read_seconds=read_seconds,
        )

    def send_one(self, item: Outgoing) -> Receipt:
        """Start the workflows that begin with the event's trigger. Raises a `DeliveryError`.

        That it was accepted does not say that a workflow ran: Shopify tells nothing of that.
        """
        try:
            content = request(item)
        except (TypeError, ValueError) as error:
            detail = f"The request cannot be written as JSON: {error}"
            raise Rejected(detail, _UNSENT, [Fault(detail, index=0)]) from error
        receipt, _ = self._ask(content, "flowTriggerReceive")
        return receipt

    def send_bulk(self, items: Sequence[Outgoing]) -> Receipt:
        """There is no such request: `bulk_items` is 1. Raises `Unsupported`, so that nothing is dropped if it is asked for."""
        raise Unsupported("Flow takes events one by one.", _UNSENT)

    def send_changes(self, changes: Sequence[Change]) -> Receipt:
        """Flow keeps no profiles: there are no `changes`. Raises `Unsupported`, as `send_bulk` does."""
        raise Unsupported("Flow keeps no profiles.", _UNSENT)

    def query(self, text: str, root: str) -> Mapping[str, Any]:
        """Make a query; returns its data, in which the field `root` is there. Raises a `DeliveryError`."""
        _, data = self._ask(orjson.dumps({"query": text}), root)
        return data

    def close(self) -> None:
        """Give the connections back."""
        self._line.close()

    def _ask(self, content: bytes, root: str) -> tuple[Receipt, Mapping[str, Any]]:
        if self._objection:
            raise ConnectionPaused(self._objection, _UNSENT, "auth")
        return taken(self._line.exchange("POST", self._path, content, media_type=_JSON), root)

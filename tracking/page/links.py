"""The address of an order's page: its token can be guessed by nobody, and a merchant can take it back.

A token belongs to its order from the placing on. An order from before there were pages has None, and gets one when its address
is first needed; "" is one that was taken back.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from django.conf import settings

from tracking.models import Order

_BYTES = 18
"""144 bits of chance: 24 characters."""


def new_token() -> str:
    """Unguessable text for an address."""
    return secrets.token_urlsafe(_BYTES)


def ensure(orders: Iterable[Order]) -> None:
    """Give those orders a token that never had one. Belongs in the transaction that holds them."""
    for order in orders:
        if order.page_token is None:
            token = new_token()
            mine = Order.objects.for_merchant(order.merchant_id).filter(pk=order.pk, page_token=None)
            if mine.update(page_token=token):
                order.page_token = token


def address(token: str | None) -> str:
    """The page's whole address; "" without a token. Events are built by the thousand, so that nothing is looked up for it."""
    return f"{settings.PUBLIC_BASE_URL}/t/{token}/" if token else ""

"""Calls of a shop that sells by subscription: its own system's of the REST API, and its pages' of the address for pages."""

from __future__ import annotations

import json
import secrets
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from config.demo.orders import Order
from config.demo.people import Person
from config.demo.shops import Product, Shop
from config.demo.webhooks import Json, Webhook
from lifecycle.onsite import identity

API, PAGES = "api", "onsite"
"""Who calls, as sources of webhooks are named."""

PAGES_SECRET = secrets.token_urlsafe(32)
"""Signs who looks at a page. Each demo has its own."""

SCHEDULED_AFTER = timedelta(days=4)
CATEGORIES = ["Boxes"]


@dataclass(frozen=True, slots=True)
class ApiCall(Webhook):
    """A POST to the REST API. Its topic is the path, and the secret a token."""

    def signed(self, secret: str) -> dict[str, str]:
        """The token is shown as it is."""
        return {"content-type": "application/json", "authorization": f"Bearer {secret}"}

    def address(self, hook: str) -> str:
        """`hook` is where the API begins."""
        return f"{hook}{self.topic}"


@dataclass(frozen=True, slots=True)
class PageCall(Webhook):
    """A call of one of the shop's pages. What signs it, the shopper's identity, is in its body."""

    def signed(self, secret: str) -> dict[str, str]:
        """A browser says which page calls."""
        return {"content-type": "text/plain", **self.headers}


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the activity log, and what its customer has by then."""

    id: str
    kind: str
    at: datetime
    person: Person
    data: Json
    plan: Json

    @property
    def body(self) -> Json:
        """As the REST API takes it and a feed tells it."""
        told = {"entry_id": self.id, "kind": self.kind, "occurred_at": self.at.isoformat(), "data": self.data}
        return told | {"customer": _customer(self.person)} | ({"plan": self.plan} if self.plan else {})


def customer_id(person: Person) -> str:
    """The shop's own id of a subscriber."""
    return str(zlib.crc32(person.email.encode()))


def place_call(order: Order, **more: Any) -> ApiCall:
    """The schedule made an order."""
    body: Json = {
        "external_id": order.key,
        "number": order.name,
        "placed_at": order.placed_at.isoformat(),
        "customer": _customer(order.buyer),
        "currency": order.shop.currency,
        "total": str(order.total),
        "scheduled_on": (order.placed_at + SCHEDULED_AFTER).date().isoformat(),
        "destination_country": order.buyer.country,
        "lines": [
            {
                "external_id": str(line.id),
                "product_name": line.product.title,
                "variant_name": line.product.variant,
                "sku": line.product.sku,
                "quantity": line.quantity,
                "price": str(line.product.price),
                "categories": CATEGORIES,
            }
            for line in order.lines
        ],
    }
    return _api("orders", order.placed_at, body | more)


def bill_call(order: Order, minutes: float) -> ApiCall:
    """Its billing succeeded."""
    at = order.after(minutes)
    return _api(f"orders/{order.key}/bill", at, {"billed_at": at.isoformat()})


def complete_call(order: Order, minutes: float) -> ApiCall:
    """It is marked completed."""
    at = order.after(minutes)
    return _api(f"orders/{order.key}/complete", at, {"completed_at": at.isoformat()})


def cancel_call(order: Order, minutes: float, reason: str) -> ApiCall:
    """It is cancelled."""
    at = order.after(minutes)
    return _api(f"orders/{order.key}/cancel", at, {"cancelled_at": at.isoformat(), "cancel_reason": reason})


def log_call(entries: Sequence[Entry]) -> ApiCall:
    """Many entries of the activity log at once."""
    return _api("activities/bulk", max(each.at for each in entries), {"items": [each.body for each in entries]})


def checkout_call(shop: Shop, person: Person, at: datetime, box: Product) -> PageCall:
    """The sign-up's first page was filled in."""
    return _page(shop, person, at, "Started Checkout", checkout_of(shop, box), value=float(box.price))


def checkout_of(shop: Shop, box: Product) -> Json:
    """What a page, and the log, say of a sign-up that was begun."""
    item = {"ProductID": box.sku, "ProductName": box.title, "Quantity": 1, "ItemPrice": float(box.price)}
    address = f"https://{shop.domain}/sign-up"
    return {"ItemNames": [box.title], "CheckoutURL": address, "Categories": CATEGORIES, "Items": [item]}


def signed_up_call(shop: Shop, person: Person, at: datetime, plan: Json) -> PageCall:
    """The sign-up was completed."""
    told = {"Schedule": plan["schedule"], "Box": plan["box"], "HasFilledOutProfile": True}
    return _page(shop, person, at, "Completed Signup", told)


def left_call(shop: Shop, person: Person, at: datetime) -> PageCall:
    """The account was cancelled."""
    return _page(shop, person, at, "Cancelled Account", {})


def _api(path: str, at: datetime, body: Json) -> ApiCall:
    return ApiCall(at, API, path, json.dumps(body).encode(), {})


def _page(shop: Shop, person: Person, at: datetime, metric: str, properties: Json, **more: Any) -> PageCall:
    key = customer_id(person)
    body = {
        "call": "track",
        "metric": metric,
        "consent": True,
        "time": at.isoformat(),
        "email": person.email,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "customer_id": key,
        "hmac": identity.sign(person.email, key, PAGES_SECRET),
        "properties": properties,
        **more,
    }
    return PageCall(at, PAGES, metric, json.dumps(body).encode(), {"origin": f"https://{shop.domain}"})


def _customer(person: Person) -> Json:
    name = {"first_name": person.first_name, "last_name": person.last_name}
    return {"email": person.email, "external_id": customer_id(person), **name}

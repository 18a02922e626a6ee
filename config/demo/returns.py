"""What shoppers send back: the story, the webhook as Loop sends it, and what must come of it."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from decimal import Decimal

from config.demo.expected import Expected
from config.demo.orders import Line, Order, Start, new_order
from config.demo.people import Person
from config.demo.shops import UPDATES, Shop
from config.demo.steps import Story, step
from config.demo.stories import arrives
from config.demo.webhooks import Json, Webhook

LOOP = "loop"

_returns = itertools.count(18_200_451, 13)
_items = itertools.count(7_001)


@dataclass(frozen=True, slots=True)
class Return:
    """What goes back of an order, asked for so many minutes after that was placed: units, each with the number Loop gives it."""

    id: int
    order: Order
    units: dict[int, Line]
    minutes: float

    @property
    def value(self) -> Decimal:
        """What its units cost."""
        return sum((line.product.price for line in self.units.values()), Decimal(0))


def sent_back(shop: Shop, buyer: Person, at: Start) -> Story:
    """Delivered, as most are; then one of two things goes back."""
    order = new_order(shop, buyer, at, lines=2)
    back = Return(next(_returns), order, {next(_items): order.lines[0]}, 170)
    return [*arrives(order), step(shop, f"{buyer.name} {order.name} sends one back", loop_webhook(back), created(back))]


def loop_webhook(back: Return) -> Webhook:
    """A return as Loop tells of it: each unit is a line, and numbers are texts here and there."""
    order = back.order
    at = order.after(back.minutes)
    body = {
        "topic": "return",
        "trigger": "return.created",
        "shop_id": 211,
        "id": str(back.id),
        "state": "open",
        "created_at": at.isoformat(),
        "edited_at": None,
        "order_name": order.name,
        "provider_order_id": order.id,
        "customer": order.buyer.email,
        "customer_detail": {
            "email": order.buyer.email,
            "first_name": order.buyer.first_name,
            "last_name": order.buyer.last_name,
        },
        "currency": order.shop.currency,
        "return_total": str(back.value),
        "labels": [{"status": "new", "carrier": order.shop.carrier, "line_items": list(back.units)}],
        "label_status": "new",
        "line_items": [_unit(number, line) for number, line in back.units.items()],
        "exchanges": [],
    }
    return Webhook(at, LOOP, "return.created", json.dumps(body).encode(), {})


def created(back: Return) -> list[Expected]:
    """Redo: the return, and each of its items."""
    shop, at = back.order.shop, back.order.after(back.minutes)
    whole = f"return:{back.id}"
    names = [("Return Created", whole), *(("Return Created Item", f"{whole}:item:{number}") for number in back.units)]
    return [Expected(shop, UPDATES, name, unique_id, at, at) for name, unique_id in names]


def _unit(number: int, line: Line) -> Json:
    return {
        "line_item_id": str(number),
        "provider_line_item_id": line.id,
        "sku": line.product.sku,
        "title": line.product.title,
        "variant_title": line.product.variant,
        "price": str(line.product.price),
        "discount": "0.00",
        "tax": 0,
        "outcome": "default",
    }

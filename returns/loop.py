"""Loop's webhooks of returns. Its documentation and what it sends disagree on types, so everything is coerced.

A message of the topic "return" carries the whole return. Each line of it is one unit. The other topics (labels, restocking, gift
cards) say of a return only what a `return.updated` says too.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from integrations.people import PersonInput
from integrations.sources import BadSignature, Envelope, Handled, Source, hmac_sha256, matches
from returns import stages
from returns.inputs import ItemInput, ReturnInput
from tracking.reading import Record

if TYPE_CHECKING:
    from integrations.models import Merchant

TOPIC = "return"

ENDED = {"cancelled": stages.CANCELLED, "closed": stages.CLOSED, "expired": stages.EXPIRED}
"""States of a return that has ended. "open" is one that was approved; "review" or "needs review" one that is looked at."""

OUTCOMES = {
    "refund": stages.REFUND,
    "default": stages.REFUND,
    "exchange": stages.EXCHANGE,
    "credit": stages.STORE_CREDIT,
    "store credit": stages.STORE_CREDIT,
    "store_credit": stages.STORE_CREDIT,
    "gift": stages.STORE_CREDIT,
    "gift card": stages.STORE_CREDIT,
    "gift_card": stages.STORE_CREDIT,
}
"""Words for what the shopper gets for a line; one that is not here is unknown."""

DELIVERIES = {
    "prepaid_label": stages.LABEL,
    "label": stages.LABEL,
    "mail": stages.LABEL,
    "pickup": stages.PICKUP,
    "home_pickup": stages.PICKUP,
    "keep": stages.NO_DELIVERY,
    "keep_item": stages.NO_DELIVERY,
    "green_return": stages.NO_DELIVERY,
}
"""Words for how it comes back; one that is not here is unknown, unless there is a label."""

ON_ITS_WAY = {"in_transit": stages.IN_TRANSIT, "out_for_delivery": stages.IN_TRANSIT, "delivered": stages.RECEIVED}
"""What the status of a label says of the return."""

NOTHING = frozenset({"", "n/a", "none", "null"})
"""What Loop writes where it knows nothing."""

LABEL_LIFE = timedelta(days=28)
"""Loop: a label that is not used expires after this long, and the return with it."""


class Loop(Source):
    """Loop's webhooks, signed with the webhook's secret."""

    kind = "loop"
    label = "Loop"
    signature_header = "X-Loop-Signature"

    def verify(self, body: bytes, headers: Mapping[str, str], secrets: Sequence[str]) -> None:
        """Compare the base64 HMAC-SHA256 of the raw body. Raises `BadSignature`."""
        given = headers.get("x-loop-signature", "").strip()
        if not given:
            raise BadSignature(f"the header {self.signature_header} is missing")
        if not matches(given, [_signature(body, secret) for secret in secrets if secret]):
            raise BadSignature(f"the header {self.signature_header} does not match the body and any of the secrets")

    def envelope(self, payload: Any, headers: Mapping[str, str]) -> Envelope:
        """The body says what it is about. Loop gives deliveries no id, so the content tells them apart. Raises `Malformed`."""
        body = Record(payload, "loop")
        topic, trigger = body.text("topic"), body.text("trigger")
        if "." in trigger or not topic:
            return Envelope(topic=body.required_text("trigger"))
        return Envelope(topic=f"{topic}.{trigger}" if trigger else topic)

    def headers_for(self, topic: str) -> dict[str, str]:
        """None: the body says its topic itself."""
        return {}

    def sign(self, body: bytes, secret: str) -> dict[str, str]:
        return {"x-loop-signature": _signature(body, secret)}

    def handle(self, merchant: Merchant, topic: str, payload: Any, *, received_at: datetime, at: datetime) -> Handled:
        """Take in a return. Raises `Malformed`."""
        from returns import services  # here, so that the parser can be used without models

        if topic.partition(".")[0] != TOPIC:
            return Handled(f"topic {topic} is not used")
        return services.ingest_return(merchant=merchant, told=parse_return(payload, received_at), at=at)


def parse_return(payload: Any, received_at: datetime) -> ReturnInput:
    """Read a return as it is now. Raises `Malformed`."""
    body = Record(payload, "loop return")
    created_at = body.instant("created_at") or received_at
    edited_at = body.instant("edited_at")
    state = body.text("state").lower()
    delivery = _delivery(body)
    # To close a return is not to edit it: a change without a time happened when it was received.
    reached = _reached(body, state, created_at, edited_at or received_at)
    is_to_be_sent = delivery == stages.LABEL and state == "open"
    return ReturnInput(
        external_id=body.required_text("id"),
        order_external_id=body.optional_identifier("provider_order_id"),
        order_number=_known(body.text("order_name")),
        created_at=created_at,
        updated_at=edited_at or created_at,
        person=_shopper(body),
        delivery=delivery,
        new_order_number=_new_order(body),
        currency=_currency(body),
        value=_amount(body, "return_total"),
        expires_at=created_at + LABEL_LIFE if is_to_be_sent else None,
        reached=reached,
        is_open=state == "open",
        items=_items(body),
    )


def _reached(body: Record, state: str, created_at: datetime, changed_at: datetime) -> dict[str, datetime]:
    """The statuses that a return has reached, and when: Loop dates only its making, its last change and its label's."""
    reached: dict[str, datetime] = {}
    if state == "open" or state in ENDED:
        reached[stages.APPROVED] = created_at
    on_its_way = ON_ITS_WAY.get(_known(body.text("label_status")).lower())
    if on_its_way:
        moved_at = body.instant("label_updated_at") or changed_at
        reached[stages.IN_TRANSIT] = moved_at
        reached[on_its_way] = moved_at
    if state in ENDED:
        reached[ENDED[state]] = changed_at
    if state == "closed" and (_amount(body, "refund") or 0) > 0:
        reached[stages.REFUNDED] = changed_at
    return reached


def _items(body: Record) -> tuple[ItemInput, ...]:
    """Each line once. Which line is exchanged for what is not said: it is known only where there is one of each."""
    found = {item.external_id: item for item in (_item(line) for line in body.children("line_items"))}
    given = list(body.children("exchanges"))
    exchanged = [item for item in found.values() if item.type == stages.EXCHANGE]
    if len(given) == len(exchanged) == 1:
        new = given[0]
        found[exchanged[0].external_id] = replace(
            exchanged[0],
            new_sku=_known(new.text("sku")),
            new_product_name=_known(new.text("title")),
            new_variant_name=_known(new.text("variant_title")),
        )
    return tuple(found.values())


def _item(line: Record) -> ItemInput:
    return ItemInput(
        external_id=line.required_text("line_item_id"),
        line_external_id=line.optional_identifier("provider_line_item_id"),
        quantity=1,
        type=OUTCOMES.get(line.text("outcome").lower(), ""),
        sku=_known(line.text("sku")),
        product_name=_known(line.text("title")),
        variant_name=_known(line.text("variant_title")),
        value=_worth(line),
    )


def _worth(line: Record) -> Decimal | None:
    """What a line is worth: its price less its discount, with its tax."""
    price = _amount(line, "price")
    if price is None:
        return None
    worth = price - (_amount(line, "discount") or 0) + (_amount(line, "tax") or 0)
    return worth if worth >= 0 else None


def _delivery(body: Record) -> str:
    told = DELIVERIES.get(body.text("return_method").lower(), "")
    has_label = any(body.children("labels")) or _known(body.text("tracking_number")) != ""
    return told or (stages.LABEL if has_label else "")


def _new_order(body: Record) -> str:
    """The order that an exchange made: the first, if there are several."""
    names = (_known(each.text("exchange_order_name")) for each in body.children("exchanges"))
    return next((name for name in names if name), "")


def _shopper(body: Record) -> PersonInput:
    detail = body.child("customer_detail")
    return PersonInput(
        email=body.text("customer") or detail.text("email"),
        first_name=_known(detail.text("first_name")),
        last_name=_known(detail.text("last_name")),
    )


def _amount(record: Record, name: str) -> Decimal | None:
    amount = record.money(name)
    return amount if amount is not None and amount >= 0 else None


def _currency(body: Record) -> str:
    code = body.text("currency").upper()
    return code if len(code) == 3 and code.isascii() and code.isalpha() else ""


def _known(text: str) -> str:
    return "" if text.lower() in NOTHING else text


def _signature(body: bytes, secret: str) -> str:
    return base64.b64encode(hmac_sha256(secret, body)).decode()

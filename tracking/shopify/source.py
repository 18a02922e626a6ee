"""Shopify as a source: signature, envelope, and which domain action each topic leads to."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from integrations import consent as consents
from integrations import customers, disclosure, erasure, merchants, merging, removal
from integrations.audit import Actor
from integrations.sources import BadSignature, Envelope, Handled, Malformed, Source, hmac_sha256, matches
from tracking import services
from tracking.reading import Record
from tracking.shopify.customers import (
    CONSENT_FIELDS,
    parse_account,
    parse_consent,
    parse_customer,
    parse_merge,
    parse_privacy_request,
)
from tracking.shopify.fulfillments import parse_fulfillment, parse_fulfillment_event
from tracking.shopify.orders import parse_deleted, parse_order, parse_refund

if TYPE_CHECKING:
    from integrations.models import Merchant

_FAMILIES = ("x-shopify-", "shopify-")
"""Prefixes of header names: Shopify's libraries accept both, with the same signature."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a topic, and whose it is."""

    merchant: Merchant
    topic: str
    payload: Any
    received_at: datetime
    at: datetime


Action = Callable[[Message], Handled]


class Shopify(Source):
    """A shop's webhooks, signed with the app's client secret."""

    kind = "shopify"
    label = "Shopify"
    signature_header = "X-Shopify-Hmac-Sha256"

    def verify(self, body: bytes, headers: Mapping[str, str], secrets: Sequence[str]) -> None:
        """Compare the base64 HMAC-SHA256 of the raw body. Raises `BadSignature`."""
        given = _header(headers, "hmac-sha256")
        if not given:
            raise BadSignature(f"the header {self.signature_header} is missing")
        if not matches(given, [_signature(body, secret) for secret in secrets if secret]):
            raise BadSignature(
                f"the header {self.signature_header} does not match the body and any of the secrets"
                " (what is sent by hand from Shopify's notification settings is signed with another secret)"
            )

    def envelope(self, payload: Any, headers: Mapping[str, str]) -> Envelope:
        """Everything is in the headers. Raises `Malformed` if the topic is missing."""
        topic = _header(headers, "topic").lower()
        if not topic:
            raise Malformed("the header X-Shopify-Topic must say the topic, for example orders/create")
        return Envelope(
            topic=topic,
            delivery_id=_header(headers, "webhook-id"),
            shop_domain=_header(headers, "shop-domain").lower(),
        )

    def topics(self) -> Sequence[str]:
        """Those of the table below."""
        return tuple(_ACTIONS)

    def headers_for(self, topic: str) -> dict[str, str]:
        return {"x-shopify-topic": topic}

    def sign(self, body: bytes, secret: str) -> dict[str, str]:
        return {"x-shopify-hmac-sha256": _signature(body, secret)}

    def handle(self, merchant: Merchant, topic: str, payload: Any, *, received_at: datetime, at: datetime) -> Handled:
        """Do what the topic's row in the table says. Raises `Malformed`."""
        action = _ACTIONS.get(topic)
        if action is None:
            return Handled(f"topic {topic} is not used")
        return action(Message(merchant, topic, payload, received_at, at))


def _header(headers: Mapping[str, str], name: str) -> str:
    return next((headers[prefix + name].strip() for prefix in _FAMILIES if headers.get(prefix + name)), "")


def _signature(body: bytes, secret: str) -> str:
    return base64.b64encode(hmac_sha256(secret, body)).decode()


def _order(message: Message) -> Handled:
    order = parse_order(message.payload, message.topic)
    return services.ingest_order(merchant=message.merchant, order=order, at=message.at)


def _deleted_order(message: Message) -> Handled:
    order_id = parse_deleted(message.payload, message.topic)
    return services.forget_order(merchant=message.merchant, order_external_id=order_id, at=message.at)


def _edited_order(message: Message) -> Handled:
    return Handled("an edit has line ids and differences only; orders/updated follows with the whole order")


def _fulfillment(message: Message) -> Handled:
    fulfillment = parse_fulfillment(message.payload, message.topic)
    return services.ingest_fulfillment(merchant=message.merchant, fulfillment=fulfillment, at=message.at)


def _fulfillment_event(message: Message) -> Handled:
    event = parse_fulfillment_event(message.payload, message.topic)
    return services.ingest_fulfillment_scan(merchant=message.merchant, event=event, at=message.at)


def _refund(message: Message) -> Handled:
    refund = parse_refund(message.payload, message.topic)
    return services.ingest_refund(merchant=message.merchant, refund=refund, at=message.at)


def _customer(message: Message) -> Handled:
    person = parse_customer(message.payload, message.topic)
    handled = customers.ingest_person(merchant=message.merchant, person=person, at=message.at)
    merging.release(message.merchant, person.external_id)
    return handled


def _account(message: Message) -> Handled:
    account = parse_account(message.payload, message.topic, message.received_at)
    if account is None:
        return _customer(message)
    handled = services.open_account(merchant=message.merchant, account=account, at=message.at)
    merging.release(message.merchant, account.person.external_id)
    return handled


def _merge(message: Message) -> Handled:
    told = parse_merge(message.payload, message.topic)
    if not told.is_done:
        return Handled(f"the merge is {told.status}: only one that is completed counts", reference=told.kept)
    return merging.told_by_ids(
        merchant=message.merchant,
        given_up=told.given_up,
        kept=told.kept,
        merged_at=message.received_at,
        at=message.at,
    )


def _consent(message: Message) -> Handled:
    consent = parse_consent(message.payload, message.topic, message.received_at)
    return consents.record(merchant=message.merchant, consent=consent, at=message.at)


def _erased_customer(message: Message) -> Handled:
    person = parse_privacy_request(message.payload, message.topic)
    return erasure.requested(merchant=message.merchant, person=person, by=_asker(message), at=message.at)


def _asker(message: Message) -> Actor:
    return Actor(label=f"{Shopify.label} {message.topic}")


def _data_request(message: Message) -> Handled:
    person = parse_privacy_request(message.payload, message.topic)
    return disclosure.requested(merchant=message.merchant, person=person, at=message.at)


def _uninstalled(message: Message) -> Handled:
    return merchants.disconnect_source(merchant=message.merchant, source=Shopify.kind, at=message.at)


def _erased_shop(message: Message) -> Handled:
    Record(message.payload, message.topic).required_text("shop_domain")
    return removal.requested(merchant=message.merchant, by=_asker(message), at=message.at)


_ACTIONS: dict[str, Action] = {
    "orders/create": _order,
    "orders/updated": _order,
    "orders/paid": _order,
    "orders/cancelled": _order,
    "orders/fulfilled": _order,
    "orders/partially_fulfilled": _order,
    "orders/edited": _edited_order,
    "orders/delete": _deleted_order,
    "fulfillments/create": _fulfillment,
    "fulfillments/update": _fulfillment,
    "fulfillment_events/create": _fulfillment_event,
    "refunds/create": _refund,
    "customers/create": _account,
    "customers/update": _customer,
    "customers/enable": _account,
    "customers/merge": _merge,
    **dict.fromkeys(CONSENT_FIELDS, _consent),
    "customers/redact": _erased_customer,
    "customers/data_request": _data_request,
    "app/uninstalled": _uninstalled,
    "shop/redact": _erased_shop,
}
"""What each topic leads to. A topic that is not here is stored, and its note says so."""


def also(topic: str, action: Callable[[Message], Handled | None]) -> None:
    """Let another app act on a topic, after what is done with it here; None where a message is none of its concern.

    What is done here waits: then the other action waits with it.
    """
    first = _ACTIONS.get(topic)

    def act(message: Message) -> Handled:
        handled = first(message) if first else None
        if handled is not None and handled.waits_for:
            return handled
        more = action(message)
        if handled is None or more is None:
            return handled or more or Handled(f"topic {topic} says nothing that is used")
        note = f"{handled.note}; {more.note}"
        return replace(more, note=note, event_ids=handled.event_ids + more.event_ids)

    _ACTIONS[topic] = act

"""Signing up for updates on the shopper's page.

Whoever has the page's address may sign up, and need not be whoever ordered. So an address that is typed is nobody's but its
owner's: it never becomes the buyer's, and nothing that is answered tells whether it was known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from integrations import consent
from integrations.consent import EMAIL, SMS, SignUp
from integrations.customers import normalise_email, normalise_phone
from integrations.models import Customer
from integrations.people import PersonInput
from tracking.models import Follower, Order, TrackingPage

SOURCE = "Tracking page"
CONSENT = "consent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """The form as it was sent. `version` names the text that stood beside the box, `visitor` is the machine's address."""

    email: str = ""
    phone: str = ""
    is_ticked: bool = False
    version: str = ""
    language: str
    visitor: str = ""


class NotUnderstood(Exception):
    """What was typed leads nowhere.

    `wrong` is a field ("email", "phone", "consent") -> the name of the sentence that says why.
    """

    def __init__(self, wrong: Mapping[str, str]) -> None:
        super().__init__(", ".join(wrong))
        self.wrong = wrong


def sign_up(order: Order, page: TrackingPage, filled: Filled, *, at: datetime) -> None:
    """Note where somebody wants to hear of an order, and keep the consent of whoever ticked the box.

    Raises `NotUnderstood`; then nothing is written.
    """
    text, version = page.consent_shown(filled.language)
    typed_email, typed_phone = filled.email if page.by_email else "", filled.phone if page.by_sms else ""
    email, phone = normalise_email(typed_email), normalise_phone(typed_phone, order.destination_country)
    wrong: dict[str, str] = {}
    if not typed_email.strip() and not typed_phone.strip():
        wrong["email" if page.by_email else "phone"] = "nothing_typed"
    if typed_email.strip() and not email:
        wrong["email"] = "no_email"
    if typed_phone.strip() and not phone:
        wrong["phone"] = "no_phone"
    if filled.is_ticked and version != filled.version:
        # They agreed to other words than those that the record would have.
        wrong[CONSENT] = "text_changed"
    if wrong:
        raise NotUnderstood(wrong)
    with transaction.atomic():
        for channel, person in _people(order, email, phone):
            said = SignUp(
                person=person,
                channels=[channel],
                is_marketing=filled.is_ticked and bool(text),
                source=SOURCE,
                given_at=at,
                text=text,
                version=version,
                origin=f"order {order.number}, from {filled.visitor}",
            )
            _follow(order, consent.subscribe(merchant=order.merchant, sign_up=said, at=at).customer, at=at)


def _follow(order: Order, customer: Customer, *, at: datetime) -> None:
    """Tell them of the order's parcels from now on. Its shopper hears of them anyway."""
    if customer.pk == order.customer_id:
        return
    Follower.objects.get_or_create(merchant=order.merchant, order=order, customer=customer, defaults={"since": at})
    Order.objects.for_merchant(order.merchant_id).filter(pk=order.pk).update(is_followed=True)


def _people(order: Order, email: str, phone: str) -> Iterator[tuple[str, PersonInput]]:
    """Who signs up on which channel: each address by itself, so that neither is attached to the other.

    Only a number that the order's shopper is known by already is the shopper's: it then changes nothing of them.
    """
    if email:
        yield EMAIL, PersonInput(email=email)
    if phone:
        buyer = order.customer
        is_buyers = buyer is not None and bool(buyer.email) and buyer.phone == phone
        yield SMS, PersonInput(email=buyer.email if buyer and is_buyers else "", phone=phone)

"""Finding a merchant's events: by order number, e-mail address, phone or tracking number, metric, state and time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from integrations.customers import normalise_email, normalise_phone
from integrations.models import Customer, Delivery, Event, Merchant

NEWEST = 1_000
"""Of a state: so many of the newest deliveries are looked through."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for. `term` is anything that names an order, a parcel or a shopper; "" and None leave all in.

    `state` is a delivery's, or "failed" for both dead and expired. `since` and `until` bound the event's own time.
    """

    term: str = ""
    metric: str = ""
    state: str = ""
    since: datetime | None = None
    until: datetime | None = None


def events(merchant: Merchant, wanted: Wanted, *, is_complete: bool = False) -> QuerySet[Event]:
    """The events, newest first, each condition on an index that begins with the merchant.

    Of a state only those of its newest deliveries are found, unless `is_complete` asks for all of them, which may take long.
    """
    found = Event.objects.for_merchant(merchant)
    if wanted.term:
        found = found.filter(_named(merchant, wanted.term.strip()))
    if wanted.metric:
        found = found.filter(metric=wanted.metric)
    if wanted.since:
        found = found.filter(occurred_at__gte=wanted.since)
    if wanted.until:
        found = found.filter(occurred_at__lt=wanted.until)
    if wanted.state:
        found = found.filter(_in_state(merchant, wanted, is_complete=is_complete))
    return found.order_by("-occurred_at", "-id")


def variants(number: str) -> list[str]:
    """How a number may be written: as typed, in capitals, without blanks, with and without "#"."""
    bare = number.strip().lstrip("#")
    joined = bare.replace(" ", "")
    return sorted({bare, f"#{bare}", bare.upper(), f"#{bare.upper()}", joined, joined.upper()})


def customers(merchant: Merchant, term: str) -> list[int]:
    """Customers by e-mail address or phone number (+49…)."""
    mine = Customer.objects.for_merchant(merchant)
    if "@" in term:
        return list(mine.filter(email=normalise_email(term)).exclude(email="").values_list("pk", flat=True))
    phone = normalise_phone(term) if term.startswith("+") else ""
    return list(mine.filter(phone=phone).values_list("pk", flat=True)) if phone else []


def states_of(word: str) -> tuple[str, ...]:
    """The states of a delivery that a word stands for: "failed" for both ways of failing, any other for itself."""
    return (Delivery.State.DEAD, Delivery.State.EXPIRED) if word == "failed" else (word,)


def _named(merchant: Merchant, term: str) -> Q:
    if "@" in term or term.startswith("+"):
        return Q(customer__in=customers(merchant, term))
    numbers = variants(term)
    mine = Event.objects.for_merchant(merchant)
    by_order = mine.filter(order_number__in=numbers).exclude(order_number="")
    by_parcel = mine.filter(tracking_number__in=numbers).exclude(tracking_number="")
    keys = {key for rows in (by_order, by_parcel) for key in rows.values_list("pk", flat=True)[:NEWEST]}
    return Q(pk__in=keys)


def _in_state(merchant: Merchant, wanted: Wanted, *, is_complete: bool) -> Any:
    """What else narrows the events down is looked at first; a state alone is found by the newest deliveries in it."""
    mine = Delivery.objects.for_merchant(merchant).filter(state__in=states_of(wanted.state), change=None)
    if wanted.term or is_complete:
        return Exists(mine.filter(event=OuterRef("pk")))
    return Q(pk__in=list(mine.order_by("-id").values_list("event", flat=True)[:NEWEST]))

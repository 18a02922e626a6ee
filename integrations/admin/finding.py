"""Searching by order number, e-mail address, phone or tracking number, on indexed columns only.

Every index begins with the merchant, so a search asks for each merchant in turn (`merchant IN (…)`), and a person is looked
up before what belongs to them. What is found is named by primary keys, so that no list has to be walked to find it.
"""

from __future__ import annotations

from functools import reduce
from itertools import chain
from operator import or_

from django.db.models import Q, QuerySet

from integrations.customers import SHOP, normalise_email, normalise_phone
from integrations.models import (
    Customer,
    CustomerExternalId,
    Delivery,
    DeliveryAttempt,
    Event,
    InboundMessage,
    Merchant,
    ProfileChange,
)

MOST = 1_000
"""Rows that one search finds."""


def variants(term: str) -> list[str]:
    """How a number may be written: as typed, in capitals, without blanks, with and without "#"."""
    bare = term.strip().lstrip("#")
    joined = bare.replace(" ", "")
    return sorted({bare, f"#{bare}", bare.upper(), f"#{bare.upper()}", joined, joined.upper()})


def customers(term: str) -> list[int]:
    """Customers by e-mail address, phone number or the shop's customer id."""
    everyone, term = Merchant.objects.values("pk"), term.strip()
    if "@" in term:
        email = normalise_email(term)
        found = Customer.objects.filter(merchant__in=everyone, email=email).exclude(email="")
        return list(found.values_list("pk", flat=True)[:MOST])
    phone = normalise_phone(term) if term.startswith("+") else ""
    if phone:
        found = Customer.objects.filter(merchant__in=everyone, phone=phone).exclude(phone="")
        return list(found.values_list("pk", flat=True)[:MOST])
    known = CustomerExternalId.objects.filter(merchant__in=everyone, source=SHOP, external_id=term)
    return list(known.values_list("customer", flat=True)[:MOST])


def events(term: str) -> list[int]:
    """Events of an order, of a parcel, or of a customer."""
    if is_person(term):
        return list(_of_customers(term).values_list("pk", flat=True)[:MOST])
    everyone, numbers = Merchant.objects.values("pk"), variants(term)
    by_order = Event.objects.filter(merchant__in=everyone, order_number__in=numbers).exclude(order_number="")
    by_parcel = Event.objects.filter(merchant__in=everyone, tracking_number__in=numbers).exclude(tracking_number="")
    found = (each.values_list("pk", flat=True)[:MOST] for each in (by_order, by_parcel))
    return list(chain.from_iterable(found))


def deliveries(term: str) -> list[int]:
    """Deliveries of the events that are found, and of changes of the profiles of the people who are found."""
    found = _deliveries(term)
    return list(found.values_list("pk", flat=True))


def attempts(term: str) -> list[int]:
    """Requests that carried one of the deliveries that are found, alone or in bulk."""
    found = _deliveries(term)
    keys = list(found.values_list("pk", flat=True))
    singly = DeliveryAttempt.objects.filter(delivery__in=keys).values_list("pk", flat=True)
    in_bulk = found.exclude(bulk_attempt=None).values_list("bulk_attempt", flat=True)
    return sorted({*singly, *in_bulk})


def messages(term: str) -> list[int]:
    """Messages about an order or a parcel, or about any order of a customer."""
    mine = InboundMessage.objects.exclude(reference="")
    if is_person(term):
        orders = _of_customers(term).exclude(order_number="").values_list("merchant", "order_number")
        about = [Q(merchant=merchant, reference=number) for merchant, number in set(orders[:MOST])]
        return list(mine.filter(reduce(or_, about)).values_list("pk", flat=True)[:MOST]) if about else []
    found = mine.filter(merchant__in=Merchant.objects.values("pk"), reference__in=variants(term))
    return list(found.values_list("pk", flat=True)[:MOST])


def is_person(term: str) -> bool:
    """Whether a term is an e-mail address or a phone number rather than the number of a thing."""
    return "@" in term or (term.strip().startswith("+") and bool(normalise_phone(term)))


def _deliveries(term: str) -> QuerySet[Delivery]:
    found: QuerySet[Delivery] = Delivery.objects.filter(event__in=events(term))
    if not is_person(term):
        return found
    people = Customer.objects.filter(pk__in=customers(term))
    changes = ProfileChange.objects.filter(merchant__in=people.values("merchant"), customer__in=people.values("pk"))
    keys = list(changes.order_by("-pk").values_list("pk", flat=True)[:MOST])
    # Each by its own index: in one statement both would be looked for in every row.
    of_changes = Delivery.objects.filter(change__in=keys).values_list("pk", flat=True)
    return Delivery.objects.filter(pk__in=[*found.values_list("pk", flat=True), *of_changes])


def _of_customers(term: str) -> QuerySet[Event]:
    people = Customer.objects.filter(pk__in=customers(term))
    events: QuerySet[Event] = Event.objects.filter(
        merchant__in=people.values("merchant"), customer__in=people.values("pk")
    )
    return events

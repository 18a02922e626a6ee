"""Handing a shopper their data: everything that is known of them here, as one JSON document.

It is written while it is read, a page in memory at a time, however much there is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import orjson
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.expressions import Combinable

from integrations import audit, customers, privacy
from integrations.audit import NAME_LENGTH, Actor
from integrations.models import (
    ConsentRecord,
    Customer,
    CustomerExternalId,
    DataRequest,
    Delivery,
    Event,
    InboundMessage,
    Merchant,
    ProfileChange,
    Suppression,
)
from integrations.people import PersonInput
from integrations.sources import Handled

PAGE = 500
DAYS = 30
"""In which the law wants a request answered."""


def requested(*, merchant: Merchant, person: PersonInput, at: datetime) -> Handled:
    """A shopper asked the shop for their data: it is noted until somebody fetches it, and said where it is."""
    known = [each for each in customers.find(merchant, person) if each.status == Customer.Status.ACTIVE]
    # The data of who was merged into another is told with that one's.
    found = [each for each in known if each.merged_into_id is None]
    if not found:
        return Handled("no such customer: there is no data")
    for customer in found:
        DataRequest.objects.get_or_create(
            merchant=merchant, customer=customer, answered_at=None, defaults={"asked_at": at}
        )
    where = ", ".join(f"/api/v1/customers/{each.pk}/data" for each in found)
    who = ", ".join(f"customer {each.pk}" for each in found)
    return Handled(f"{who}: fetch the data in the admin or at {where}; hand it to the shop within {DAYS} days")


def open_requests(merchant: Merchant | Combinable) -> QuerySet[DataRequest]:
    """Requests of a merchant's shoppers that nobody has answered, oldest first."""
    unanswered: QuerySet[DataRequest] = DataRequest.objects.for_merchant(merchant).filter(answered_at=None)
    return unanswered.order_by("asked_at", "pk")


def hand_over(merchant: Merchant, customer: Customer, *, by: Actor, at: datetime) -> Iterator[bytes]:
    """The document, in pieces. That it was fetched stands in the merchant's trail, and answers the shopper's request."""
    with transaction.atomic():
        mine = DataRequest.objects.for_merchant(merchant).filter(customer=customer, answered_at=None)
        mine.update(answered_at=at, answered_by=by.name[:NAME_LENGTH])
        audit.note(merchant, by, "fetched a shopper's data", [f"customer {customer.pk}"], at=at)
    return _document(merchant, customer, at=at)


def _document(merchant: Merchant, customer: Customer, *, at: datetime) -> Iterator[bytes]:
    keys = [each.pk for each in customers.family(merchant, [customer])]
    head = {"made_at": at, "merchant": merchant.name, "customer": _customer(merchant, customer)}
    yield orjson.dumps(head)[:-1]
    own: dict[str, Callable[[Merchant, Sequence[int]], Iterable[dict[str, Any]]]] = {
        "consents": _consents,
        "profile_changes": _changes,
        "suppressions": _suppressions,
        "events": _events,
        "messages": _messages,
    }
    for name, tell in (own | {each.name: each.tell for each in privacy.holdings()}).items():
        yield b',"%s":[' % name.encode()
        for index, row in enumerate(tell(merchant, keys)):
            yield (b"," if index else b"") + orjson.dumps(row, default=str)
        yield b"]"
    yield b"}\n"


def _customer(merchant: Merchant, row: Customer) -> dict[str, Any]:
    names = ("email", "phone", "first_name", "last_name", "company", "consent", "updates", "status", "created_at")
    ids = CustomerExternalId.objects.for_merchant(merchant).filter(customer=row).order_by("pk")
    return {
        "id": str(row.pk),
        **{name: getattr(row, name) for name in names},
        "ids": list(ids.values("source", "external_id")),
    }


def in_pages(rows: QuerySet[Any], *columns: str) -> Iterator[list[dict[str, Any]]]:
    """Rows by primary key, so many columns of each, a page at a time. The key is among them, as `pk`."""
    last = 0
    while True:
        page = list(rows.filter(pk__gt=last).order_by("pk").values("pk", *columns)[:PAGE])
        if page:
            yield page
        if len(page) < PAGE:
            return
        last = page[-1]["pk"]


def told(rows: QuerySet[Any], *columns: str) -> Iterator[dict[str, Any]]:
    """The same, row by row, without keys, which mean nothing elsewhere."""
    for page in in_pages(rows, *columns):
        for row in page:
            del row["pk"]
            yield row


def _consents(merchant: Merchant, keys: Sequence[int]) -> Iterator[dict[str, Any]]:
    mine = ConsentRecord.objects.for_merchant(merchant).filter(customer__in=keys)
    return told(mine, "given_at", "channels", "email", "phone", "text", "version", "source", "origin")


def _changes(merchant: Merchant, keys: Sequence[int]) -> Iterator[dict[str, Any]]:
    columns = ("asked_at", "kind", "email", "phone", "channels", "source", "details")
    mine = ProfileChange.objects.for_merchant(merchant).filter(customer__in=keys)
    yield from _with_deliveries(merchant, "change", in_pages(mine, *columns))


def _suppressions(merchant: Merchant, keys: Sequence[int]) -> Iterator[dict[str, Any]]:
    mine = Suppression.objects.for_merchant(merchant).filter(customer__in=keys)
    return told(mine, "suppressed_at", "email", "reason", "lifted_at")


def _events(merchant: Merchant, keys: Sequence[int]) -> Iterator[dict[str, Any]]:
    columns = ("occurred_at", "metric_name", "unique_id", "order_number", "tracking_number")
    mine = Event.objects.for_merchant(merchant).filter(customer__in=keys)
    pages = in_pages(mine, *columns, "value", "value_currency", "properties")
    yield from _with_deliveries(merchant, "event", pages)


def with_children(
    page: list[dict[str, Any]], name: str, children: Iterable[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """The rows of a page, each with a list of what hangs on it: the first column of a child is its row's key."""
    rows: dict[Any, dict[str, Any]] = {row.pop("pk"): {**row, name: []} for row in page}
    for child in children:
        parent = next(iter(child))
        rows[child.pop(parent)][name].append(child)
    return iter(rows.values())


def _with_deliveries(merchant: Merchant, name: str, pages: Iterable[list[dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    """Each row with where it was sent, and how that stands: one more statement for each page."""
    columns = ("connection__kind", "state", "reason", "identifier", "settled_at")
    for page in pages:
        mine = Delivery.objects.for_merchant(merchant).filter(**{f"{name}__in": [row["pk"] for row in page]})
        yield from with_children(page, "deliveries", mine.order_by("pk").values(name, *columns))


def _messages(merchant: Merchant, keys: Sequence[int]) -> Iterator[dict[str, Any]]:
    mine = InboundMessage.objects.for_merchant(merchant).filter(customer__in=keys)
    for row in told(mine, "received_at", "source", "topic", "body"):
        yield row | {"body": bytes(row["body"]).decode(errors="replace")}

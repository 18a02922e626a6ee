"""Two customers who turn out to be one: the shop says which of them is given up, and whom it was all along.

What is theirs goes to the one who is kept, here and in the domain apps, which say in their `merging.py` what they move. Events of
the past stay with whom they were told of; what waits unsent goes to the one who is kept. The row of the other stays, and leads
there whoever is told of by its addresses and ids (`integrations.customers`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from integrations import consent, customers, history, inbound, locking, profiles
from integrations.models import (
    ConsentRecord,
    Customer,
    CustomerExternalId,
    Delivery,
    Event,
    Merchant,
    ProfileChange,
    Suppression,
)
from integrations.sources import Handled


@dataclass(frozen=True, slots=True)
class Merge:
    """`given_up` turned out to be `kept`, who has what both have by now. `merged_at` is when the shop said so, `at` now."""

    merchant: Merchant
    given_up: Customer
    kept: Customer
    merged_at: datetime
    at: datetime


Mover = Callable[[Merge], tuple[int, ...]]
"""Moves what an app holds of a shopper, in the transaction of the merge; returns the keys of the events that it recorded."""

_movers: list[Mover] = []


def register(mover: Mover) -> Mover:
    """Let `mover` move what an app holds, after those of the apps that come before it in `INSTALLED_APPS`."""
    _movers.append(mover)
    return mover


def merge_customers(
    *, merchant: Merchant, given_up: Customer, kept: Customer, merged_at: datetime, at: datetime
) -> tuple[int, ...]:
    """Make one customer of two; returns the keys of the events that tell of it.

    Whoever was merged before stands for the one whom they were merged into: so merges may come in any order, and again. Nothing
    is done for those who are one already, nor for anybody who was erased.
    """
    with transaction.atomic():
        # One after the other: two that cross each other would lead in a circle.
        Merchant.objects.select_for_update(no_key=True).get(pk=merchant.pk)
        given_up_key, kept_key = (_by_now(merchant, each) for each in (given_up, kept))
        if given_up_key == kept_key:
            return ()
        locked = locking.locked(merchant, [given_up_key, kept_key])
        given_up, kept = locked[given_up_key], locked[kept_key]
        if Customer.Status.ERASED in (given_up.status, kept.status):
            return ()
        given_up.merchant = kept.merchant = merchant
        before = {history.identifier_of(given_up), history.identifier_of(kept)} - {""}
        _take_over(kept, given_up)
        _move(merchant, given_up, kept)
        customers.readdress(kept, at=at)
        consent.take_over(kept, given_up.consent, merged_at=merged_at, at=at)
        for address in sorted(before - {history.identifier_of(kept)}):
            _pass_on(merchant, kept, address, merged_at=merged_at, at=at)
        merge = Merge(merchant, given_up, kept, merged_at, at)
        return tuple(key for mover in _movers for key in mover(merge))


def told_by_ids(*, merchant: Merchant, given_up: str, kept: str, merged_at: datetime, at: datetime) -> Handled:
    """The shop says by its ids who was merged into whom. It waits for a customer who is kept and not known yet."""
    survivor, other = _by_id(merchant, kept), _by_id(merchant, given_up)
    if survivor is None:
        return Handled(f"waits for the customer who is kept, {kept}", reference=kept, waits_for=awaited(kept))
    if other is None:
        # What is told of them late must find whom it was.
        other = Customer.objects.create(merchant=merchant, created_at=at, merged_into=survivor.merged_into or survivor)
        CustomerExternalId.objects.create(
            merchant=merchant, source=customers.SHOP, external_id=given_up, customer=other
        )
        return Handled(f"{given_up} was not known: it is customer {survivor.pk} from now on", reference=kept)
    if other.merged_into_id == survivor.pk:
        return Handled(f"customer {other.pk} was merged into customer {survivor.pk} before", reference=kept)
    event_ids = merge_customers(merchant=merchant, given_up=other, kept=survivor, merged_at=merged_at, at=at)
    return Handled(
        f"customer {other.pk} is customer {survivor.pk} from now on",
        reference=kept,
        customer_id=survivor.pk,
        is_new=True,
        event_ids=event_ids,
    )


def awaited(external_id: str) -> str:
    """What a message about an unknown customer waits for."""
    return f"customer:{external_id}"


def release(merchant: Merchant, external_id: str) -> int:
    """Let messages go that waited for a customer; returns how many."""
    return inbound.release(merchant, awaited(external_id))


def _by_id(merchant: Merchant, external_id: str) -> Customer | None:
    known = CustomerExternalId.objects.for_merchant(merchant).filter(source=customers.SHOP, external_id=external_id)
    link = known.select_related("customer__merged_into").first()
    return link.customer if link else None


def _by_now(merchant: Merchant, customer: Customer) -> int:
    """The key of the customer whom this one is by now."""
    row = Customer.objects.for_merchant(merchant).get(pk=customer.pk)
    return int(row.merged_into_id or row.pk)


def _take_over(kept: Customer, given_up: Customer) -> None:
    """What the one who is kept lacks of names, addresses and dates, they have from the other."""
    names = ("first_name", "last_name") if not kept.full_name else ()
    missing = [each for each in (*names, "company", "phone", "email") if not getattr(kept, each)]
    taken: dict[str, Any] = {each: getattr(given_up, each) for each in missing}
    known = [each.account_created_at for each in (kept, given_up) if each.account_created_at]
    taken["account_created_at"] = min(known, default=None)
    taken["updates"] = {**given_up.updates, **kept.updates}
    given_up.merged_into = kept
    if taken.get("email"):
        # An address is nobody's twice.
        given_up.email = ""
        given_up.phone = "" if customers.is_taken(given_up, given_up.phone) else given_up.phone
    given_up.save(update_fields=["merged_into", "email", "phone"])
    for name, value in taken.items():
        setattr(kept, name, value)
    kept.save(update_fields=list(taken))


def _move(merchant: Merchant, given_up: Customer, kept: Customer) -> None:
    """Consents and changes of profiles are the shopper's; of events those that nobody was told of yet."""
    Customer.objects.for_merchant(merchant).filter(merged_into=given_up).update(merged_into=kept)
    for model in (ConsentRecord, ProfileChange, Suppression):
        model.objects.for_merchant(merchant).filter(customer=given_up).update(customer=kept)
    unsent = Delivery.objects.for_merchant(merchant).filter(state__in=customers.UNSENT, attempts=0)
    events = Event.objects.for_merchant(merchant).filter(customer=given_up, pk__in=unsent.values("event"))
    events.update(customer=kept)


def _pass_on(merchant: Merchant, kept: Customer, address: str, *, merged_at: datetime, at: datetime) -> None:
    """Ask the destinations to make one profile of two: that of `address` is given up."""
    # By one address alone: the other may be that of the very profile that is given up.
    named: dict[str, Any] = {"email": kept.email} if kept.email else {"phone": kept.phone}
    details = {"phone": address} if address.startswith("+") else {"email": address}
    profiles.request(merchant, kept, ProfileChange.Kind.MERGE, asked_at=merged_at, at=at, details=details, **named)

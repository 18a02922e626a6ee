"""Forgetting shoppers: the history keeps what happened, and counts, but not to whom.

Everything that names an erased shopper is emptied in one transaction, here and in the domain apps (`integrations.privacy`). What
stays is the record of it, and digests by which a late message about them is known (`integrations.erased`). What others were
writing at that very moment is emptied by a second look, ten minutes later.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from integrations import audit, customers, erased, locking, privacy, profiles, traces
from integrations.audit import NAME_LENGTH, Actor
from integrations.erased import Identity
from integrations.models import (
    Connection,
    Customer,
    DataRequest,
    Delivery,
    DeliveryAttempt,
    Erasure,
    Merchant,
    ProfileChange,
)
from integrations.people import NOBODY, PersonInput
from integrations.sources import Handled
from integrations.traces import Named

LOOKED_AGAIN_AFTER = timedelta(minutes=10)
"""Longer than any transaction or request that was under way."""

ADDRESS_FOR = timedelta(days=30)
"""How long the address stays in a request to delete that the destination does not take: the law gives as long."""

AT_ONCE = 200
"""Erasures that one round looks at again."""

Kind, State = ProfileChange.Kind, Delivery.State


def erase(
    merchant: Merchant,
    chosen: Sequence[Customer],
    *,
    by: Actor,
    at: datetime,
    told: PersonInput = NOBODY,
    keeps_profile: bool = False,
) -> list[Erasure]:
    """Forget shoppers of a merchant; returns the records of those who were not forgotten before.

    Whoever is one and the same with them goes, too. `told` are addresses that the request named, under which they may not be
    known. The merchant's connections that say so are asked to delete the profile, unless `keeps_profile`.
    """
    with transaction.atomic():
        # Nobody is merged meanwhile: they would be one and the same with somebody more.
        Merchant.objects.select_for_update(no_key=True).get(pk=merchant.pk)
        family = locking.locked(merchant, [each.pk for each in customers.family(merchant, chosen)])
        rows = [each for each in family.values() if each.status != Customer.Status.ERASED]
        who = _joined(traces.named(merchant, rows), told)
        connections = [] if keeps_profile else list(_passing_on(merchant))
        found = traces.empty_naming(merchant, [row.pk for row in rows], who, at=at)
        done = [_erase(merchant, row, who, found, is_passed_on=bool(connections), by=by, at=at) for row in rows]
        if done and connections:
            _pass_on(merchant, rows, who, connections, at=at)
    return done


def requested(*, merchant: Merchant, person: PersonInput, by: Actor, at: datetime) -> Handled:
    """A source passed on that a shopper wants to be forgotten."""
    rows = customers.find(merchant, person)
    done = erase(merchant, rows, by=by, at=at, told=person)
    if not done:
        return Handled("no such customer: nothing to erase", forgets_body=True)
    return Handled(f"erased: {', '.join(f'customer {each.customer_id}' for each in done)}", forgets_body=True)


def keep_erased(merchant: Merchant, customer: int | None, *, at: datetime) -> None:
    """Empty what was just written about a shopper who was erased; of anybody else nothing. Belongs in the same transaction."""
    if customer is None:
        return
    if Customer.objects.for_merchant(merchant).filter(pk=customer, status=Customer.Status.ERASED).exists():
        _empty(merchant, customer, at=at)


def look_again(*, at: datetime) -> int:
    """Empty what was being written while shoppers were erased; returns how many were looked at."""
    unfinished = Erasure.objects.filter(looked_again_at=None, at__lt=at - LOOKED_AGAIN_AFTER)
    rows = list(unfinished.select_related("merchant").order_by("at")[:AT_ONCE])
    for row in rows:
        with transaction.atomic():
            _empty(row.merchant, row.customer_id, at=at)
            Erasure.objects.for_merchant(row.merchant).filter(pk=row.pk).update(looked_again_at=at)
    return len(rows)


def passed_on(merchant: Merchant | int, deliveries: Sequence[int]) -> None:
    """A merchant's destination has taken requests to delete profiles: their addresses are needed no more."""
    mine = ProfileChange.objects.for_merchant(merchant)
    changes = mine.filter(kind=Kind.ERASE, deliveries__in=deliveries)
    _forget_addresses(merchant, list(changes.values_list("pk", flat=True)))


def give_up(*, at: datetime) -> int:
    """Requests to delete that were not taken within 30 days are given up, and forget whom they were about; returns how many."""
    old = ProfileChange.objects.filter(kind=Kind.ERASE, created_at__lt=at - ADDRESS_FOR).exclude(email="", phone="")
    rows = list(old.values_list("merchant", "pk")[:AT_ONCE])
    for merchant, key in rows:
        waiting = Delivery.objects.for_merchant(merchant).filter(change=key, state__in=traces.OPEN)
        waiting.update(state=State.DEAD, reason=Delivery.Reason.EXHAUSTED, settled_at=at)
        _forget_addresses(merchant, [key])
    return len(rows)


def profile_states(erasure: Erasure) -> list[str]:
    """How the requests to delete the profile stand, in words."""
    asked = Delivery.objects.for_merchant(erasure.merchant_id).filter(
        change__customer=erasure.customer_id, change__kind=Kind.ERASE
    )
    return [str(each.get_state_display()) for each in asked.order_by("pk")]


def _erase(
    merchant: Merchant,
    row: Customer,
    who: Named,
    found: Counter[str],
    *,
    is_passed_on: bool,
    by: Actor,
    at: datetime,
) -> Erasure:
    emptied = _empty(merchant, row.pk, at=at)
    emptied.update(found)
    found.clear()
    record = Erasure.objects.create(
        merchant=merchant,
        customer=row,
        actor=by.name[:NAME_LENGTH],
        as_staff=by.as_staff,
        at=at,
        is_passed_on=is_passed_on,
        emptied=dict(sorted((+emptied).items())),
    )
    erased.remember(merchant, record, _identities(who))
    requests = DataRequest.objects.for_merchant(merchant).filter(customer=row, answered_at=None)
    requests.update(answered_at=at, answered_by="erased")
    passed = "Klaviyo is asked to delete the profile" if is_passed_on else "the profile at Klaviyo is left alone"
    audit.note(merchant, by, "erased a shopper", [f"customer {row.pk}", passed], at=at)
    return record


def _empty(merchant: Merchant, customer: int, *, at: datetime) -> Counter[str]:
    """Everything that hangs on a customer's row, in every app."""
    holdings = privacy.holdings()
    traces.claim(
        merchant, customer, {each for holding in holdings for each in holding.references(merchant, [customer])}
    )
    counts = traces.empty(merchant, [customer], at=at)
    for holding in holdings:
        counts[holding.name] += holding.empty(merchant, [customer])
    return counts


def _passing_on(merchant: Merchant) -> list[Connection]:
    """Connections where shoppers who are erased are to be deleted. Before its launch nothing is known there by us."""
    mine = Connection.objects.for_merchant(merchant).filter(erases_profiles=True)
    return list(mine.exclude(launched_at=None).order_by("pk"))


def _pass_on(
    merchant: Merchant, rows: Sequence[Customer], who: Named, connections: Sequence[Connection], *, at: datetime
) -> None:
    """Ask to delete every profile that was made of them. By phone number only who has nothing else: others may share it."""
    by_phone = {row.phone: row for row in rows if row.phone and not row.email}
    by_email = dict.fromkeys(who.emails, rows[0]) | {row.email: row for row in rows if row.email}
    for address, row in sorted({**by_email, **by_phone}.items()):
        email, phone = ("", address) if address in by_phone else (address, "")
        profiles.request(
            merchant, row, Kind.ERASE, asked_at=at, at=at, email=email, phone=phone, connections=connections
        )


def _joined(who: Named, told: PersonInput) -> Named:
    email = customers.normalise_email(told.email)
    phone = customers.normalise_phone(told.phone, told.country)
    return Named(
        who.emails | ({email} - {""}), who.phones | ({phone} - {""}), who.external_ids | ({told.external_id} - {""})
    )


def _identities(who: Named) -> list[Identity]:
    return [
        *((erased.EMAIL, each) for each in who.emails),
        *((erased.PHONE, each) for each in who.phones),
        *((erased.EXTERNAL_ID, each) for each in who.external_ids),
    ]


def _forget_addresses(merchant: Merchant | int, changes: Sequence[int]) -> None:
    """Of requests to delete whose every delivery is over."""
    deliveries = Delivery.objects.for_merchant(merchant).filter(change__in=changes)
    waiting = deliveries.filter(state__in=[*traces.OPEN, State.SENDING])
    over = sorted(set(changes) - set(waiting.values_list("change", flat=True)))
    ProfileChange.objects.for_merchant(merchant).filter(pk__in=over).update(email="", phone="")
    theirs = Delivery.objects.for_merchant(merchant).filter(change__in=over)
    attempts = DeliveryAttempt.objects.for_merchant(merchant).filter(delivery__in=theirs.values("pk"))
    attempts.exclude(error="").update(error="")
    theirs.update(identifier="", error="")

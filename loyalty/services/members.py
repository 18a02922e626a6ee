"""Who is a member, and holding a member's row while points move."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import F

from integrations import customers, history
from integrations.models import Customer, Merchant
from integrations.people import PersonInput
from integrations.sources import Handled
from integrations.statements import Among, insert_new
from loyalty.facts import MemberActivated
from loyalty.models import Grant, IssuedReward, Member
from loyalty.services import programmes, tier_moves


class NoMember(LookupError):
    """The customer is no member of the merchant's programme."""


def enrol(
    merchant: Merchant, customer: Customer, source: Member.Source, *, at: datetime
) -> tuple[Member, tuple[int, ...]]:
    """The member that a customer is, made where there is none; also the keys of the events that are new."""
    mine = Member.objects.for_merchant(merchant).filter(customer=customer).select_related("tier")
    known = mine.first()
    if known is not None:
        return _at_hand(known, merchant, customer), ()
    member = Member(merchant=merchant, customer=customer, source=source, status_at=at, joined_at=at)
    registered_at = customer.account_created_at
    # Who made an account while there is a programme is welcomed; an older account is only known of.
    if registered_at is not None and programmes.in_force(merchant, registered_at) is None:
        member.status, member.status_at, member.registered_at = Member.Status.REGISTERED, registered_at, registered_at
    if not insert_new([member], identity=("merchant", "customer")):
        return _at_hand(mine.get(), merchant, customer), ()
    new = history.announce(MemberActivated.of(member), at=at)
    return member, tuple(each.pk for each in new)


def told_of_customer(*, merchant: Merchant, person: PersonInput, at: datetime) -> Handled | None:
    """The shop told of a customer: where there is a programme, a member. None where there is nothing to do, or who was erased."""
    programme = programmes.in_force(merchant, at)
    customer = customers.resolve(merchant, person, at=at) if programme else None
    if programme is None or customer is None or customer.status == Customer.Status.ERASED:
        return None
    member, event_ids = enrol(merchant, customer, Member.Source.SHOP, at=at)
    if programme.has_tiers and member.tier_since is None:
        event_ids += tier_moves.reconsider(locked(merchant, customer), cause=f"joined:{member.pk}", at=at)
    return Handled(
        "is a member",
        reference=person.external_id,
        customer_id=customer.pk,
        is_new=bool(event_ids),
        event_ids=event_ids,
    )


def locked(merchant: Merchant, customer: Customer) -> Member:
    """Lock a customer's row as a member: until the transaction ends nobody else moves their points. Raises `NoMember`.

    Who was merged while they were waited for is the member whom they were merged into.
    """
    mine = Member.objects.for_merchant(merchant).select_for_update(of=("self",))
    found = mine.filter(customer=customer).first()
    if found is None:
        customer = Customer.objects.for_merchant(merchant).filter(merged=customer.pk).first() or customer
        found = mine.filter(customer=customer).first()
    if found is None:
        raise NoMember(f"customer {customer.pk} is no member")
    return _at_hand(found, merchant, customer)


def locked_many(merchant: Merchant, keys: Collection[int]) -> dict[int, Member]:
    """Lock members by their keys, in the order of these: two batches never wait for each other in a circle."""
    mine = Member.objects.for_merchant(merchant).select_for_update(of=("self",)).select_related("customer", "tier")
    wanted = mine.filter(Among(F("pk"), keys)).order_by("pk")
    found = list(wanted)
    if len(found) < len(set(keys)):
        # Who became another customer's while they were waited for is locked and left out; who is gone stays so.
        found = list(wanted.all())
    for each in found:
        each.merchant = merchant
    return {each.pk: each for each in found}


def locked_owner(merchant: Merchant, row: Grant | IssuedReward) -> Member:
    """Lock the member that a row hangs on by now: while one is waited for, a merge may give it to another."""
    mine = type(row).objects.for_merchant(merchant).filter(pk=row.pk)
    found: dict[int, Member] = {}
    while (key := mine.values_list("member", flat=True).get()) not in found:
        found = locked_many(merchant, [key])
    return found[key]


def _at_hand(member: Member, merchant: Merchant, customer: Customer) -> Member:
    member.merchant, member.customer = merchant, customer
    return member

"""Members who make an account: they are welcomed once, with the points and the reward of the programme."""

from __future__ import annotations

from datetime import datetime

from integrations import history
from integrations.models import Customer, Merchant
from loyalty.models import IssuedReward, Member, PointSource, Programme
from loyalty.occasions import MemberRegistered
from loyalty.services import members, points, programmes, rewards
from loyalty.services.rewards import Recipient
from tracking.inputs import AccountInput


def follow_account(merchant: Merchant, customer: Customer, account: AccountInput, *, at: datetime) -> tuple[int, ...]:
    """The shop told that a customer has an account; returns the keys of the events that are new.

    A member who made it while there was a programme is welcomed by the rules of that day, once. One who made it before is
    known to have one, and no more. Nothing happens where there is no programme, and for who was erased.
    """
    if customer.status == Customer.Status.ERASED or programmes.in_force(merchant, at) is None:
        return ()
    _, event_ids = members.enrol(merchant, customer, Member.Source.SHOP, at=at)
    member = members.locked(merchant, customer)
    if member.registered_at is not None:
        return event_ids
    member.status, member.status_at = Member.Status.REGISTERED, account.created_at
    member.registered_at = account.created_at
    member.save(update_fields=["status", "status_at", "registered_at"])
    rules = programmes.in_force(merchant, account.created_at)
    return event_ids if rules is None else event_ids + _welcome(member, rules, account, at=at)


def _welcome(member: Member, rules: Programme, account: AccountInput, *, at: datetime) -> tuple[int, ...]:
    merchant, customer, since = member.merchant, member.customer, account.created_at
    cause = f"welcome:{member.pk}"
    facts = []
    if rules.welcome_points:
        entry = points.add_points(
            merchant=merchant,
            customer=customer,
            points=rules.welcome_points,
            source=PointSource.WELCOME_BONUS,
            cause=cause,
            at=at,
            effective_at=since,
        )
        member.balance = entry.balance_after
    if rules.welcome_reward is not None:
        to = [Recipient(member, cause)]
        facts = rewards.hand_out(rules.welcome_reward, to, source=IssuedReward.Source.WELCOME, issued_at=since, at=at)
    registered = MemberRegistered.of(
        member,
        method=account.method or account.source,
        registered_at=since,
        welcome_points=rules.welcome_points,
        welcome_reward=facts[0].issued.reward.name if facts else "",
    )
    return tuple(each.pk for each in history.announce(*facts, registered, at=at))

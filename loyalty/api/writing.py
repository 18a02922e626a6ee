"""Doing what clients ask for: by the services of everybody else. What stands there then is told, with the status of the answer.

What a client names by an `external_id` is done once: sent again, it is answered by what was done first (200), and is a conflict
where it says something else then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from integrations import erasure
from integrations.api import bodies as checked
from integrations.api import problems
from integrations.api.endpoint import Call
from integrations.api.problems import Problem
from integrations.models import Customer, Merchant
from loyalty import days, services
from loyalty.api import rows
from loyalty.ledger import NotEnough
from loyalty.models import IssuedReward, Member, Reward, TierTransition
from tracking.api.writing import Written, merchant_of
from tracking.business_time import begin_of

SAID = {"cause": "external_id"}
"""What the services call by another name."""


def adjustment(call: Call, key: int) -> Written:
    """Add or take points by hand. Raises `Problem`."""
    told = call.body
    with _changing(call, key) as (merchant, customer):
        entry = services.adjust(
            merchant=merchant,
            customer=customer,
            points=told["points"],
            reason=told["reason"],
            by=call.caller.actor,
            cause=rows.ADJUSTMENT + told["external_id"],
            at=call.at,
        )
        _require_same("adjustment", told, key, entry.member, points=entry.points, reason=entry.note)
        return _written(entry.recorded_at, call.at), rows.entry(entry)


def redemption(call: Call, key: int) -> Written:
    """Spend points. Raises `Problem`."""
    told = call.body
    with _changing(call, key) as (merchant, customer):
        entry = services.redeem(
            merchant=merchant,
            customer=customer,
            points=told["points"],
            note=told["note"],
            by=call.caller.actor,
            cause=rows.REDEMPTION + told["external_id"],
            at=call.at,
        )
        _require_same("redemption", told, key, entry.member, points=-entry.points, note=entry.note)
        return _written(entry.recorded_at, call.at), rows.entry(entry)


def reverting(call: Call, key: int, external_id: str) -> Written:
    """Give back what a redemption took. Raises `Problem`."""
    with _changing(call, key) as (merchant, customer):
        try:
            entry = services.revert_redemption(
                merchant=merchant,
                customer=customer,
                cause=rows.REDEMPTION + external_id,
                note=call.body["note"],
                by=call.caller.actor,
                at=call.at,
            )
        except services.NoMember:
            raise
        except LookupError:
            raise problems.not_found("redemption") from None
        return _written(entry.recorded_at, call.at), rows.entry(entry)


def birth_month(call: Call, key: int) -> dict[str, Any]:
    """Keep a member's birth month. Raises `Problem`."""
    with _changing(call, key) as (merchant, customer):
        services.capture_birth_month(merchant=merchant, customer=customer, month=call.body["month"], at=call.at)
    return rows.whole_member(call.merchant, member_of(call.merchant, key), at=call.at)


def tier(call: Call, key: int) -> Written:
    """Put a member into a tier. Raises `Problem`."""
    told = call.body
    with _changing(call, key) as (merchant, customer):
        made = services.assign_tier(
            merchant=merchant,
            customer=customer,
            tier=told["tier"],
            reason=told["reason"],
            until=told["until"],
            by=call.caller.actor,
            cause=rows.ASSIGNED + told["external_id"],
            at=call.at,
        )
        until = _until(made, told["until"], merchant.timezone)
        _require_same("tier", told, key, made.member, reason=made.reason, tier=_key_of(made), until=until)
        return _written(made.recorded_at, call.at), rows.transition(made)


def issuing(call: Call, key: int) -> Written:
    """Give a member a reward. Raises `Problem`."""
    told = call.body
    with _changing(call, key) as (merchant, customer):
        reward = reward_of(merchant, told["reward"])
        if reward is None:
            raise checked.invalid([_no_reward("reward")])
        made = services.issue_reward(
            merchant=merchant,
            customer=customer,
            reward=reward,
            source=IssuedReward.Source(told["source"]),
            by=call.caller.actor,
            cause=rows.ISSUED + told["external_id"],
            at=call.at,
        )
        _require_same("reward", told, key, made.member, reward=made.reward_id, source=made.source)
        return _written(made.issued_at, call.at), rows.issued(made)


def ending(call: Call, key: int, issued: int, *, is_used: bool) -> dict[str, Any]:
    """Let a reward of a member be used, or take it back. Raises `Problem`."""
    with _changing(call, key) as (merchant, customer):
        mine = IssuedReward.objects.for_merchant(merchant).filter(pk=issued, member__customer=customer)
        if not mine.exists():
            raise problems.not_found("reward of this member")
        if is_used:
            return rows.issued(services.use_reward(merchant=merchant, key=issued, at=call.at))
        ended = services.deactivate_reward(
            merchant=merchant, key=issued, note=call.body["note"], by=call.caller.actor, at=call.at
        )
        return rows.issued(ended)


def member_of(merchant: Merchant, key: int) -> Member:
    """The member that a customer is, with the tier: one statement. Raises `Problem`."""
    mine = Member.objects.for_merchant(merchant).select_related("tier")
    row: Member | None = mine.filter(customer=key).first()
    if row is None:
        raise problems.not_found("member")
    return row


def reward_of(merchant: Merchant, key: int) -> Reward | None:
    """The reward with that id."""
    found: Reward | None = Reward.objects.for_merchant(merchant).filter(pk=key).first()
    return found


def rewards_named(merchant: Merchant, values: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The values with rewards in place of their ids. Raises `Problem` that names each one that is unknown."""
    given = {name: values[name] for name in names if values.get(name) is not None}
    found = {name: reward_of(merchant, key) for name, key in given.items()}
    unknown = [_no_reward(name) for name, reward in found.items() if reward is None]
    if unknown:
        raise checked.invalid(unknown)
    return {**values, **found}


@contextmanager
def refusing() -> Iterator[None]:
    """Refuse what the services refuse. Raises `Problem`."""
    try:
        yield
    except services.NoMember:
        raise problems.not_found("member") from None
    except (services.NotToBeHad, services.Ended) as error:
        raise Problem("conflict", f"{str(error)[:1].upper()}{str(error)[1:]}.") from None
    except ValidationError as error:
        places = error.message_dict.items()
        raise checked.invalid(
            [
                {"pointer": checked.pointer(SAID.get(name, name)), "detail": text}
                for name, texts in places
                for text in texts
            ]
        ) from None


@contextmanager
def _changing(call: Call, key: int) -> Iterator[tuple[Merchant, Customer]]:
    """In one transaction, with the customer who is the member. Raises `Problem`."""
    customer = Customer.objects.for_merchant(call.merchant).filter(pk=key).first()
    if customer is None:
        raise problems.not_found("member")
    try:
        with refusing(), transaction.atomic():
            merchant = merchant_of(call)
            yield merchant, customer
            erasure.keep_erased(merchant, key, at=call.at)
    except NotEnough as error:
        balance = member_of(call.merchant, key).balance
        said = f"{str(error)[:1].upper()}{str(error)[1:]}; the balance is {balance}."
        raise Problem("not_enough", said) from None


def _written(when: datetime, at: datetime) -> int:
    """201 for what was done now, 200 for what was done before."""
    return 201 if when == at else 200


def _require_same(what: str, told: Mapping[str, Any], key: int, member: Member, **done: Any) -> None:
    """Raises `Problem` where something else was done under that `external_id`."""
    differing = [f"{name} was {done[name]}" for name in done if done[name] != told[name]]
    if member.customer_id != key:
        differing.insert(0, f"the member was {member.customer_id}")
    if differing:
        said = f"The {what} {told['external_id']} was told before, and differs: {', '.join(differing)}."
        raise Problem("conflict", said)


def _key_of(made: TierTransition) -> str:
    return made.to_tier.key if made.to_tier else ""


def _until(made: TierTransition, until: date | None, time_zone: str) -> Any:
    """The last day as it is told now, where it is the one of then. Where none is told, whatever it was."""
    is_same = until is None or made.expires_at == begin_of(until + days.DAY, time_zone)
    return until if is_same else "another day"


def _no_reward(name: str) -> dict[str, str]:
    return {"pointer": checked.pointer(name), "detail": "must be the id of a reward: GET /rewards lists them"}

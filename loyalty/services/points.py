"""Adding points, taking them, and giving them back: what people, rewards and rules do to one member."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError

from integrations import clean, history
from integrations.audit import NAME_LENGTH, Actor
from integrations.models import Customer, Merchant
from loyalty import ledger
from loyalty.facts import PointsAdded, PointsSubtracted
from loyalty.ledger import Part
from loyalty.models import Allocation, LedgerEntry, Member, PointSource, Reward
from loyalty.services import activity, members, posting, programmes
from loyalty.services.posting import Draft

MOST_POINTS = 1_000_000_000
"""Points that one action may move."""

NOTE_LENGTH = 200


def add_points(
    *,
    merchant: Merchant,
    customer: Customer,
    points: int,
    source: PointSource,
    cause: str,
    at: datetime,
    effective_at: datetime | None = None,
    note: str = "",
    by: Actor | None = None,
) -> LedgerEntry:
    """Add points, once for each `cause`: a repeated one answers what was posted first.

    They run out by the rules in force now. Raises `NoMember`, and `ValidationError` for points that cannot be added.
    """
    _check(points, least=1)
    member = members.locked(merchant, customer)
    known = posting.earlier(merchant, cause)
    if known is not None:
        return known
    programme = programmes.in_force(merchant, at)
    return _post(
        Draft(
            member=member,
            points=points,
            source=source,
            cause=cause,
            effective_at=effective_at or at,
            note=clean.text(note, NOTE_LENGTH),
            actor=_name(by),
            programme=programme,
        ),
        at=at,
    )


def redeem(
    *,
    merchant: Merchant,
    customer: Customer,
    points: int,
    cause: str,
    at: datetime,
    note: str = "",
    by: Actor | None = None,
    reward: Reward | None = None,
) -> LedgerEntry:
    """Spend points on a reward, those that run out soonest first, once for each `cause`.

    Raises `NotEnough`, which holds for everything while the member owes points; `NoMember`; and `ValidationError`.
    """
    _check(points, least=1)
    member = members.locked(merchant, customer)
    known = posting.earlier(merchant, cause)
    if known is not None:
        return known
    said, reward_id = clean.text(note, NOTE_LENGTH), str(reward.pk) if reward else ""
    entry = _subtract(member, points, PointSource.REWARD_REDEMPTION, cause, said, by, at=at, reward_id=reward_id)
    activity.note(member, at)
    return entry


def adjust(
    *, merchant: Merchant, customer: Customer, points: int, reason: str, by: Actor, cause: str, at: datetime
) -> LedgerEntry:
    """Add points by hand (above 0), or subtract them (below 0), for a reason, once for each `cause`.

    Nobody is made to owe points by hand. Raises `NotEnough`, `NoMember`, and `ValidationError` that names the field.
    """
    said = clean.text(reason, NOTE_LENGTH)
    if not said:
        raise ValidationError({"reason": "Say why: it is kept with the points."})
    if points >= 0:
        return add_points(
            merchant=merchant,
            customer=customer,
            points=points,
            source=PointSource.MANUAL,
            cause=cause,
            at=at,
            note=said,
            by=by,
        )
    _check(-points, least=1)
    member = members.locked(merchant, customer)
    known = posting.earlier(merchant, cause)
    return known or _subtract(member, -points, PointSource.MANUAL, cause, said, by, at=at)


def revert_redemption(
    *, merchant: Merchant, customer: Customer, cause: str, at: datetime, note: str = "", by: Actor | None = None
) -> LedgerEntry:
    """Give back, once, what the redemption of that cause took: each lot gets its points again and keeps its date.

    What has run out meanwhile does so again the next night. Raises `NoMember`, and `LookupError` for no redemption of theirs.
    """
    member = members.locked(merchant, customer)
    redemption = posting.earlier(merchant, cause)
    if redemption is None or redemption.member_id != member.pk or redemption.source != PointSource.REWARD_REDEMPTION:
        raise LookupError(f"customer {customer.pk} redeemed nothing for {cause!r}")
    undoing = f"reverted:{redemption.pk}"
    known = posting.earlier(merchant, undoing)
    if known is not None:
        return known
    taken = Allocation.objects.for_merchant(merchant).filter(entry=redemption).order_by("pk")
    parts = [Part(each.lot_id, each.points) for each in taken]
    return _post(
        Draft(
            member=member,
            points=-redemption.points,
            source=PointSource.REWARD_REDEMPTION_REVERTED,
            cause=undoing,
            effective_at=at,
            note=clean.text(note, NOTE_LENGTH),
            actor=_name(by),
            lots=posting.lots_by_key(merchant, {each.lot for each in parts}),
            parts=ledger.give_back(parts),
        ),
        at=at,
    )


def _subtract(
    member: Member,
    points: int,
    source: PointSource,
    cause: str,
    note: str,
    by: Actor | None,
    *,
    at: datetime,
    reward_id: str = "",
) -> LedgerEntry:
    lots = posting.lots_of(member)
    draft = Draft(
        member=member,
        points=-points,
        source=source,
        cause=cause,
        effective_at=at,
        note=note,
        actor=_name(by),
        lots=lots,
        parts=ledger.spend(points, posting.held(lots), at=at),
    )
    return _post(draft, at=at, reward_id=reward_id)


def _post(draft: Draft, *, at: datetime, reward_id: str = "") -> LedgerEntry:
    (posted,) = posting.post(draft.member.merchant, [draft], at=at)
    if draft.points > 0:
        history.announce(PointsAdded.by(posted.entry, expires_at=posted.expires_at), at=at)
    else:
        history.announce(PointsSubtracted.by(posted.entry, reward_id=reward_id), at=at)
    return posted.entry


def _check(points: int, *, least: int) -> None:
    if not least <= points <= MOST_POINTS:
        raise ValidationError({"points": f"A whole number from {least} to {MOST_POINTS}."})


def _name(by: Actor | None) -> str:
    return by.name[:NAME_LENGTH] if by else ""

"""What orders earn, and what their refunds take back: worked out from how an order stands, however often it is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from integrations import history
from integrations.models import Customer, Merchant
from loyalty import ledger
from loyalty.facts import PointsAdded, PointsSubtracted
from loyalty.models import Grant, Member, PointSource, Programme
from loyalty.services import activity, members, posting, programmes, tier_moves
from loyalty.services.posting import Draft
from tracking import money
from tracking.models import Order


def follow_order(order: Order, *, at: datetime) -> tuple[int, ...]:
    """Bring points in line with how an order stands now; returns the keys of the events that are new. The order is locked.

    Paid: it earns, by the rules that were in force when it was placed. Fulfilled: pending points get their day. Refunded or
    cancelled: what was granted is taken back in proportion. Nothing happens for a test order, for one without a shopper or
    net value, where there was no programme, and nothing is earned by who was erased. Where there are tiers, what was spent may
    raise its shopper into one.
    """
    merchant, customer = order.merchant, order.customer
    if order.is_test or customer is None:
        return ()
    programme = programmes.in_force(merchant, order.placed_at)
    if programme is None:
        return ()
    grant = Grant.objects.for_merchant(merchant).filter(order_external_id=order.external_id).first()
    if grant is not None:
        return _keep_up(order, grant, at=at)
    if customer.status == Customer.Status.ERASED:
        return ()
    member, event_ids = members.enrol(merchant, customer, Member.Source.ORDER, at=at)
    event_ids += _earn(order, programme, _rate(programme, member), at=at)
    if programme.has_tiers:
        locked = members.locked(merchant, customer)
        event_ids += tier_moves.reconsider(locked, cause=f"order:{order.external_id}", at=at)
    return event_ids


def post_grants(
    merchant: Merchant, ripe: Sequence[tuple[Grant, Member, datetime]], *, at: datetime
) -> list[PointsAdded]:
    """Post what orders earned: (what, whose, from when on it counts). The members are locked; the caller announces the facts."""
    drafts = [
        Draft(
            member=member,
            points=grant.left,
            source=PointSource.PURCHASE,
            cause=f"purchase:{grant.order_external_id}",
            effective_at=since,
            order_external_id=grant.order_external_id,
            order_number=grant.order_number,
            programme=grant.programme,
        )
        for grant, member, since in ripe
    ]
    posted = posting.post(merchant, drafts, at=at)
    grants = [grant for grant, _, _ in ripe]
    for grant, each in zip(grants, posted, strict=True):
        grant.entry = each.entry
    Grant.objects.bulk_create(grants, update_conflicts=True, unique_fields=["id"], update_fields=["entry"])
    return [PointsAdded.by(each.entry, expires_at=each.expires_at) for each in posted]


def _rate(programme: Programme, member: Member) -> Decimal:
    """Points for a unit of currency: by the tier that the member held before this order, or by the programme."""
    of_tier = member.tier.points_per_unit if member.tier else None
    return programme.points_per_unit if of_tier is None else of_tier


def _earn(order: Order, programme: Programme, points_per_unit: Decimal, *, at: datetime) -> tuple[int, ...]:
    """Grant what an order earns once it is paid."""
    merchant, customer, paid_at = order.merchant, order.customer, order.processing_at
    currency = order.currency or merchant.currency
    net_minor = money.minor(order.net_value, currency)
    if customer is None or paid_at is None or order.cancelled_at is not None or net_minor is None:
        return ()
    points = ledger.earned(net_minor, points_per_unit, money.digits(currency))
    if not points:
        return ()
    member = members.locked(merchant, customer)
    grant = Grant.objects.create(
        merchant=merchant,
        member=member,
        programme=programme,
        order_external_id=order.external_id,
        order_number=order.number,
        net_minor=net_minor,
        points=points,
        recorded_at=at,
    )
    activity.note(member, paid_at)
    event_ids: tuple[int, ...] = ()
    if programme.pending_days is None:
        facts = post_grants(merchant, [(grant, member, paid_at)], at=at)
        event_ids = tuple(each.pk for each in history.announce(*facts, at=at))
    return event_ids + _keep_up(order, grant, at=at)


def _keep_up(order: Order, grant: Grant, *, at: datetime) -> tuple[int, ...]:
    """Take back what was refunded since, and give pending points their day."""
    if not (_refunded(order, grant) > grant.refunded_minor or _is_unscheduled(order, grant)):
        return ()
    merchant = order.merchant
    member = members.locked_owner(merchant, grant)
    grant = Grant.objects.for_merchant(merchant).select_related("programme").get(pk=grant.pk)
    facts = _take_back(order, grant, member, at=at)
    if not grant.left:
        grant.activates_at = None
    elif _is_unscheduled(order, grant) and order.shipped_at:
        grant.activates_at = grant.programme.activates_at(order.shipped_at, merchant.timezone)
    grant.save(update_fields=["refunded_minor", "reversed_points", "activates_at"])
    return tuple(each.pk for each in history.announce(*facts, at=at))


def _is_unscheduled(order: Order, grant: Grant) -> bool:
    """Whether points are pending, and it can be said by now until when."""
    return bool(order.shipped_at and grant.left and grant.entry_id is None and grant.activates_at is None)


def _refunded(order: Order, grant: Grant) -> int:
    """What of the net value is gone by now, in minor units: all of it where the order was cancelled."""
    if order.cancelled_at is not None:
        return grant.net_minor
    refunded = money.minor(order.net_refunded, order.currency or order.merchant.currency) or 0
    return min(refunded, grant.net_minor)


def _take_back(order: Order, grant: Grant, member: Member, *, at: datetime) -> list[PointsSubtracted]:
    """Reverse the grant in proportion to what is refunded in all. Pending points simply become fewer.

    A refund is never undone: an order whose net value grows again keeps what was taken back.
    """
    grant.refunded_minor = max(grant.refunded_minor, _refunded(order, grant))
    reversed_points = ledger.reversed_by(grant.points, grant.net_minor, grant.refunded_minor)
    points = reversed_points - grant.reversed_points
    grant.reversed_points = reversed_points
    if not points or grant.entry_id is None:
        return []
    lots = posting.lots_of(member)
    own = {each.pk for each in lots if each.entry_id == grant.entry_id}
    parts, _ = ledger.take_back(points, posting.held(lots), first=own)
    draft = Draft(
        member=member,
        points=-points,
        source=PointSource.ORDER_REFUND,
        cause=f"order_refund:{order.external_id}:{reversed_points}",
        effective_at=order.cancelled_at or order.source_updated_at,
        order_external_id=order.external_id,
        order_number=order.number,
        lots=lots,
        parts=parts,
    )
    return [PointsSubtracted.by(each.entry) for each in posting.post(member.merchant, [draft], at=at)]

"""What a night does with the points of many members at once: a dozen statements for each batch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import date, datetime

from django.db.models import F

from integrations import history
from integrations.models import Merchant
from integrations.statements import Among
from loyalty.facts import PointsExpired, RunOut
from loyalty.ledger import Part
from loyalty.models import Grant, Lot, PointSource
from loyalty.services import members, posting, purchases
from loyalty.services.posting import Draft


def activate_pending(merchant: Merchant, keys: Collection[int], *, until: datetime, at: datetime) -> int:
    """Let the pending points of these members count whose day has come by `until`; returns of how many orders they were."""
    locked = members.locked_many(merchant, keys)
    mine = Grant.objects.for_merchant(merchant).filter(Among(F("member_id"), keys), entry=None, activates_at__lte=until)
    due = list(mine.select_related("programme").order_by("activates_at", "pk"))
    ripe = [(each, locked[each.member_id], each.activates_at) for each in due if each.activates_at]
    facts = purchases.post_grants(merchant, ripe, at=at)
    history.announce(*facts, at=at)
    return len(facts)


def expire_lots(merchant: Merchant, keys: Collection[int], *, day: date, until: datetime, at: datetime) -> int:
    """End what of these members' points has run out by `until`, which is the beginning of `day`: one entry for each member.

    Returns how many members. A member whose points ran out on that day already is passed over: more is the next night's.
    """
    locked = members.locked_many(merchant, keys)
    mine = Lot.objects.for_merchant(merchant).filter(
        Among(F("member_id"), keys), remaining__gt=0, expires_at__lte=until
    )
    due: dict[int, list[Lot]] = defaultdict(list)
    for lot in mine.order_by("pk"):
        due[lot.member_id].append(lot)
    causes = {pk: f"expiry:{pk}:{day}" for pk in due}
    known = posting.known_causes(merchant, causes.values())
    drafts = [
        Draft(
            member=locked[pk],
            points=-sum(each.remaining for each in lots),
            source=PointSource.EXPIRY,
            cause=causes[pk],
            effective_at=until,
            lots=lots,
            parts=[Part(each.pk, each.remaining) for each in lots],
        )
        for pk, lots in due.items()
        if causes[pk] not in known
    ]
    ran_out = [
        [RunOut(points=part.points, added_at=lot.effective_at) for lot, part in zip(each.lots, each.parts, strict=True)]
        for each in drafts
    ]
    posted = posting.post(merchant, drafts, at=at)
    facts = [PointsExpired.by(each.entry, day=day, lots=lots) for each, lots in zip(posted, ran_out, strict=True)]
    history.announce(*facts, at=at)
    return len(posted)

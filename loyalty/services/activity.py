"""Points that run out after inactivity: whatever a member buys or redeems puts it off."""

from __future__ import annotations

from datetime import datetime

from loyalty.models import Lot, Member, Programme


def note(member: Member, when: datetime) -> None:
    """The member was active then: what had not run out by then, and runs out after inactivity, does so later."""
    merchant = member.merchant
    mine = Lot.objects.for_merchant(merchant).filter(member=member, remaining__gt=0, expires_at__gt=when)
    for programme in Programme.objects.for_merchant(merchant).filter(expiry=Programme.Expiry.INACTIVITY):
        later = programme.expires_at(when, merchant.timezone)
        mine.filter(programme=programme, expires_at__lt=later).update(expires_at=later)

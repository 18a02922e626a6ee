"""The rewards that members got. One that was not used yet can be taken back; points that were paid for it return."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet

from integrations.admin import finding, show
from integrations.admin.deeds import Deed, DeedsMixin, Outcome
from integrations.admin.site import Clock, MerchantFilter, UntilFilter
from integrations.admin.theme import ChoicesDropdownFilter, display
from integrations.audit import Actor
from integrations.models import Merchant
from loyalty import services
from loyalty.admin.inlines import STATES, state_of
from loyalty.admin.members import find_members
from loyalty.admin.pages import LoyaltyAdmin
from loyalty.models import IssuedReward, Member, RewardCode


def find_issued(term: str) -> list[int]:
    """Issued rewards by their code, or of the members that are found."""
    everyone = Merchant.objects.values("pk")
    codes = RewardCode.objects.filter(merchant__in=everyone, code=term).values("pk")
    mine = IssuedReward.objects.filter(merchant__in=everyone)
    found = mine.filter(code__in=codes[: finding.MOST]) | mine.filter(member__in=find_members(term))
    return list(found.order_by("-pk").values_list("pk", flat=True)[: finding.MOST])


def deactivate(chosen: QuerySet[IssuedReward], at: datetime, *, by: Actor, choices: Collection[str]) -> Outcome:
    """Take it back."""
    try:
        for row in chosen.select_related("merchant"):
            services.deactivate_reward(merchant=row.merchant, key=row.pk, at=at, by=by)
    except services.Ended as error:
        return Outcome(f"Nothing was done: {error}.", is_good=False)
    return Outcome("The reward is deactivated. Points that were paid for it are back.")


@admin.register(IssuedReward)
class IssuedRewardAdmin(DeedsMixin, LoyaltyAdmin):
    """A reward of a member's."""

    deeds = (
        Deed(
            "deactivate",
            "Deactivate",
            "undo",
            "loyalty.change_issuedreward",
            deactivate,
            tone="danger",
            hint="The member cannot use it any more.",
            confirm="The member cannot use it any more. Points that were paid for it return to where they came from, with "
            "their dates; its code goes to nobody else.",
        ),
    )
    since = show.since("issued_at", "Issued")
    when_issued = show.moment("issued_at", "Issued")
    when_used = show.moment("used_at", "Used")
    when_deactivated = show.moment("deactivated_at", "Deactivated")
    when_expired = show.moment("expired_at", "Expired")
    when_expires = show.moment("expires_at", "Can be used until")
    clock = Clock(Member, "joined_at", "member__")
    find = staticmethod(find_issued)
    search_fields = ("pk",)
    search_help_text = "Code, e-mail, phone (+49…) or the shop's customer id"
    list_display = ("since", "merchant", "shopper", "reward", "source", "points_spent", "state")
    list_filter = (("merchant", MerchantFilter), UntilFilter, ("source", ChoicesDropdownFilter))
    list_select_related = ("merchant", "member__customer", "reward")
    fieldsets = (
        (None, {"fields": ("about_merchant", "about_member", "about_reward", "source", "state", "code")}),
        ("Paid", {"fields": ("points_spent", "about_redemption", "cause")}),
        ("When", {"fields": ("when_issued", "when_expires", *(f"when_{when[:-3]}" for when, _, _ in STATES))}),
    )
    readonly_fields = (
        "about_merchant",
        "about_member",
        "about_reward",
        "about_redemption",
        "state",
        "when_issued",
        "when_expires",
        "when_used",
        "when_deactivated",
        "when_expired",
    )

    @display(description="Member")
    def shopper(self, row: IssuedReward) -> str:
        """By name, else address."""
        return str(row.member.customer)

    @display(description="State")
    def state(self, row: IssuedReward) -> Any:
        """In its colour."""
        return state_of(row)

    @display(description="Reward")
    def about_reward(self, row: IssuedReward) -> Any:
        """A link to the reward."""
        return show.link(row.reward)

    @display(description="Taken by")
    def about_redemption(self, row: IssuedReward) -> Any:
        """A link to the entry that took the points."""
        return show.link(row.redemption)

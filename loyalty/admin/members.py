"""Members: found by who they are, with all that they have and how it came about. Points are adjusted by hand for a reason."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from integrations import audit
from integrations.admin import finding, show
from integrations.admin.fields import dress
from integrations.admin.forms import FormPages, actor, button, said
from integrations.admin.site import Clock, MerchantFilter, UntilFilter
from integrations.admin.theme import ChoicesDropdownFilter, display
from integrations.models import Merchant
from loyalty import progress, standing
from loyalty.adjust_form import AdjustForm
from loyalty.admin.inlines import EntryInline, LotInline, RewardInline, TransitionInline
from loyalty.models import LedgerEntry, Member
from tracking import money

ADJUST = "loyalty.add_ledgerentry"
TONES: dict[str, str] = {Member.Status.REGISTERED: "good"}


def find_members(term: str) -> list[int]:
    """Members by e-mail address, phone number or the shop's customer id."""
    everyone = Merchant.objects.values("pk")
    found = Member.objects.filter(merchant__in=everyone, customer__in=finding.customers(term))
    return list(found.values_list("pk", flat=True)[: finding.MOST])


@admin.register(Member)
class MemberAdmin(FormPages):
    """One member."""

    joined = show.since("joined_at", "Member for")
    when_joined = show.moment("joined_at", "Joined")
    when_status = show.moment("status_at", "Has this status since")
    when_registered = show.moment("registered_at", "Made an account")
    when_balance = show.moment("balance_at", "Changed last")
    when_tier = show.moment("tier_since", "In it since")
    when_tier_ends = show.moment("tier_expires_at", "Looked at again")
    when_birth_month = show.moment("birth_month_at", "Said")
    clock = Clock(Member, "joined_at")
    find = staticmethod(find_members)
    search_fields = ("pk",)
    search_help_text = "E-mail, phone (+49…) or the shop's customer id"
    list_display = ("shopper", "email", "merchant", "balance", "about_tier", "standing", "joined")
    list_filter = (("merchant", MerchantFilter), UntilFilter, ("status", ChoicesDropdownFilter))
    list_select_related = ("merchant", "customer", "tier")
    inlines = (EntryInline, LotInline, TransitionInline, RewardInline)
    fieldsets = (
        (None, {"fields": ("about_merchant", "about_customer", "standing", "when_status", "when_joined", "source")}),
        ("Points", {"fields": ("balance", "pending", "next_expiry", "when_balance", "adjust")}),
        ("Tier", {"fields": ("about_tier", "when_tier", "when_tier_ends", "way")}),
        ("Account", {"fields": ("when_registered", "birth_month", "when_birth_month")}),
    )
    readonly_fields = (
        "about_merchant",
        "about_customer",
        "standing",
        "when_status",
        "when_joined",
        "pending",
        "next_expiry",
        "when_balance",
        "adjust",
        "about_tier",
        "when_tier",
        "when_tier_ends",
        "way",
        "when_registered",
        "when_birth_month",
    )

    @display(description="Shopper")
    def shopper(self, row: Member) -> str:
        """Name, else address."""
        return str(row.customer)

    @display(description="E-mail")
    def email(self, row: Member) -> str:
        """The shopper's address."""
        return row.customer.email or show.NOTHING

    @display(description="Shopper")
    def about_customer(self, row: Member) -> Any:
        """A link to the customer."""
        return show.link(row.customer)

    @display(description="Tier")
    def about_tier(self, row: Member) -> Any:
        """A link to the tier."""
        return show.link(row.tier)

    @display(description="Status")
    def standing(self, row: Member) -> Any:
        """In its colour."""
        return show.chip(str(row.get_status_display()), TONES.get(row.status, "info"))

    @display(description="Pending")
    def pending(self, row: Member) -> str:
        """Points that will count later."""
        return f"{standing.of(row.merchant, row).pending:,}"

    @display(description="Runs out next")
    def next_expiry(self, row: Member) -> Any:
        """How many points, and when."""
        expiry = standing.of(row.merchant, row).next_expiry
        return show.lines([f"{expiry[0]:,} points", show.instant(expiry[1])]) if expiry else "nothing"

    @display(description="Way to the next")
    def way(self, row: Member) -> str:
        """What was spent, and what is missing."""
        found, currency = progress.of(row.merchant, row, at=timezone.now()), row.merchant.currency
        spent = f"{money.major(found.spent_minor, currency):,} {currency} in 365 days"
        if found.following is None:
            return f"{spent}; no tier comes next"
        return f"{spent}; {money.major(found.missing_minor, currency):,} {currency} to {found.following}"

    @display(description="By hand")
    def adjust(self, row: Member) -> Any:
        """A link to the form."""
        return button("Add or take points", "loyalty_member_adjust", row.pk)

    def get_urls(self) -> list[URLPattern]:
        """An address for the form."""
        view = self.admin_site.admin_view(self.adjust_view)
        return [path("<int:pk>/adjust/", view, name="loyalty_member_adjust"), *super().get_urls()]

    def adjust_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Add or take points for a reason."""
        if not request.user.has_perm(ADJUST):
            raise PermissionDenied
        member: Member = self.row_of(pk)
        form = AdjustForm(request.POST if request.method == "POST" else None, initial={"once": uuid.uuid4()})
        dress(form)
        entry = self._adjust(request, member, form) if form.is_valid() else None
        if entry is not None:
            said(request, f"{entry.points:+,} points. The balance is {entry.balance_after:,} now.")
            return HttpResponseRedirect(reverse("admin:loyalty_member_change", args=[pk]))
        hint = f"The balance is {member.balance:,}. The merchant sees who did it and why."
        return self.ask(request, "Add or take points", form, heading=str(member.customer), hint=hint, button="Post")

    def _adjust(self, request: HttpRequest, member: Member, form: AdjustForm) -> LedgerEntry | None:
        """What was posted; noted once in the merchant's trail."""
        at, by = timezone.now(), actor(request)
        with transaction.atomic():
            entry = form.adjust(member, by=by, at=at)
            if entry is not None and entry.recorded_at == at:
                line = f"{entry.points:+,} points of customer {member.customer_id}"
                audit.note(member.merchant, by, "adjusted points", [line], at=at)
        return entry

"""What subscribers have: read-only, because the merchants' systems say it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import BooleanField, ExpressionWrapper, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from integrations.admin import finding, show
from integrations.admin.forms import MerchantPages
from integrations.admin.site import Clock
from integrations.admin.theme import display
from integrations.models import Customer, Merchant
from lifecycle.models import Plan, StatusList
from lifecycle.models.plan import ACTIVE, DEAD
from lifecycle.rulesets import OPEN_SIGN_UP, RULESETS
from lifecycle.services import rules

TONES = {ACTIVE.casefold(): "good", DEAD: "bad"}
"""Status in small letters -> tone; the others are the merchant's words."""


def find_plans(term: str) -> list[int]:
    """Plans by the shopper's e-mail address, phone number or the shop's id."""
    everyone = Merchant.objects.values("pk")
    found = Plan.objects.filter(merchant__in=everyone, customer__in=finding.customers(term))
    return list(found.values_list("pk", flat=True)[: finding.MOST])


@admin.register(Plan)
class PlanAdmin(MerchantPages):
    """One subscriber."""

    when_started = show.moment("started_at", "Begun last")
    when_signed_up = show.moment("signed_up_at", "Completed")
    when_told = show.moment("told_at", "As of")
    when_recorded = show.moment("recorded_at", "Recorded")
    told = show.since("told_at", "As of")
    clock = Clock(Customer, "created_at", "customer__")
    find = staticmethod(find_plans)
    search_fields = ("pk",)
    search_help_text = "E-mail, phone (+49…) or the shop's customer id"
    list_display = ("customer", "email", "merchant", "standing", "box", "schedule", "open_since", "told")
    list_select_related = ("merchant", "customer")
    fieldsets = (
        (None, {"fields": ("about_merchant", "about_customer", "email", "standing", "box", "schedule", "about_list")}),
        ("Sign-up", {"fields": ("when_started", "when_signed_up", "open_since", "has_filled_out_profile", "among")}),
        ("What the merchant's system says", {"fields": ("is_mailed", "when_told", "when_recorded")}),
    )
    readonly_fields = (
        "about_merchant",
        "about_customer",
        "email",
        "standing",
        "about_list",
        "when_started",
        "when_signed_up",
        "open_since",
        "among",
        "when_told",
        "when_recorded",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With whether a sign-up is open."""
        is_open = ExpressionWrapper(OPEN_SIGN_UP, output_field=BooleanField())
        found: QuerySet[Any] = super().get_queryset(request).annotate(is_open=is_open)
        return found

    @display(description="Shopper")
    def about_customer(self, row: Plan) -> Any:
        """A link to the customer."""
        return show.link(row.customer)

    @display(description="E-mail")
    def email(self, row: Plan) -> str:
        """The shopper's address."""
        return row.customer.email or show.NOTHING

    @display(description="Status")
    def standing(self, row: Plan) -> Any:
        """In its colour."""
        return show.chip(row.status, TONES.get(row.status.casefold(), "plain")) if row.status else show.NOTHING

    @display(description="Sign-up open since")
    def open_since(self, row: Any) -> Any:
        """When it was begun."""
        return show.ago(row.started_at) if row.is_open else show.NOTHING

    @display(description="On the list")
    def about_list(self, row: Plan) -> Any:
        """A link to the list of the status."""
        mine = StatusList.objects.for_merchant(row.merchant_id).filter(status__iexact=row.status)
        return show.link(mine.first())

    @display(description="Listed among")
    def among(self, row: Plan) -> Any:
        """The merchant's lists of those who are told apart: missed sign-ups."""
        held, at = rules.of(row.merchant_id), timezone.now()
        mine = Plan.objects.for_merchant(row.merchant_id).filter(pk=row.pk)
        return show.lines(each.label for each in RULESETS if mine.filter(each.holds(held, at)).exists())

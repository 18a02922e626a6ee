"""By which rules each merchant's subscribers are handled, and which lists they are on. They are changed by a form."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from integrations.admin import finding, show
from integrations.admin.fields import dress
from integrations.admin.forms import FormPages, MerchantPages, actor, button, said
from integrations.admin.site import MerchantFilter
from integrations.admin.theme import display
from integrations.models import Merchant
from lifecycle.models import LifecycleRules, StatusList
from lifecycle.rules_form import WholeForm
from lifecycle.services import lists, rules

OWN_PAGES = {
    "Subscribers": "subscribers",
    "Rules": "subscribers_rules",
    "Missed sign-ups": "subscribers_missed",
    "Your pages": "onsite",
    "What was changed": "trail",
}
"""What the merchant's own pages about the rules are called, and the names of their addresses."""


def find_rules(term: str) -> list[int]:
    """Rules of the merchants with that in their name."""
    merchants = Merchant.objects.filter(name__icontains=term)
    return list(LifecycleRules.objects.filter(merchant__in=merchants).values_list("pk", flat=True)[: finding.MOST])


def find_lists(term: str) -> list[int]:
    """Lists by their id at Klaviyo, or of a status."""
    mine = StatusList.objects.filter(merchant__in=Merchant.objects.values("pk"))
    found = mine.filter(Q(list_id=term) | Q(status__iexact=term))
    return list(found.values_list("pk", flat=True)[: finding.MOST])


@admin.register(LifecycleRules)
class LifecycleRulesAdmin(FormPages):
    """The rules of a merchant. Whoever has none here has the defaults."""

    find = staticmethod(find_rules)
    search_fields = ("merchant__name",)
    search_help_text = "Merchant"
    list_display = ("merchant", "is_suppressing", "missed_after", "is_signed_only", "how_many_lists")
    list_filter = (("merchant", MerchantFilter),)
    fieldsets = (
        (None, {"fields": ("about_merchant", "change", "own_pages")}),
        ("What is done", {"fields": ("suppresses", "missed_signup_hours", "by_status")}),
        ("What pages tell", {"fields": ("checkout_told_by", "cancelling_told_by", "signed_identities_only")}),
    )
    wide = ("by_status",)
    readonly_fields = ("about_merchant", "change", "own_pages", "by_status")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With how many lists there are."""
        mine = StatusList.objects.for_merchant(OuterRef("merchant")).order_by().values("merchant")
        counted = Subquery(mine.annotate(count=Count("pk")).values("count"), output_field=IntegerField())
        found: QuerySet[Any] = super().get_queryset(request).annotate(list_count=Coalesce(counted, 0))
        return found

    @display(description="Suppresses", boolean=True)
    def is_suppressing(self, row: LifecycleRules) -> bool:
        """Whoever is dead or not subscribed."""
        return row.suppresses

    @display(description="Sign-ups missed after")
    def missed_after(self, row: LifecycleRules) -> str:
        """In hours."""
        return f"{row.missed_signup_hours} h"

    @display(description="Signed identities only", boolean=True)
    def is_signed_only(self, row: LifecycleRules) -> bool:
        """Of what pages tell."""
        return row.signed_identities_only

    @display(description="Lists")
    def how_many_lists(self, row: Any) -> int:
        """How many statuses have one."""
        return int(row.list_count)

    @display(description="Lists by status")
    def by_status(self, row: LifecycleRules) -> Any:
        """Each status with its list, and whether everybody is on it."""
        found = lists.of(row.merchant)
        return show.lines(format_html("{} {}", show.link(each, str(each)), standing_of(each)) for each in found)

    @display(description="Change")
    def change(self, row: LifecycleRules) -> Any:
        """A link to the form."""
        return button("Change them", "lifecycle_lifecyclerules_add", merchant=row.merchant_id)

    @display(description="The merchant's own pages")
    def own_pages(self, row: LifecycleRules) -> Any:
        """Links to where the merchant sees and changes the same."""
        where = [row.merchant.public_id]
        return show.lines(
            format_html('<a class="td-link" href="{}">{}</a>', reverse(name, args=where), label)
            for label, name in OWN_PAGES.items()
        )

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Every merchant has rules: to set the first of them is to change them."""
        return self.has_perm(request, "change")

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Ask for the merchant, then show what holds, or change that."""
        self.allow(request, "change")
        merchant = self.merchant_of(request)
        if merchant is None:
            return self.choose(request, "Rules of subscribers")
        form = WholeForm(rules.of(merchant), lists.of(merchant), request.POST if request.method == "POST" else None)
        dress(form)
        if form.is_valid():
            changed = rules.change(merchant, by=actor(request), at=timezone.now(), **form.values)
            said(request, "It holds for what happens from now on.")
            return HttpResponseRedirect(reverse("admin:lifecycle_lifecyclerules_change", args=[changed.pk]))
        hint = "It holds for what happens from now on. The merchant sees who changed what."
        if statuses := lists.statuses(merchant):
            hint += f" Statuses that subscribers have: {', '.join(statuses)}."
        return self.ask(
            request, "Rules of subscribers", form, heading=merchant.name, hint=hint, button="Save the rules"
        )


@admin.register(StatusList)
class StatusListAdmin(MerchantPages):
    """The list that whoever has a status is on."""

    find = staticmethod(find_lists)
    search_fields = ("list_id",)
    search_help_text = "Klaviyo's id of the list, or a status"
    list_display = ("status", "merchant", "list_id", "standing")
    list_filter = (("merchant", MerchantFilter),)
    fields = ("about_merchant", "status", "list_id", "standing", "about_rules")
    readonly_fields = ("about_merchant", "standing", "about_rules")

    @display(description="State")
    def standing(self, row: StatusList) -> Any:
        """Whether those who had the status before were put on it."""
        return standing_of(row)

    @display(description="Rules")
    def about_rules(self, row: StatusList) -> Any:
        """A link to the rules, with which it is changed."""
        return show.link(LifecycleRules.objects.for_merchant(row.merchant_id).select_related("merchant").first())


def standing_of(row: StatusList) -> Any:
    """Whether those who had the status before there was the list were put on it."""
    text, tone = ("Filled", "good") if row.is_filled else ("Being filled", "info")
    return show.chip(text, tone, "With those who had the status before there was the list.")

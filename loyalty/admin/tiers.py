"""The tiers of each merchant's programme. A change moves nobody: who holds a tier is looked at anew when it is time."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from integrations.admin import show
from integrations.admin.deeds import Deed, DeedsMixin, Outcome
from integrations.admin.fields import dress
from integrations.admin.forms import FormPages, actor, button, said
from integrations.admin.site import MerchantFilter
from integrations.admin.theme import ChoicesDropdownFilter, display
from integrations.audit import Actor
from integrations.models import Merchant
from loyalty.models import Member, Tier
from loyalty.services import tier_rules
from loyalty.tier_form import TierForm
from tracking import money


def retire(chosen: QuerySet[Tier], at: datetime, *, by: Actor, choices: Collection[str]) -> Outcome:
    """Let nobody into it any more."""
    for row in chosen.select_related("merchant"):
        tier_rules.retire(row.merchant, row.key, by=by, at=at)
    return Outcome("Nobody comes into the tier any more. Who holds it keeps it until the period is over.")


@admin.register(Tier)
class TierAdmin(DeedsMixin, FormPages):
    """One tier."""

    deeds = (
        Deed(
            "retire",
            "Retire",
            "block",
            "loyalty.change_tier",
            retire,
            tone="danger",
            hint="Nobody comes into it any more.",
            confirm="Nobody comes into it any more. Who holds it keeps it until the period is over, or the date. "
            "Saving the tier again brings it back.",
        ),
    )
    since = show.since("created_at", "Made")
    when_made = show.moment("created_at", "Made")
    when_retired = show.moment("retired_at", "Retired")
    list_display = ("merchant", "name", "key", "kind", "asks", "since", "state")
    list_filter = (("merchant", MerchantFilter), ("kind", ChoicesDropdownFilter))
    fieldsets = (
        (None, {"fields": ("about_merchant", "name", "key", "kind", "state", "holders", "change")}),
        ("When", {"fields": ("when_made", "when_retired")}),
        ("What it asks for and gives", {"fields": ("rules",)}),
    )
    wide = ("rules",)
    readonly_fields = (
        "about_merchant",
        "state",
        "holders",
        "change",
        "when_made",
        "when_retired",
        "rules",
    )

    @display(description="Asks for")
    def asks(self, row: Tier) -> str:
        """What must be spent to enter and to stay."""
        if row.kind == Tier.Kind.CUSTOM:
            return "given by hand"
        entry, maintain = (money.major(each, row.merchant.currency) for each in (row.entry_minor, row.maintain_minor))
        return f"{entry:,} {row.merchant.currency}, kept with {maintain:,}"

    @display(description="State")
    def state(self, row: Tier) -> Any:
        """In its colour."""
        return show.chip("Retired", "plain") if row.retired_at else show.chip("In use", "good")

    @display(description="Members")
    def holders(self, row: Tier) -> Any:
        """Whether anybody holds it."""
        held = Member.objects.for_merchant(row.merchant_id).filter(tier=row)
        return "some hold it" if held.exists() else "nobody holds it"

    @display(description="What holds")
    def rules(self, row: Tier) -> Any:
        """One rule on each line; amounts in minor units."""
        return show.lines(f"{name}: {set_to}" for name, set_to in tier_rules.described(row).items())

    @display(description="Change")
    def change(self, row: Tier) -> Any:
        """A link to the form."""
        return button("Change it", "loyalty_tier_rules", row.pk)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A merchant may get another tier."""
        return self.has_perm(request, "add")

    def get_urls(self) -> list[URLPattern]:
        """An address for the form."""
        view = self.admin_site.admin_view(self.rules_view)
        return [path("<int:pk>/rules/", view, name="loyalty_tier_rules"), *super().get_urls()]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Ask for the merchant, then for the tier."""
        self.allow(request, "add")
        merchant = self.merchant_of(request)
        return self._form(request, merchant, None) if merchant else self.choose(request, "A tier")

    def rules_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Change what a tier asks for and gives."""
        self.allow(request, "change")
        tier: Tier = self.row_of(pk)
        return self._form(request, tier.merchant, tier)

    def _form(self, request: HttpRequest, merchant: Merchant, tier: Tier | None) -> HttpResponse:
        form = TierForm(merchant, tier, request.POST if request.method == "POST" else None)
        dress(form)
        saved = _save(request, merchant, tier, form) if form.is_valid() else None
        if saved is not None:
            said(request, f"The tier {saved} is saved. Nobody is moved by it.")
            return HttpResponseRedirect(reverse("admin:loyalty_tier_change", args=[saved.pk]))
        return self.ask(
            request,
            "A tier",
            form,
            heading=f"{merchant.name}, {tier}" if tier else merchant.name,
            hint="A change moves nobody: members are looked at by the new rules with their next order, or when their "
            "period is over.",
            button="Save the tier",
        )


def _save(request: HttpRequest, merchant: Merchant, tier: Tier | None, form: TierForm) -> Tier | None:
    """The tier; None where the reason why it was not saved is noted in the form."""
    key = tier.key if tier else form.cleaned_data["key"]
    try:
        return tier_rules.save(merchant, key, by=actor(request), at=timezone.now(), is_new=tier is None, **form.values)
    except ValidationError as error:
        form.refuse(error)
        return None

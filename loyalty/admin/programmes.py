"""The rules of each merchant's programme with their history. To change them is to make a new version."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from integrations.admin import show
from integrations.admin.fields import dress
from integrations.admin.forms import FormPages, actor, button, said
from integrations.admin.site import Clock, MerchantFilter
from integrations.admin.theme import display
from integrations.models import Merchant
from loyalty.models import Programme
from loyalty.programme_form import ProgrammeForm
from loyalty.services import programmes


def find_programmes(term: str) -> list[int]:
    """Versions of the merchants with that in their name."""
    merchants = Merchant.objects.filter(name__icontains=term)
    return list(Programme.objects.filter(merchant__in=merchants).values_list("pk", flat=True)[:1_000])


@admin.register(Programme)
class ProgrammeAdmin(FormPages):
    """The versions of all merchants' rules. Each stays as it was made."""

    begins = show.since("effective_at", "In force")
    when_begins = show.moment("effective_at", "In force from")
    when_made = show.moment("created_at", "Made")
    clock = Clock(Programme, "effective_at")
    find = staticmethod(find_programmes)
    search_fields = ("merchant__name",)
    search_help_text = "Merchant"
    list_display = ("merchant", "version", "begins", "created_by", "news")
    list_filter = (("merchant", MerchantFilter),)
    list_select_related = ("merchant", "created_by")
    fieldsets = (
        (None, {"fields": ("about_merchant", "version", "when_begins", "when_made", "created_by", "new_version")}),
        ("Rules", {"fields": ("news", "rules")}),
    )
    wide = ("news", "rules")
    readonly_fields = ("about_merchant", "when_begins", "when_made", "new_version", "news", "rules")

    @display(description="What changed")
    def news(self, row: Programme) -> Any:
        """One change on each line."""
        return show.lines(row.changes)

    @display(description="What holds")
    def rules(self, row: Programme) -> Any:
        """One rule on each line."""
        return show.lines(f"{name}: {set_to}" for name, set_to in programmes.described(row).items())

    @display(description="Change")
    def new_version(self, row: Programme) -> Any:
        """A link to the form."""
        return button("Make a new version", "loyalty_programme_add", merchant=row.merchant_id)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A new version is how the rules are changed, and how a programme begins."""
        return self.has_perm(request, "add")

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Ask for the merchant, then show what holds for it, or change that. Times are the merchant's."""
        self.allow(request, "add")
        merchant = self.merchant_of(request)
        if merchant is None:
            return self.choose(request, "Loyalty programme")
        newest = programmes.newest(merchant)
        with timezone.override(merchant.tz):
            form = ProgrammeForm(merchant, newest, request.POST if request.method == "POST" else None)
            dress(form)
            if form.is_valid() and (made := _change(request, merchant, form)):
                said(request, f"Version {made.version} of the rules is saved. What was granted stays as it is.")
                return self.to_list(merchant)
            now = f"Now {newest}." if newest else "There is no programme yet: this is its first version."
            hint = f"{now} Times are the merchant's, {merchant.timezone}. What was granted stays as it is."
            shown = self.ask(
                request, "Loyalty programme", form, heading=merchant.name, hint=hint, button="Save as a new version"
            )
            return shown.render()


def _change(request: HttpRequest, merchant: Merchant, form: ProgrammeForm) -> Programme | None:
    """The newest version; None where the reason why there is no new one is noted in the form."""
    try:
        return programmes.change(
            merchant,
            by=actor(request),
            at=timezone.now(),
            effective_at=form.cleaned_data["effective_at"],
            based_on=form.cleaned_data["based_on"],
            **form.rules,
        )
    except (ValidationError, programmes.Outdated) as error:
        form.add_error(None, error if isinstance(error, ValidationError) else str(error))
        return None
